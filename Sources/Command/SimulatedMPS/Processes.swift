import Glibc

/// What is told of clients' processes, from `/proc`.
enum Processes {
    static func command(_ pid: pid_t) -> String {
        let file = open("/proc/\(pid)/cmdline", O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return "-" }
        defer { close(file) }
        let text = Detached.readAll(file).split(separator: "\0").joined(separator: " ")
        return text.isEmpty ? "-" : text
    }

    /// The number of the process's PID namespace; `-` when that is not to be known.
    static func pidNamespace(_ pid: pid_t) -> String {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 64) { buffer in
            guard let start = buffer.baseAddress else { return "-" }
            let length = readlink("/proc/\(pid)/ns/pid", start, 63)
            guard length > 0 else { return "-" }
            start[length] = 0
            return String(cString: start).filter(\.isNumber)
        }
    }
}
