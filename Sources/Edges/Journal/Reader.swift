import Engine
import FoundationEssentials
import GRDB
import SystemPackage

/// Reads what is stored and verifies every byte of what it gives out.
struct Reader {
    let file: FilePath
    let database: Database

    private static let entryColumns = "SELECT sequence, at, wall, checksum, body FROM entry"

    /// The newest snapshot and the entries after it.
    func contents() throws -> JournalContents {
        let decoder = JSONDecoder()
        let record = try newestSnapshot()
        var snapshot: JournalSnapshot?
        if let record {
            snapshot = try decoding("the snapshot at entry \(record.sequence)") { try record.snapshot(with: decoder) }
        }
        var last = (sequence: record?.sequence ?? 0, checksum: record?.chain ?? 0)
        var entries: [JournalEntry] = []
        let rows = try Row.fetchCursor(
            database, sql: "\(Self.entryColumns) WHERE sequence >= ? ORDER BY sequence", arguments: [last.sequence])
        if last.sequence > 0 {
            guard let row = try rows.next(), case let (entry, checksum) = try self.entry(in: row),
                entry.sequence == last.sequence
            else { throw corrupt("entry \(last.sequence), which the newest snapshot was made after, is gone") }
            guard checksum == last.checksum else {
                throw corrupt("entry \(last.sequence) is not the one that the newest snapshot was made after")
            }
        }
        while let row = try rows.next() {
            let (entry, checksum) = try self.entry(in: row)
            try verify(entry, checksum, follows: last)
            last = (entry.sequence, checksum)
            entries.append(try decoding("entry \(entry.sequence)") { try entry.entry(with: decoder) })
        }
        return JournalContents(snapshot: snapshot, entries: entries)
    }

    /// Entries after `sequence`; the oldest one that is stored only vouches for the next, unless it is the very first.
    func history(after sequence: Int64, limit: Int) throws -> [JournalEntry] {
        let decoder = JSONDecoder()
        let start = max(sequence, 0)
        var last: (sequence: Int64, checksum: UInt32)? = start == 0 ? (0, 0) : nil
        var entries: [JournalEntry] = []
        let count = min(max(limit, 0), 1_000_000)
        let rows = try Row.fetchCursor(
            database, sql: "\(Self.entryColumns) WHERE sequence >= ? ORDER BY sequence LIMIT ?",
            arguments: [start, count + 1])
        while entries.count < count, let row = try rows.next() {
            let (entry, checksum) = try self.entry(in: row)
            if let anchor = last, anchor.sequence > 0 || entry.sequence == 1 {
                try verify(entry, checksum, follows: anchor)
                entries.append(try decoding("entry \(entry.sequence)") { try entry.entry(with: decoder) })
            }
            last = (entry.sequence, checksum)
        }
        return entries
    }

    /// The newest entry's sequence and its checksum; 0 and 0 in an empty journal.
    func tail() throws -> (sequence: Int64, checksum: UInt32) {
        let sql = "\(Self.entryColumns) ORDER BY sequence DESC LIMIT 1"
        guard let row = try Row.fetchOne(database, sql: sql) else { return (0, 0) }
        let (entry, checksum) = try self.entry(in: row)
        return (entry.sequence, checksum)
    }

    private func newestSnapshot() throws -> SnapshotRecord? {
        let sql = "SELECT sequence, at, wall, chain, checksum, body FROM snapshot ORDER BY sequence DESC LIMIT 1"
        guard let row = try Row.fetchOne(database, sql: sql) else { return nil }
        guard let sequence = Int64.fromDatabaseValue(row[0]), let at = Int64.fromDatabaseValue(row[1]),
            let wall = Int64.fromDatabaseValue(row[2]), let chain = UInt32.fromDatabaseValue(row[3]),
            let checksum = UInt32.fromDatabaseValue(row[4]), let body = Data.fromDatabaseValue(row[5])
        else { throw corrupt("the newest snapshot holds something that no release writes") }
        let record = SnapshotRecord(sequence: sequence, at: at, wall: wall, chain: chain, body: body)
        guard record.checksum == checksum else {
            throw corrupt("the snapshot at entry \(sequence) does not match its checksum")
        }
        return record
    }

    private func entry(in row: Row) throws -> (EntryRecord, checksum: UInt32) {
        guard let sequence = Int64.fromDatabaseValue(row[0]), let at = Int64.fromDatabaseValue(row[1]),
            let wall = Int64.fromDatabaseValue(row[2]), let checksum = UInt32.fromDatabaseValue(row[3]),
            let body = Data.fromDatabaseValue(row[4])
        else { throw corrupt("an entry holds something that no release writes") }
        return (EntryRecord(sequence: sequence, at: at, wall: wall, body: body), checksum)
    }

    private func verify(
        _ entry: EntryRecord, _ checksum: UInt32, follows last: (sequence: Int64, checksum: UInt32)
    ) throws {
        guard entry.sequence == last.sequence + 1 else {
            throw corrupt("entry \(last.sequence) is followed by entry \(entry.sequence)")
        }
        guard entry.checksum(after: last.checksum) == checksum else {
            throw corrupt("entry \(entry.sequence) does not match its checksum")
        }
    }

    private func decoding<Value>(_ what: String, _ body: () throws -> Value) throws -> Value {
        do {
            return try body()
        } catch {
            throw corrupt("\(what) cannot be understood: \(error)")
        }
    }

    private func corrupt(_ what: String) -> JournalError { .corrupt(file, what) }
}
