import Engine
import Foundation
import JournalProbe
import Ledger
import SystemPackage
import Testing

@testable import SQLiteJournal

@Suite struct RoundTripTests {
    @Test func `a new journal is empty and its directory is for its owner alone`() async throws {
        try await withStateDirectory { directory in
            let journal = try open(directory)
            let stored = try await Stored(of: journal)
            #expect(stored.snapshot == nil && stored.entries.isEmpty && stored.history.isEmpty)
            await journal.close()
            for (name, mode) in [("", 0o700), ("journal.sqlite", 0o600), ("lock", 0o600)] {
                let path = directory.appending(name).string
                let attributes = try FileManager.default.attributesOfItem(atPath: path)
                #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == mode, "\(name)")
            }
            #expect(!FileManager.default.fileExists(atPath: directory.log.string))
        }
    }

    @Test func `entries come back as they were, in the same process and after a restart`() async throws {
        try await withStateDirectory { directory in
            let entries = Sample.entries(1...100)
            var journal = try open(directory)
            try await journal.append([entries[0]])
            try await journal.append(Array(entries[1..<64]))
            try await journal.append([])
            try await journal.append(Array(entries[64...]))
            #expect(try await journal.load().entries == entries)
            await journal.close()

            journal = try open(directory)
            #expect(try await journal.load().entries == entries)
            try await journal.append([Sample.entry(101)])
            #expect(try await journal.history(after: 99, limit: 10) == Sample.entries(100...101))
            await journal.close()
        }
    }

    @Test func `every kind of event comes back`() async throws {
        try await withStateDirectory { directory in
            let events = everyEvent
            let entries = events.enumerated().map { Sample.entry(Int64($0.offset) + 1, $0.element) }
            let journal = try open(directory)
            try await journal.append(entries)
            #expect(try await journal.load().entries == entries)
            await journal.close()
        }
    }

    @Test func `a start needs the newest snapshot and what came after it`() async throws {
        try await withStateDirectory { directory in
            var journal = try open(directory)
            try await journal.save(snapshot(at: 0, leases: 1))
            try await journal.append(Sample.entries(1...10))
            try await journal.save(snapshot(at: 4, leases: 2))
            try await journal.save(snapshot(at: 10, leases: 3))
            try await journal.append(Sample.entries(11...12))
            await journal.close()

            journal = try open(directory)
            let contents = try await journal.load()
            #expect(contents.snapshot?.sequence == 10)
            #expect(contents.snapshot?.at == Sample.entry(10).at && contents.snapshot?.wall == Sample.entry(10).wall)
            #expect(contents.snapshot?.ledger.leases == Sample.ledger(leases: 3).leases)
            #expect(contents.entries == Sample.entries(11...12))
            #expect(try await journal.history(after: 0, limit: 100) == Sample.entries(1...12))
            #expect(try await journal.history(after: 3, limit: 4) == Sample.entries(4...7))
            #expect(try await journal.history(after: 12, limit: 4) == [])
            #expect(try await journal.history(after: 0, limit: 0) == [])
            #expect(try await journal.history(after: -5, limit: .max) == Sample.entries(1...12))
            await journal.close()
        }
    }

    @Test func `old entries go when the older of two snapshots covers them and the history is full`() async throws {
        try await withStateDirectory { directory in
            let journal = try open(directory)
            let last = Schema.historyLimit + 1000
            for first in stride(from: Int64(1), to: last, by: 5000) {
                try await journal.append(Sample.entries(first...min(first + 4999, last)))
            }
            try await journal.save(snapshot(at: 500))
            try await journal.save(snapshot(at: last - 1))
            #expect(try await journal.history(after: 0, limit: 2) == Sample.entries(501...502))
            try await journal.save(snapshot(at: last))
            #expect(try await journal.history(after: 0, limit: 2) == Sample.entries(1001...1002))
            #expect(try await journal.history(after: 1000, limit: .max).count == Schema.historyLimit)
            let contents = try await journal.load()
            #expect(contents.snapshot?.sequence == last && contents.entries.isEmpty)
            await journal.close()
        }
    }

    /// What a kill leaves is copied at every step, so that the log is also seen old frames behind new ones.
    @Test func `a long log is written back and begun again`() async throws {
        try await withStateDirectory { directory in
            let journal = try open(directory)
            let long = String(repeating: "x", count: 2_100_000)
            var entries: [JournalEntry] = []
            for number in Int64(1)...8 {
                let isLong = [1, 2, 6].contains(number)
                entries.append(Sample.entry(number, Sample.asks(named: isLong ? long : "short \(number)")))
                try await journal.append([entries[entries.count - 1]])
                _ = try await journal.history(after: number, limit: 1)

                let copy = directory.removingLastComponent().appending("copy-\(number)")
                try FileManager.default.createDirectory(atPath: copy.string, withIntermediateDirectories: true)
                try write(bytes(of: directory.journal), to: copy.journal)
                try write(bytes(of: directory.log), to: copy.log)
                #expect(try bytes(of: copy.log).count < 7_000_000)
                let copied = try open(copy)
                #expect(try await copied.load().entries == entries)
                await copied.close()
                try FileManager.default.removeItem(atPath: copy.string)
            }
            #expect(try bytes(of: directory.journal).count > 4_200_000)
            await journal.close()
        }
    }

    @Test func `a number out of order is refused and nothing is written after it`() async throws {
        try await withStateDirectory { directory in
            var journal = try open(directory)
            try await journal.append(Sample.entries(1...3))
            for wrong in [[Sample.entry(5)], [Sample.entry(4), Sample.entry(6)], [Sample.entry(3)]] {
                let error = await #expect(throws: JournalError.self) { try await journal.append(wrong) }
                #expect(error?.code == .failed)
            }
            await journal.close()
            journal = try open(directory)
            #expect(try await journal.load().entries == Sample.entries(1...3))
            await journal.close()
        }
    }

    @Test func `a cancelled task does not tear an append`() async throws {
        try await withStateDirectory { directory in
            let journal = try open(directory)
            for number in Int64(1)...50 {
                let task = Task { try await journal.append([Sample.entry(number)]) }
                task.cancel()
                try await task.value
            }
            #expect(try await journal.load().entries == Sample.entries(1...50))
            await journal.close()
        }
    }

    @Test func `nothing can be asked of a closed journal, and closing twice does no harm`() async throws {
        try await withStateDirectory { directory in
            let journal = try open(directory)
            await journal.close()
            await journal.close()
            let error = await #expect(throws: JournalError.self) { try await journal.append([Sample.entry(1)]) }
            #expect(error?.code == .failed)
        }
    }
}
