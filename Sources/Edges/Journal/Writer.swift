import Engine
import GRDB
import Glibc
import SystemPackage

/// What has to be known to write: the end of the chain, the reserve, and whether the disk has failed.
///
/// Its methods are called on the connection's queue only.
struct Writer: Sendable {
    private let file: FilePath
    private let release: String
    private var tail: (sequence: Int64, checksum: UInt32)
    private var reserve: Reserve
    /// The release that wrote last is stored as this one.
    private var isReleaseStored: Bool
    /// Why nothing more may be written: after a failed sync nobody knows what is on the disk.
    private(set) var broken: JournalError?
    private(set) var isClosed = false
    /// Pages in the log, about, that are not in the database yet.
    private var pagesInLog = 0

    init(
        file: FilePath, release: String, tail: (sequence: Int64, checksum: UInt32), reserve: Reserve,
        isReleaseStored: Bool
    ) {
        self.file = file
        self.release = release
        self.tail = tail
        self.reserve = reserve
        self.isReleaseStored = isReleaseStored
    }

    /// Whether the log is long enough to be written back. It is kept short while the reserve is being used up.
    var needsCheckpoint: Bool { broken == nil && !isClosed && pagesInLog >= (reserve.isHeld ? 1000 : 64) }

    mutating func append(_ records: [EntryRecord], mayUseReserve: Bool, in database: Database) throws {
        for (offset, record) in records.enumerated() where record.sequence != tail.sequence + 1 + Int64(offset) {
            throw JournalError(
                .failed,
                "Entry \(record.sequence) cannot be appended to \(file) as number "
                    + "\(tail.sequence + 1 + Int64(offset)). The daemon and its journal disagree: restart it.")
        }
        if !mayUseReserve, !reserve.take() {
            throw JournalError.full(
                "Cannot write to \(file): the \(Reserve.size >> 20) MiB that are kept for giving back do not fit on "
                    + "the disk.")
        }
        do {
            try insert(records, in: database)
        } catch let error as DatabaseError where JournalError(error, "write to", file).code == .full {
            guard mayUseReserve else { throw error }
            reserve.spend()
            try checkpoint(database)
            try insert(records, in: database)
        }
    }

    private mutating func insert(_ records: [EntryRecord], in database: Database) throws {
        var checksum = tail.checksum
        var bytes = 0
        try database.inTransaction(.immediate) {
            let statement = try database.cachedStatement(
                sql: "INSERT INTO entry (sequence, at, wall, checksum, body) VALUES (?, ?, ?, ?, ?)")
            for record in records {
                checksum = record.checksum(after: checksum)
                bytes += record.body.count
                try statement.execute(arguments: [record.sequence, record.at, record.wall, checksum, record.body])
            }
            try storeRelease(in: database)
            return .commit
        }
        if let last = records.last { tail = (last.sequence, checksum) }
        isReleaseStored = true
        pagesInLog += 2 + bytes / 4000
    }

    mutating func save(_ snapshot: SnapshotDraft, in database: Database) throws {
        let record = try snapshot.record(chainedTo: chain(at: snapshot.sequence, in: database))
        try database.inTransaction(.immediate) {
            try database.execute(
                sql: """
                    INSERT OR REPLACE INTO snapshot (sequence, at, wall, chain, checksum, body)
                    VALUES (?, ?, ?, ?, ?, ?)
                    """,
                arguments: [record.sequence, record.at, record.wall, record.chain, record.checksum, record.body])
            try database.execute(
                sql: """
                    DELETE FROM snapshot
                    WHERE sequence NOT IN (SELECT sequence FROM snapshot ORDER BY sequence DESC LIMIT 2)
                    """)
            let older = try database.number("SELECT min(sequence) FROM snapshot") ?? 0
            // One more than can be read as history: the oldest entry only vouches for the next.
            try database.execute(
                sql: "DELETE FROM entry WHERE sequence < ?",
                arguments: [min(older, tail.sequence - Schema.historyLimit)])
            try storeRelease(in: database)
            return .commit
        }
        isReleaseStored = true
        pagesInLog += 4 + record.body.count / 4000
    }

    /// Writes the log back into the database. A disk that is too full for it only puts it off.
    mutating func checkpoint(_ database: Database) throws {
        pagesInLog = 0
        do {
            _ = try database.checkpoint(.passive)
        } catch let error as DatabaseError where JournalError(error, "write to", file).code == .full {
            return
        }
    }

    /// Writes everything back for the last time; says whether it is the last time, and whether the file may be closed.
    mutating func finish(_ database: Database) -> (isFirst: Bool, isWhole: Bool) {
        if isClosed { return (false, false) }
        isClosed = true
        guard broken == nil else { return (true, false) }
        do {
            _ = try database.checkpoint(.truncate)
            return (true, true)
        } catch let error as DatabaseError {
            // A full disk leaves the log for the next start. After a failed sync SQLite must not try another.
            return (true, JournalError(error, "write to", file).code == .full)
        } catch {
            return (true, false)
        }
    }

    /// Runs `body` and turns what it throws into a journal's error. After damage, or when the disk failed while
    /// something was being written, nothing is written any more.
    mutating func run<Value>(
        _ doing: Operation, _ body: (inout Writer) throws -> Value
    ) -> Result<Value, JournalError> {
        if isClosed { return .failure(JournalError(.failed, "Cannot \(doing.rawValue) \(file): it is closed.")) }
        if let broken { return .failure(broken) }
        errno = 0
        do {
            return .success(try body(&self))
        } catch let error as JournalError {
            if error.code == .corrupt, doing != .lookBack { broken = error }
            return .failure(error)
        } catch let error as DatabaseError {
            let failure = JournalError(error, doing.rawValue, file)
            if [.corrupt, .failed].contains(failure.code), doing != .lookBack { broken = failure }
            return .failure(failure)
        } catch {
            return .failure(JournalError(.failed, "Cannot \(doing.rawValue) \(file): \(error)."))
        }
    }

    /// What is being done, in the words for an error; a look back into the history decides nothing.
    enum Operation: String {
        case load = "read"
        case lookBack = "look back in"
        case write = "write to"
    }

    private func chain(at sequence: Int64, in database: Database) throws -> UInt32 {
        if sequence == 0 { return 0 }
        let found = try database.number("SELECT checksum FROM entry WHERE sequence = ?", arguments: [sequence])
        guard let found, let checksum = UInt32(exactly: found) else {
            throw JournalError(
                .failed,
                "The snapshot at entry \(sequence) cannot be saved to \(file), whose last entry is \(tail.sequence). "
                    + "The daemon and its journal disagree: restart it.")
        }
        return checksum
    }

    private func storeRelease(in database: Database) throws {
        if isReleaseStored { return }
        try database.execute(
            sql: "INSERT OR REPLACE INTO about (key, value) VALUES (?, ?)", arguments: [Schema.releaseKey, release])
    }
}
