#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Puts another program in the place of this one, which keeps its pid, terminal and descriptors.
package enum ProgramReplacement {
    /// Executes `words[0]`, looked for in the `PATH` of `environment` when it has no slash.
    ///
    /// It returns only when that fails, with `errno`.
    ///
    /// The program starts with no signal blocked and none ignored: Swift's threads block all signals, and a mask and
    /// ignored signals outlive `execve`, so that the program could not be interrupted. Descriptors of our own must be
    /// close-on-exec.
    package static func execute(_ words: [String], environment: [String]) -> Int32 {
        guard let program = words.first, !program.isEmpty else { return ENOENT }
        var none = sigset_t()
        sigemptyset(&none)
        for number in Int32(1)...64 where number != SIGKILL && number != SIGSTOP { signal(number, SIG_DFL) }
        pthread_sigmask(SIG_SETMASK, &none, nil)

        var arguments = words.map { strdup($0) } + [nil]
        var variables = environment.map { strdup($0) } + [nil]
        defer { for copy in arguments + variables { free(copy) } }
        var problem = ENOENT
        for path in candidates(program, environment) {
            execve(path, &arguments, &variables)
            // As the shell does: a file that may not be executed is remembered, a missing one is not.
            if errno != ENOENT && errno != ENOTDIR { problem = errno }
        }
        return problem
    }

    private static func candidates(_ program: String, _ environment: [String]) -> [String] {
        if program.contains("/") { return [program] }
        let path = environment.last { $0.hasPrefix("PATH=") }?.dropFirst(5) ?? "/usr/local/bin:/usr/bin:/bin"
        return path.split(separator: ":", omittingEmptySubsequences: false).map {
            $0.isEmpty ? "./\(program)" : "\($0)/\(program)"
        }
    }
}
