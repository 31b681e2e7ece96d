#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Who listens on a socket of the file system.
enum ServicePeer {
    /// The process that listens there; nil when nobody does.
    static func listener(at path: String) -> Int32? {
        let bytes = Array(path.utf8)
        var address = sockaddr_un()
        guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else { return nil }
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | O_CLOEXEC | O_NONBLOCK, 0)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        let isConnected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        // A full queue says that somebody listens, if not who.
        guard isConnected == 0 else { return errno == EAGAIN ? 0 : nil }
        // struct ucred: pid, uid, gid (unix(7)).
        var peer: [Int32] = [0, 0, 0]
        var length = socklen_t(MemoryLayout<Int32>.size * peer.count)
        guard getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0 else { return 0 }
        return peer[0]
    }
}

/// One process, told apart from a later one with the same pid.
struct ServiceProcess: Sendable {
    private let pid: Int32
    private let startTicks: UInt64

    /// nil when it does not run.
    init?(_ pid: Int32) {
        guard pid > 1, let startTicks = Self.startTicks(pid) else { return nil }
        self.pid = pid
        self.startTicks = startTicks
    }

    var isRunning: Bool { Self.startTicks(pid) == startTicks }

    /// Ends it at once; for one that does not do what it is asked.
    func end() { if isRunning { kill(pid, SIGKILL) } }

    /// Field 22 of `/proc/PID/stat` (proc(5)); nil for one that is gone, or that nobody has waited for yet.
    private static func startTicks(_ pid: Int32) -> UInt64? {
        let file = open("/proc/\(pid)/stat", O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: 1024)
        let count = read(file, &bytes, bytes.count)
        guard count > 0 else { return nil }
        // The name stands in brackets and may hold anything.
        let text = String(decoding: bytes.prefix(count), as: UTF8.self)
        guard let bracket = text.lastIndex(of: ")") else { return nil }
        let fields = text[bracket...].split(separator: " ")
        guard fields.count > 20, fields[1] != "Z", fields[1] != "X" else { return nil }
        return UInt64(fields[20])
    }
}
