import Engine
import GRDB
import Glibc
import SystemPackage

/// The directory that a daemon keeps its state in, and the making and opening of the journal there.
struct StateDirectory {
    let path: FilePath

    var journal: FilePath { path.appending("journal.sqlite") }
    var reserve: FilePath { path.appending("reserve") }
    private var log: FilePath { path.appending("journal.sqlite-wal") }

    /// Databases from this size on are not checked page by page when they are opened.
    private static let checkedSize: Int64 = 64 << 20

    /// Makes the directory for its owner alone, unless it is there.
    func make() throws(JournalError) {
        guard path.withPlatformString({ mkdir($0, 0o700) }) != 0 else {
            try sync(path.removingLastComponent())
            return
        }
        let failure = Errno(rawValue: errno)
        guard failure == .fileExists || isThere(path) else { throw JournalError(opening: path, failure) }
    }

    /// Whether there is no journal yet; a log without its database is damage.
    func lacksJournal() throws(JournalError) -> Bool {
        if isThere(journal) { return false }
        guard !isThere(log) else { throw .corrupt(journal, "it is gone, but its log \(log) is there") }
        return true
    }

    /// Makes an empty journal under another name and moves it into place, so that there is never half a one.
    func makeJournal(release: String) throws(JournalError) {
        let draft = path.appending("journal.new")
        for leftover in ["journal.new", "journal.new-wal", "journal.new-journal"] {
            _ = path.appending(leftover).withPlatformString { unlink($0) }
        }
        do {
            try FileDescriptor.open(
                draft, .writeOnly, options: [.create, .closeOnExec], permissions: [.ownerReadWrite]
            ).close()
        } catch {
            throw JournalError(opening: draft, error)
        }
        let connection = try Connection(to: draft, isFresh: true)
        errno = 0
        do {
            try connection.queue.write { try Schema.create(in: $0, release: release) }
            try connection.queue.writeWithoutTransaction { _ = try $0.checkpoint(.truncate) }
            connection.close()
        } catch let error as DatabaseError {
            throw JournalError(error, "write to", draft)
        } catch {
            throw JournalError(.failed, "Cannot write to \(draft): \(error)")
        }
        let moved = draft.withPlatformString { old in journal.withPlatformString { rename(old, $0) } }
        guard moved == 0 else { throw JournalError(opening: journal, Errno(rawValue: errno)) }
        try sync(path)
    }

    /// Opens the journal after it has been looked at in every way that does not change it.
    func openJournal(
        release: String
    ) throws(JournalError) -> (Connection, tail: (sequence: Int64, checksum: UInt32), release: String?) {
        let size = try checkHeader()
        if let damage = try WriteAheadLog(path: log).damage() { throw .corrupt(journal, damage) }
        let connection = try Connection(to: journal, isFresh: false)
        do {
            return try connection.queue.inDatabase { database in
                let storedRelease = try checkIdentity(of: database, release: release)
                if size < Self.checkedSize, let verdict = try database.text("PRAGMA quick_check(1)"), verdict != "ok" {
                    throw JournalError.corrupt(journal, "SQLite finds: \(verdict)")
                }
                return (connection, try Reader(file: journal, database: database).tail(), storedRelease)
            }
        } catch let error as JournalError {
            throw error
        } catch let error as DatabaseError {
            throw JournalError(error, "read", journal)
        } catch {
            throw JournalError(.failed, "Cannot read \(journal): \(error)")
        }
    }

    /// Whether the file begins as every SQLite database does; gives its size in bytes.
    private func checkHeader() throws(JournalError) -> Int64 {
        let magic = Array("SQLite format 3\0".utf8)
        do {
            let file = try FileDescriptor.open(journal, .readOnly, options: [.closeOnExec])
            defer { try? file.close() }
            let size = try file.seek(offset: 0, from: .end)
            let start = try [UInt8](unsafeUninitializedCapacity: magic.count) { buffer, count in
                count = try file.read(fromAbsoluteOffset: 0, into: UnsafeMutableRawBufferPointer(buffer))
            }
            guard start == magic else {
                throw JournalError.corrupt(journal, size == 0 ? "it is empty" : "it is not an SQLite database")
            }
            return size
        } catch let error as JournalError {
            throw error
        } catch {
            throw JournalError(opening: journal, error)
        }
    }

    /// Whether it is a journal that this release reads; gives the release that wrote it last.
    private func checkIdentity(of database: Database, release: String) throws -> String? {
        let application = try database.number("PRAGMA application_id")
        guard application == Schema.applicationID else {
            throw JournalError.corrupt(journal, "it belongs to another program (application id \(application ?? 0))")
        }
        let version = try database.number("PRAGMA user_version") ?? 0
        if version > Schema.version {
            let writer = try? database.text("SELECT value FROM about WHERE key = ?", arguments: [Schema.releaseKey])
            throw JournalError(
                .newer,
                "\(journal) has schema \(version), written by Divvy \(writer ?? "of a later release"); this is Divvy "
                    + "\(release), which reads schema \(Schema.version). Start Divvy \(writer ?? "of that release") or "
                    + "later, or put back a copy of the state directory from before the upgrade.")
        }
        guard version == Schema.version else {
            throw JournalError.corrupt(journal, "it has schema \(version), which no release has written")
        }
        return try database.text("SELECT value FROM about WHERE key = ?", arguments: [Schema.releaseKey])
    }

    private func isThere(_ path: FilePath) -> Bool { path.withPlatformString { access($0, F_OK) } == 0 }

    /// Makes what was made, moved or removed in a directory durable.
    private func sync(_ directory: FilePath) throws(JournalError) {
        do {
            let file = try FileDescriptor.open(
                directory.isEmpty ? "." : directory, .readOnly, options: [.directory, .closeOnExec])
            defer { try? file.close() }
            guard fsync(file.rawValue) == 0 else { throw Errno(rawValue: errno) }
        } catch {
            throw JournalError(opening: directory, error)
        }
    }
}
