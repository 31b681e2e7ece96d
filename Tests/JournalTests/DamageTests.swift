import Engine
import Foundation
import GRDB
import JournalProbe
import SystemPackage
import Testing

@testable import SQLiteJournal

/// Changes bytes of a journal that was closed, or killed, and sees that nothing wrong ever comes out of it.
@Suite struct DamageTests {
    @Test(arguments: [
        ("DELETE FROM entry WHERE sequence = 30", "entry 29 is followed by entry 31"),
        ("DELETE FROM entry WHERE sequence = 20", "entry 20, which the newest snapshot was made after, is gone"),
        ("DELETE FROM entry WHERE sequence >= 20", "entry 20, which the newest snapshot was made after, is gone"),
        ("DELETE FROM snapshot; DELETE FROM entry WHERE sequence < 5", "entry 0 is followed by entry 5"),
        ("UPDATE entry SET wall = wall + 1 WHERE sequence = 25", "entry 25 does not match its checksum"),
        (
            "UPDATE entry SET body = (SELECT body FROM entry WHERE sequence = 26) WHERE sequence = 29",
            "entry 29 does not match its checksum"
        ),
        ("UPDATE entry SET checksum = -1 WHERE sequence = 25", "an entry holds something that no release writes"),
        ("UPDATE entry SET checksum = 1 WHERE sequence = 20", "entry 20 is not the one"),
        ("UPDATE snapshot SET at = at + 1 WHERE sequence = 20", "the snapshot at entry 20 does not match its checksum"),
        ("DROP TABLE snapshot", "no such table: snapshot"),
    ])
    func `what contradicts itself is refused and left alone`(sql: String, what: String) async throws {
        try await withStateDirectory { directory in
            _ = try await makeJournal(in: directory)
            let queue = try DatabaseQueue(path: directory.journal.string)
            try await queue.writeWithoutTransaction { database in
                try database.execute(sql: sql)
                _ = try database.checkpoint(.truncate)
            }
            try queue.close()
            let before = try bytes(of: directory.journal)

            let journal = try open(directory, release: "1.1")
            let error = await #expect(throws: JournalError.self) { try await journal.load() }
            #expect(error?.code == .corrupt)
            #expect(error?.description.contains(what) == true, "\(error?.description ?? "")")
            await #expect(throws: JournalError.self) { try await journal.append([Sample.entry(41)]) }
            await journal.close()
            #expect(try bytes(of: directory.journal) == before)
        }
    }

    /// 400 bits, each flipped in a copy of its own.
    @Test(arguments: [1, 2, 3, 4])
    func `a flipped bit is found or harmless`(seed: UInt64) async throws {
        try await withStateDirectory { directory in
            let original = try await makeJournal(in: directory)
            let whole = try bytes(of: directory.journal)
            var random = SplitMix(state: seed)
            var found = 0
            for round in 0..<100 {
                let offset = Int.random(in: 0..<whole.count, using: &random)
                var flipped = whole
                flipped[offset] ^= 1 << UInt8.random(in: 0..<8, using: &random)
                let copy = directory.removingLastComponent().appending("copy-\(round)")
                try FileManager.default.createDirectory(atPath: copy.string, withIntermediateDirectories: true)
                try write(flipped, to: copy.journal)
                do throws(JournalError) {
                    let journal = try open(copy)
                    let stored = try await Stored(of: journal)
                    #expect(stored == original, "byte \(offset)")
                    await journal.close()
                } catch {
                    found += 1
                    #expect([.corrupt, .newer].contains(error.code), "byte \(offset): \(error.description)")
                    let after = try bytes(of: copy.journal)
                    #expect(after == flipped, "byte \(offset): the file was changed")
                }
                try FileManager.default.removeItem(atPath: copy.string)
            }
            #expect(found > 20, "a good part of the file is in use")
        }
    }

    @Test func `damage behind a log is left alone, the log too`() async throws {
        try await withStateDirectory { directory in
            _ = try await makeJournal(in: directory)
            let killed = try open(directory)
            try await killed.append(Sample.entries(41...45))
            var database = try bytes(of: directory.journal)
            let log = try bytes(of: directory.log)
            await killed.close()
            let name = try #require(database.range(of: Data("key of job 25".utf8)))
            database[name.lowerBound] ^= 1
            let copy = directory.removingLastComponent().appending("copy")
            try FileManager.default.createDirectory(atPath: copy.string, withIntermediateDirectories: true)
            try write(database, to: copy.journal)
            try write(log, to: copy.log)

            // In a function of its own, so that the connection is gone when the files are looked at.
            func refusal() async throws -> JournalError? {
                let journal = try open(copy)
                defer { withExtendedLifetime(journal) {} }
                let error = await #expect(throws: JournalError.self) { try await journal.load() }
                await journal.close()
                return error
            }
            #expect(try await refusal()?.description.contains("entry 25 does not match its checksum") == true)
            #expect(try bytes(of: copy.journal) == database)
            #expect(try bytes(of: copy.log) == log)
        }
    }

    @Test func `a file that was cut short is refused`() async throws {
        try await withStateDirectory { directory in
            _ = try await makeJournal(in: directory)
            let whole = try bytes(of: directory.journal)
            for size in stride(from: 0, to: whole.count, by: 1500) {
                let cut = whole.prefix(size)
                try write(cut, to: directory.journal)
                do throws(JournalError) {
                    let journal = try open(directory)
                    _ = try await Stored(of: journal)
                    Issue.record("\(size) of \(whole.count) bytes were taken for a journal")
                    await journal.close()
                } catch {
                    #expect(error.code == .corrupt, "\(size) bytes: \(error.description)")
                }
                #expect(try bytes(of: directory.journal) == cut)
                try FileManager.default.removeItem(atPath: directory.journal.string)
            }
        }
    }

    /// The log of a killed daemon: a damaged one is refused, unless only what may have been torn is missing.
    @Test(arguments: [5, 6, 7])
    func `a flipped bit in the log loses at most the last entry`(seed: UInt64) async throws {
        try await withStateDirectory { directory in
            let (database, log) = try await makeLog(in: directory)
            var random = SplitMix(state: seed)
            for round in 0..<60 {
                let offset = Int.random(in: 0..<log.count, using: &random)
                var flipped = log
                flipped[offset] ^= 1 << UInt8.random(in: 0..<8, using: &random)
                let copy = directory.removingLastComponent().appending("copy-\(round)")
                try FileManager.default.createDirectory(atPath: copy.string, withIntermediateDirectories: true)
                try write(database, to: copy.journal)
                try write(flipped, to: copy.log)
                do throws(JournalError) {
                    let journal = try open(copy)
                    let stored = try await Stored(of: journal)
                    #expect(stored.last >= 18, "byte \(offset) of \(log.count)")
                    #expect(stored.history == Sample.entries(first: stored.last))
                    await journal.close()
                } catch {
                    #expect(error.code == .corrupt, "byte \(offset): \(error.description)")
                    let after = try (bytes(of: copy.journal), bytes(of: copy.log))
                    #expect(after == (database, flipped), "byte \(offset): the files were changed")
                }
            }
        }
    }

    @Test func `a log that was cut off anywhere gives what was whole`() async throws {
        try await withStateDirectory { directory in
            let (database, log) = try await makeLog(in: directory)
            var sizes = Set<Int64>()
            for size in stride(from: 0, through: log.count, by: 1000) {
                let copy = directory.removingLastComponent().appending("copy-\(size)")
                try FileManager.default.createDirectory(atPath: copy.string, withIntermediateDirectories: true)
                try write(database, to: copy.journal)
                try write(log.prefix(size), to: copy.log)
                let journal = try open(copy)
                let stored = try await Stored(of: journal)
                sizes.insert(stored.last)
                #expect(stored.history == Sample.entries(first: stored.last))
                try await journal.append([Sample.entry(stored.last + 1)])
                await journal.close()
            }
            #expect(sizes.count > 15)
        }
    }

    /// Forty entries and two snapshots, closed.
    private func makeJournal(in directory: FilePath) async throws -> Stored {
        let journal = try open(directory)
        for first in stride(from: Int64(1), to: 40, by: 10) {
            try await journal.append(Sample.entries(first...first + 9))
            if first < 20 { try await journal.save(snapshot(at: first + 9)) }
        }
        let stored = try await Stored(of: journal)
        await journal.close()
        #expect(stored.history == Sample.entries(1...40) && stored.entries == Sample.entries(21...40))
        return stored
    }

    /// Twenty entries that were appended one by one and are still in the log.
    private func makeLog(in directory: FilePath) async throws -> (database: Data, log: Data) {
        let journal = try open(directory)
        for number in Int64(1)...20 { try await journal.append([Sample.entry(number)]) }
        let files = try (database: bytes(of: directory.journal), log: bytes(of: directory.log))
        await journal.close()
        return files
    }
}

/// Steele, Lea and Flood's generator: a number is all that a run depends on.
private struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }
}
