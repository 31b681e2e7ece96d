import Glibc

/// A unix stream socket that is closed when its owner lets go of it; unix(7).
struct UnixSocket: ~Copyable {
    let descriptor: Int32

    /// A new socket that programs started later do not inherit.
    init(isBlocking: Bool) throws(SystemError) {
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let descriptor = socket(AF_UNIX, isBlocking ? type : type | Int32(SOCK_NONBLOCK.rawValue), 0)
        guard descriptor >= 0 else { throw SystemError(errno) }
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }

    /// Gives the descriptor to somebody else who closes it.
    consuming func release() -> Int32 {
        let descriptor = descriptor
        discard self
        return descriptor
    }

    func connect(to path: String) throws(SystemError) {
        let status = try Self.withAddress(path) { Glibc.connect(descriptor, $0, $1) }
        guard status == 0 else { throw SystemError(errno) }
    }

    func bind(to path: String) throws(SystemError) {
        let status = try Self.withAddress(path) { Glibc.bind(descriptor, $0, $1) }
        guard status == 0 else { throw SystemError(errno) }
    }

    /// The longest path that an address can hold, without the zero at its end.
    static let longestPath = MemoryLayout.size(ofValue: sockaddr_un().sun_path) - 1

    /// Calls `body` with the address of a path; throws ENAMETOOLONG when it does not fit.
    private static func withAddress(
        _ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) throws(SystemError) -> Int32 {
        let bytes = Array(path.utf8)
        guard !bytes.isEmpty, bytes.count <= longestPath, !bytes.contains(0) else { throw SystemError(ENAMETOOLONG) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }
}

/// A number that the kernel gave instead of doing something; errno(3).
struct SystemError: Error, Hashable, Sendable, CustomStringConvertible {
    let number: Int32

    init(_ number: Int32) { self.number = number }

    var description: String { String(cString: strerror(number)) }
}
