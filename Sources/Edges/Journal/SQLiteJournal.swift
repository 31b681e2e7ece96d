package import Engine
import FoundationEssentials
import GRDB
import Synchronization
package import SystemPackage

/// The journal in an SQLite file, `journal.sqlite` in the state directory.
///
/// One connection in one process, write-ahead log, synchronous FULL: an append is one transaction and one sync. Every
/// entry carries a checksum that continues the one before, so that a gap, an edit or a flipped bit is found when it is
/// read. All of SQLite's work is done on one queue of its own, never on the threads that tasks run on.
///
/// Once the disk has failed, nothing more is written until the file is opened again: a failed sync cannot be repeated.
/// A full disk is no failure: `append` throws `full` and nothing has changed. Entries that only give back are then
/// written into a reserve of 1 MiB; anything else is refused until there is room for the reserve again. A batch that
/// holds both is refused as a whole, so its giving back is to be appended alone.
package final class SQLiteJournal: Journal {
    private let connection: Connection
    private let lock: StateLock
    private let file: FilePath
    /// Used on the connection's queue only, so that nobody ever waits for the lock.
    private let writer: Mutex<Writer>

    /// Opens the journal in `directory`, or makes both, and takes the directory's lock.
    ///
    /// It reads and checks the file, which takes a moment, and blocks meanwhile: it belongs at the start of a process.
    /// `release` is this release's version, which is written down so that an older one can say what is needed.
    package init(directory: FilePath, release: String) throws(JournalError) {
        let state = StateDirectory(path: directory)
        try state.make()
        let lock = try StateLock(path: directory.appending("lock"))
        do throws(JournalError) {
            let isFresh = try state.lacksJournal()
            if isFresh { try state.makeJournal(release: release) }
            let (connection, tail, storedRelease) = try state.openJournal(release: release)
            self.connection = connection
            writer = Mutex(
                Writer(
                    file: state.journal, release: release, tail: tail, reserve: Reserve(path: state.reserve),
                    isReleaseStored: storedRelease == release))
        } catch {
            lock.release()
            throw error
        }
        self.lock = lock
        file = state.journal
    }

    package func load() async throws(JournalError) -> JournalContents {
        let file = file
        return try await perform(.load) { _, database in
            try Reader(file: file, database: database).contents()
        }
    }

    package func append(_ entries: [JournalEntry]) async throws(JournalError) {
        guard !entries.isEmpty else { return }
        let records: [EntryRecord]
        do {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            records = try entries.map { try EntryRecord($0, with: encoder) }
        } catch {
            throw JournalError(.failed, "Cannot write entry \(entries[0].sequence) or a later one as JSON: \(error)")
        }
        let mayUseReserve = entries.allSatisfy(\.event.mayUseReserve)
        try await perform(.write) { writer, database in
            try writer.append(records, mayUseReserve: mayUseReserve, in: database)
        }
    }

    package func save(_ snapshot: JournalSnapshot) async throws(JournalError) {
        let draft: SnapshotDraft
        do {
            draft = try SnapshotDraft(snapshot, with: JSONEncoder())
        } catch {
            throw JournalError(.failed, "Cannot write the snapshot at entry \(snapshot.sequence) as JSON: \(error)")
        }
        try await perform(.write) { writer, database in
            try writer.save(draft, in: database)
        }
    }

    package func history(after sequence: Int64, limit: Int) async throws(JournalError) -> [JournalEntry] {
        let file = file
        return try await perform(.lookBack) { _, database in
            try Reader(file: file, database: database).history(after: sequence, limit: limit)
        }
    }

    /// Writes the log back into the database, closes it and gives the lock back.
    ///
    /// After the disk has failed the file is left as it is, for the next start to recover from.
    package func close() async {
        let (isFirst, isWhole) = await withCheckedContinuation { continuation in
            connection.queue.asyncWriteWithoutTransaction { [self] database in
                continuation.resume(returning: writer.withLock { $0.finish(database) })
            }
        }
        guard isFirst else { return }
        if isWhole { connection.close() }
        lock.release()
    }

    /// Runs `body` on the connection's queue, whatever becomes of the task that waits for it: a commit is not torn.
    private func perform<Value: Sendable>(
        _ doing: Writer.Operation, _ body: @escaping @Sendable (inout Writer, Database) throws -> Value
    ) async throws(JournalError) -> Value {
        let outcome: Result<Value, JournalError> = await withCheckedContinuation { continuation in
            connection.queue.asyncWriteWithoutTransaction { [self] database in
                let (outcome, needsCheckpoint) = writer.withLock { writer in
                    let outcome = writer.run(doing) { try body(&$0, database) }
                    return (outcome, writer.needsCheckpoint)
                }
                continuation.resume(returning: outcome)
                if needsCheckpoint { checkpoint(database) }
            }
        }
        return try outcome.get()
    }

    /// Writes the log back after the answer has been given; if that fails, the next append says so.
    private func checkpoint(_ database: Database) {
        writer.withLock { writer in
            _ = writer.run(.write) { try $0.checkpoint(database) }
        }
    }
}
