import FoundationEssentials
import Glibc

/// Why a daemon cannot listen: what was found, and what to do.
package struct SocketError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Code: Sendable {
        /// Another daemon serves there, or is starting.
        case inUse
        /// Something that is no socket has the path.
        case notASocket
        case pathTooLong
        case failed
    }

    package let code: Code
    /// In sentences.
    package let description: String
}

/// A listening unix socket with a file that only one daemon at a time owns.
///
/// The lock beside the socket is held for as long as the listener lives, so that two daemons that start at once do not
/// both find the socket of a dead one and take it from each other. The socket appears under its path ready to be
/// connected to, with its final owner and mode, in one rename.
struct SocketListener: ~Copyable {
    let settings: SocketSettings
    private let lock: Int32
    private let file: FileIdentity
    /// The listening socket until it is taken.
    private var socket: Int32

    /// Replaces what a dead daemon left behind; throws when a live one serves there.
    init(_ settings: SocketSettings, backlog: Int32) throws(SocketError) {
        let path = settings.path
        let fresh = path + ".new"
        guard fresh.utf8.count <= UnixSocket.longestPath else {
            throw SocketError(
                code: .pathTooLong,
                description: """
                    the socket path \(path) is too long: it may have \(UnixSocket.longestPath - 4) bytes; choose another
                    """)
        }
        let lock = try Self.lock(path)
        do throws(SocketError) {
            try Self.checkPlace(path)
            let socket = try Self.step("create a socket", path) { () throws(SystemError) in
                try Self.listen(at: fresh, settings, backlog)
            }
            guard let file = FileIdentity(fresh), rename(fresh, path) == 0 else {
                let error = SystemError(errno)
                close(socket)
                unlink(fresh)
                throw Self.failure("put the socket in place", path, error)
            }
            self.file = file
            self.socket = socket
        } catch {
            close(lock)
            throw error
        }
        self.lock = lock
        self.settings = settings
    }

    /// Removes the socket, if it is still this one, and lets the next daemon in.
    deinit {
        if FileIdentity(settings.path) == file { unlink(settings.path) }
        if socket >= 0 { close(socket) }
        close(lock)
    }

    /// The listening, non-blocking descriptor, once; whoever takes it closes it.
    mutating func takeDescriptor() -> Int32 {
        defer { socket = -1 }
        return socket
    }

    private static func lock(_ path: String) throws(SocketError) -> Int32 {
        let directory = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        if !directory.isEmpty, mkdir(directory, 0o755) != 0, errno != EEXIST {
            throw failure("make the directory", directory, SystemError(errno))
        }
        let lock = open(path + ".lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard lock >= 0 else { throw failure("open the lock", path + ".lock", SystemError(errno)) }
        guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
            let error = SystemError(errno)
            close(lock)
            throw error.number == EWOULDBLOCK ? inUse(path) : failure("lock", path + ".lock", error)
        }
        return lock
    }

    /// Throws unless nothing is at the path, or a socket that nobody serves.
    private static func checkPlace(_ path: String) throws(SocketError) {
        guard access(path, F_OK) == 0 || errno != ENOENT || FileIdentity(path) != nil else { return }
        guard let file = FileIdentity(path) else { throw failure("look at", path, SystemError(errno)) }
        guard file.isSocket else {
            throw SocketError(
                code: .notASocket,
                description: "\(path) exists and is not a socket; it is left alone. Remove it or choose another path")
        }
        do throws(SystemError) {
            // Not blocking: a full backlog (EAGAIN) is somebody alive, too.
            let probe = try UnixSocket(isBlocking: false)
            try probe.connect(to: path)
        } catch {
            if error.number == ECONNREFUSED || error.number == ENOENT { return }
            if error.number == EAGAIN { throw inUse(path) }
            throw failure("find out whether a daemon serves", path, error)
        }
        throw inUse(path)
    }

    private static func listen(
        at path: String, _ settings: SocketSettings, _ backlog: Int32
    ) throws(SystemError) -> Int32 {
        let socket = try UnixSocket(isBlocking: false)
        // The mode of the socket itself is what bind gives the file, less the umask: nobody else can connect before
        // the owner and the mode are set.
        guard fchmod(socket.descriptor, 0o600) == 0 else { throw SystemError(errno) }
        guard unlink(path) == 0 || errno == ENOENT else { throw SystemError(errno) }
        try socket.bind(to: path)
        if let group = settings.group, lchown(path, uid_t.max, group) != 0 { throw SystemError(errno) }
        guard chmod(path, settings.mode) == 0, Glibc.listen(socket.descriptor, backlog) == 0 else {
            throw SystemError(errno)
        }
        return socket.release()
    }

    private static func step<Value>(
        _ what: String, _ path: String, _ body: () throws(SystemError) -> Value
    ) throws(SocketError) -> Value {
        do throws(SystemError) {
            return try body()
        } catch {
            throw failure(what, path, error)
        }
    }

    private static func inUse(_ path: String) -> SocketError {
        SocketError(
            code: .inUse,
            description: "a daemon serves \(path) already; stop that one first, or choose another --socket")
    }

    private static func failure(_ what: String, _ path: String, _ error: SystemError) -> SocketError {
        SocketError(code: .failed, description: "cannot \(what) at \(path): \(error)")
    }
}

/// Which file a path means right now; symbolic links are not followed.
private struct FileIdentity: Equatable {
    let isSocket: Bool
    /// In digits: which type of number holds them depends on whether the program has the whole of Foundation.
    private let device: String
    private let inode: String

    init?(_ path: String) {
        guard let attributes = try? FileManager.default.attributesOfItem(atPath: path),
            let device = attributes[.systemNumber], let inode = attributes[.systemFileNumber]
        else { return nil }
        isSocket = attributes[.type] as? FileAttributeType == .typeSocket
        self.device = "\(device)"
        self.inode = "\(inode)"
    }
}
