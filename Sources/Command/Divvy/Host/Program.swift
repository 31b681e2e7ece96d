import Glibc
import Presentation

/// Becomes another program: same process, same terminal, same open files.
struct Program {
    /// The first is the program's name, looked up in PATH when it holds no slash.
    let arguments: [String]
    /// `NAME=value`.
    let environment: [String]

    /// Never returns: it throws 127 when there is no such program and 126 when it cannot be executed.
    func become() throws -> Never {
        let name = arguments[0]
        let path = try Self.find(name, path: Console.environment["PATH"])
        Inheritance.current.restore()
        var argv: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        var envp: [UnsafeMutablePointer<CChar>?] = environment.map { strdup($0) } + [nil]
        execve(path, &argv, &envp)
        let code = errno
        if code == ENOEXEC {
            // A script without a #! line: a shell runs it, as execvp and every shell do.
            var shell: [UnsafeMutablePointer<CChar>?] = [strdup("/bin/sh"), strdup(path)] + argv.dropFirst()
            execve("/bin/sh", &shell, &envp)
        }
        throw Self.failure(name, code)
    }

    /// The file that a name means.
    static func find(_ name: String, path: String?) throws -> String {
        guard !name.isEmpty else { throw failure(name, ENOENT) }
        if name.contains("/") {
            var status = stat()
            guard stat(name, &status) == 0 else { throw failure(name, errno) }
            guard status.st_mode & S_IFMT == S_IFREG, access(name, X_OK) == 0 else { throw failure(name, EACCES) }
            return name
        }
        var reason = ENOENT
        for directory in (path ?? "/usr/local/bin:/usr/bin:/bin").split(
            separator: ":", omittingEmptySubsequences: false)
        {
            let candidate = directory.isEmpty ? "./\(name)" : "\(directory)/\(name)"
            var status = stat()
            guard stat(candidate, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { continue }
            if access(candidate, X_OK) == 0 { return candidate }
            reason = EACCES
        }
        throw failure(name, reason)
    }

    private static func failure(_ name: String, _ code: Int32) -> Failure {
        let words = String(cString: strerror(code))
        if code == ENOENT || code == ENOTDIR {
            return Failure(.commandNotFound, "cannot run \"\(name)\": no such command")
        }
        return Failure(.cannotExecute, "cannot run \"\(name)\": \(words)")
    }
}
