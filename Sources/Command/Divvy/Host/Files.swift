import Glibc
import Presentation

/// A system call that failed, with its path and the system's words.
struct SystemFailure: Error, CustomStringConvertible {
    let action: String
    let code: Int32

    var description: String { "\(action): \(String(cString: strerror(code)))" }

    static func last(_ action: String) -> SystemFailure { SystemFailure(action: action, code: errno) }
}

/// The few things that commands do with files.
enum Files {
    /// More than any file that people write for Divvy holds.
    private static let largest = 1 << 20

    /// The text of a file of at most 1 MiB; nil when there is none.
    static func read(_ path: String) throws -> String? { try read(path, atMost: largest) }

    /// The text of a file of at most so many bytes; nil when there is none.
    static func read(_ path: String, atMost largest: Int) throws -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw Failure(.badConfiguration, "\(SystemFailure.last("cannot read \(path)"))")
        }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16_384)
        while bytes.count <= largest {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count == 0 { return String(decoding: bytes, as: UTF8.self) }
            if count > 0 {
                bytes += buffer[..<count]
            } else if errno != EINTR {
                throw Failure(.badConfiguration, "\(SystemFailure.last("cannot read \(path)"))")
            }
        }
        throw Failure(.badConfiguration, "\(path) is larger than \(largest >> 20) MiB; it is no file of Divvy's")
    }

    static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    /// The names in a directory, sorted; empty when there is no such directory.
    static func names(in directory: String) -> [String] {
        guard let handle = opendir(directory) else { return [] }
        defer { closedir(handle) }
        var names: [String] = []
        while let entry = readdir(handle) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { tuple in
                tuple.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// Makes a directory and those above it, the new ones with `mode`.
    static func makeDirectory(_ path: String, mode: mode_t = 0o755) throws {
        if exists(path) { return }
        let parent = path.split(separator: "/").dropLast().reduce("") { "\($0)/\($1)" }
        if !parent.isEmpty { try makeDirectory(parent, mode: mode) }
        guard mkdir(path, mode) == 0 || errno == EEXIST else {
            throw Failure(.cannotCreate, "\(SystemFailure.last("cannot make the directory \(path)"))")
        }
    }

    /// Makes a directory that only this user can look into; refuses one that is a link or somebody else's, because
    /// anybody can put it into /tmp first.
    static func makePrivateDirectory(_ path: String) throws {
        if mkdir(path, 0o700) == 0 { return }
        guard errno == EEXIST else {
            throw Failure(.cannotCreate, "\(SystemFailure.last("cannot make the directory \(path)"))")
        }
        var status = stat()
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR, status.st_uid == getuid(),
            status.st_mode & 0o077 == 0
        else {
            throw Failure(
                .notPermitted, "\(path) is not a directory of your own with mode 0700",
                hint: "remove it, or set XDG_RUNTIME_DIR or --socket")
        }
    }
}

extension Files {
    /// Makes a directory of Divvy's own; where it lies in /tmp, its top is kept private to the user.
    static func makeOwnDirectory(_ path: String) throws {
        let paths = StandardPaths(uid: getuid(), environment: Console.environment)
        if let own = paths.privateDirectory, path == own || path.hasPrefix(own + "/") { try makePrivateDirectory(own) }
        try makeDirectory(path)
    }
}
