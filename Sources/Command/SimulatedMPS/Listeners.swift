import CSimulatedDriver
import Glibc

/// A socket at which clients and front ends come in.
struct Listener {
    var file: Int32
    var path: String
    /// The server and the namespace that its clients get; nil for the daemon's own socket.
    var server: String?
    var namespace: String?

    /// - Throws: `Refusal` when there cannot be a socket of that path.
    static func open(_ path: String, server: String? = nil, namespace: String? = nil) throws(Refusal) -> Listener {
        var address = sockaddr_un()
        guard service_address(path, &address) else {
            throw Refusal("Error: \(path) is too long for a socket; choose a shorter CUDA_MPS_PIPE_DIRECTORY")
        }
        unlink(path)
        let file = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
        let size = socklen_t(MemoryLayout<sockaddr_un>.size)
        let isBound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(file, $0, size) == 0 }
        }
        guard file >= 0, isBound, chmod(path, 0o666) == 0, listen(file, 128) == 0 else {
            throw Refusal("Cannot access CUDA_MPS_PIPE_DIRECTORY: no socket at \(path): errno \(errno)")
        }
        return Listener(file: file, path: path, server: server, namespace: namespace)
    }

    func end() {
        close(file)
        unlink(path)
    }
}

/// Somebody who has connected and not said yet, or not been told yet, what there is to it.
struct Visitor {
    var file: Int32
    var credentials: ServicePeer
    var server: String?
    var namespace: String?
    /// It is a client, and waits for a server.
    var isWaiting = false
    /// It gave another machine's number.
    var isOfThisMachine = true
}

/// A front end, with the beginning of a line that it has sent.
struct Caller {
    var file: Int32
    var credentials: ServicePeer
    var text: [UInt8] = []
    /// It asked the daemon to quit and waits for the end.
    var waitsForEnd = false

    var isSuperuser: Bool { credentials.uid == 0 }
    /// The daemon's own user, or the superuser.
    var mayChangeDaemon: Bool { isSuperuser || credentials.uid == geteuid() }

    func mayChange(_ server: Server) -> Bool { isSuperuser || credentials.uid == server.uid }
}

/// Accepts everybody who waits at a socket.
func acceptAll(_ listener: Listener) -> [Visitor] {
    var visitors: [Visitor] = []
    while true {
        let file = accept(listener.file, nil, nil)
        guard file >= 0 else { return visitors }
        _ = fcntl(file, F_SETFD, FD_CLOEXEC)
        // Who does not read what it asked for is left alone.
        var patience = timeval(tv_sec: 1, tv_usec: 0)
        setsockopt(file, SOL_SOCKET, SO_SNDTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        var credentials = ServicePeer()
        guard service_peer(file, &credentials) else {
            close(file)
            continue
        }
        visitors.append(
            Visitor(file: file, credentials: credentials, server: listener.server, namespace: listener.namespace))
    }
}
