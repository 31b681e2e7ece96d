import CSimulatedDriver
import Glibc

/// The log of a daemon or of a server: lines with the time, who writes and its pid.
///
/// Where the file cannot be written there is no log, and everything goes on, as with NVIDIA's daemon.
struct Log {
    private let path: String?
    private let isEchoed: Bool

    /// - Parameter isEchoed: lines go to standard output, too.
    init(path: String?, isEchoed: Bool = false) {
        self.path = path
        self.isEchoed = isEchoed
    }

    func write(_ text: String, from name: String = "Control", pid: pid_t = getpid()) {
        var clock = timespec()
        clock_gettime(CLOCK_REALTIME, &clock)
        var seconds = clock.tv_sec
        var date = tm()
        localtime_r(&seconds, &date)
        var stamp = [CChar](repeating: 0, count: 40)
        strftime(&stamp, 40, "%Y-%m-%d %H:%M:%S", &date)
        let milliseconds = String(clock.tv_nsec / 1_000_000 + 1000).dropFirst()
        let time = stamp.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } ?? "" }
        let line = "[\(time).\(milliseconds) \(name) \(pid)] \(text)\n"
        if isEchoed { Text.write(line, to: STDOUT_FILENO) }
        guard let path else { return }
        let file = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o644)
        guard file >= 0 else { return }
        Text.write(line, to: file)
        close(file)
    }
}
