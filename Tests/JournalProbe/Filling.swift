import Engine
import Fleet
import Glibc
import Ledger
import SQLiteJournal
import SystemPackage

/// Fills a small disk with asks, gives back on the full disk, restarts on it, and goes on when there is room again.
struct Filling {
    let directory: FilePath
    /// A file whose removal makes room.
    let ballast: FilePath

    func run() async throws(JournalError) {
        var journal = try SQLiteJournal(directory: directory, release: "1.0")
        var last: Int64 = 0

        let asked = try await untilFull(100_000) { () throws(JournalError) in
            try await journal.append([Sample.entry(last + 1, Sample.asks(named: "job \(last + 1)"))])
            last += 1
        }
        JournalProbe.say("FIRST \(asked)")
        let refused = try await untilFull(1) { () throws(JournalError) in
            try await journal.append([
                Sample.entry(last + 1, Sample.asks(named: "one more")),
                Sample.entry(last + 2, .endAsked(LeaseID(number: 1), .released)),
            ])
        }
        JournalProbe.say("MIXED \(refused)")
        let ended = try await giveBack(&last, 300, journal)
        JournalProbe.say("ENDED \(ended)")
        let askedAgain = try await untilFull(1) { () throws(JournalError) in
            try await journal.append([Sample.entry(last + 1, Sample.asks(named: "one more"))])
        }
        JournalProbe.say("ASKED \(askedAgain)")

        await journal.close()
        journal = try SQLiteJournal(directory: directory, release: "1.0")
        let recovered = try await journal.load().entries
        JournalProbe.say("RECOVERED \(recovered.count) \(recovered.last?.sequence == last)")
        JournalProbe.say("ENDED \(try await giveBack(&last, 300, journal))")

        unlink(ballast.string)
        try await journal.append([Sample.entry(last + 1, Sample.asks(named: "with room"))])
        last += 1
        JournalProbe.say("ROOM \(try await journal.load().entries.map(\.sequence) == Array(1...last))")
        await journal.close()
    }

    private func giveBack(
        _ last: inout Int64, _ times: Int, _ journal: SQLiteJournal
    ) async throws(JournalError) -> Int {
        var next = last
        let count = try await untilFull(times) { () throws(JournalError) in
            try await journal.append([Sample.entry(next + 1, .endAsked(LeaseID(number: next), .released))])
            next += 1
        }
        last = next
        return count
    }

    /// How often `body` worked before the disk was full, at most `limit` times.
    private func untilFull(
        _ limit: Int, _ body: () async throws(JournalError) -> Void
    ) async throws(JournalError) -> Int {
        for count in 0..<limit {
            do throws(JournalError) {
                try await body()
            } catch {
                guard error.code == .full else { throw error }
                return count
            }
        }
        return limit
    }
}
