import Glibc

/// A child process, started by path and waited for.
struct Child {
    let pid: pid_t

    /// Starts a program; `output` names a file for its standard output and error, nil throws them away.
    init(_ arguments: [String], output: String? = nil) throws {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        let flags = O_WRONLY | O_CREAT | O_APPEND
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, output ?? "/dev/null", flags, 0o644)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        var words: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) }
        words.append(nil)
        defer { for word in words { free(word) } }
        var child: pid_t = 0
        let code = posix_spawnp(&child, arguments[0], &actions, nil, words, environ)
        guard code == 0 else { throw BenchmarkError("\(arguments[0]): \(String(cString: strerror(code)))") }
        pid = child
    }

    /// Waits for its end; the exit status, or 128 and the signal's number.
    @discardableResult
    func wait() -> Int32 {
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0, errno == EINTR {}
        return status & 0x7f == 0 ? (status >> 8) & 0xff : 128 + status & 0x7f
    }

    /// Whether it has not ended yet.
    var isRunning: Bool {
        var information = siginfo_t()
        return waitid(P_PID, id_t(pid), &information, WEXITED | WNOHANG | WNOWAIT) == 0 && information.si_signo == 0
    }

    func signal(_ number: Int32) { kill(pid, number) }

    /// Processor time that it has used so far, in seconds: fields 14 and 15 of `/proc/PID/stat`.
    var processorSeconds: Double {
        guard let text = readFile("/proc/\(pid)/stat"), let end = text.lastIndex(of: ")") else { return .nan }
        let fields = text[text.index(after: end)...].split(separator: " ")
        guard fields.count > 12, let user = Double(fields[11]), let system = Double(fields[12]) else { return .nan }
        return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    /// Memory that it keeps resident, in MiB.
    var residentMebibytes: Double {
        let line = readFile("/proc/\(pid)/status")?.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
        let digits = line?.filter { ("0"..."9").contains($0) } ?? ""
        return (Double(digits) ?? .nan) / 1024
    }
}

/// A small file's text; nil when it cannot be read.
func readFile(_ path: String) -> String? {
    guard let file = fopen(path, "r") else { return nil }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 4096)
    while case let count = fread(&chunk, 1, chunk.count, file), count > 0 { bytes += chunk[..<count] }
    return String(decoding: bytes, as: UTF8.self)
}
