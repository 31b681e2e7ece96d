import Glibc

/// Tells whoever started the daemon that it is ready: systemd over its socket (sd_notify(3)), anybody else over a
/// descriptor.
struct ServiceManager: Sendable {
    private let socketPath: String?
    private let readyDescriptor: Int32?

    init(environment: [String: String], readyDescriptor: Int32?) {
        socketPath = environment["NOTIFY_SOCKET"].flatMap { $0.hasPrefix("/") || $0.hasPrefix("@") ? $0 : nil }
        self.readyDescriptor = readyDescriptor
    }

    func tellReady(_ status: String) {
        send("READY=1\nSTATUS=\(status)\n")
        guard let readyDescriptor else { return }
        _ = write(readyDescriptor, "ready\n", 6)
        close(readyDescriptor)
    }

    func tellStopping() { send("STOPPING=1\n") }

    /// One datagram; nobody is told when it does not arrive, as sd_notify has it.
    private func send(_ message: String) {
        guard let socketPath else { return }
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        var bytes = Array(socketPath.utf8)
        guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else { return }
        // "@" stands for the zero byte that a name outside of the file system begins with.
        if bytes.first == UInt8(ascii: "@") { bytes[0] = 0 }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let length = socklen_t(MemoryLayout.offset(of: \sockaddr_un.sun_path) ?? 2) + socklen_t(bytes.count)
        let text = Array(message.utf8)
        withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = sendto(descriptor, text, text.count, Int32(MSG_NOSIGNAL), $0, length)
            }
        }
    }
}
