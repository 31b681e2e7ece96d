import Engine
import Glibc
import SystemPackage

/// The lock that keeps a second daemon off a state directory; it falls with the process that has it.
struct StateLock: Sendable {
    private let file: FileDescriptor

    /// Takes the lock and writes this process's id into it; throws `inUse` with the id of the one who has it.
    init(path: FilePath) throws(JournalError) {
        let file: FileDescriptor
        do {
            file = try FileDescriptor.open(
                path, .readWrite, options: [.create, .closeOnExec], permissions: [.ownerReadWrite])
        } catch {
            throw JournalError(opening: path, error)
        }
        guard flock(file.rawValue, LOCK_EX | LOCK_NB) == 0 else {
            let failure = Errno(rawValue: errno)
            defer { try? file.close() }
            guard failure == .wouldBlock else { throw JournalError(opening: path, failure) }
            throw JournalError(
                .inUse,
                "\(path) is locked by \(Self.owner(of: file)): a state directory serves one daemon. Stop that one, or "
                    + "give this one a directory of its own.")
        }
        // On a full disk the id cannot be written; the lock holds all the same.
        _ = ftruncate(file.rawValue, 0)
        _ = try? file.writeAll(toAbsoluteOffset: 0, Array("\(getpid())\n".utf8))
        self.file = file
    }

    func release() {
        // A child between its fork and its exec has the file open too, so that closing would not unlock it yet.
        _ = flock(file.rawValue, LOCK_UN)
        try? file.close()
    }

    private static func owner(of file: FileDescriptor) -> String {
        let text = try? withUnsafeTemporaryAllocation(byteCount: 32, alignment: 1) { buffer in
            let count = try file.read(fromAbsoluteOffset: 0, into: buffer)
            return String(decoding: buffer[..<count], as: UTF8.self)
        }
        guard let text, let pid = Int32(text.prefix { $0.isNumber }) else { return "another process" }
        return "process \(pid)"
    }
}
