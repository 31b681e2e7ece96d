import Engine
import Glibc
import NIOCore

/// The process at the other end of a unix socket, as it was when it connected.
///
/// The layout is `struct ucred` of `<sys/socket.h>`, as `getsockopt(SO_PEERCRED)` fills it in: the kernel translates
/// the ids into those of this process's namespaces, so root of a container is not root here.
struct PeerCredentials: Hashable, Sendable {
    /// 0 when the process cannot be seen from this process's pid namespace.
    let pid: Int32
    let uid: UInt32
    let gid: UInt32

    static func of(_ channel: any Channel) async throws -> PeerCredentials {
        guard let provider = channel as? any SocketOptionProvider else { throw NotASocket() }
        return try await provider.unsafeGetSocketOption(
            level: .socket, name: NIOBSDSocket.Option(rawValue: SO_PEERCRED)
        ).get()
    }

    struct NotASocket: Error {}

    /// Root and the daemon's own user operate the pool; everybody else has their own leases only.
    var caller: Caller { Caller(uid: uid, gid: gid, pid: pid, isOperator: uid == 0 || uid == geteuid()) }
}
