import Engine
import Fleet
import Ledger
import SQLiteJournal
import SystemPackage

/// A process that uses a journal, says what was acknowledged, and may be killed at any moment.
@main
struct JournalProbe {
    static func main() async {
        let words = CommandLine.arguments.dropFirst()
        do {
            switch (words.first, words.dropFirst().map { $0 }) {
            case ("append", let rest) where rest.count == 3:
                try await append(to: FilePath(rest[0]), times: Int64(rest[1]) ?? 0, batch: Int64(rest[2]) ?? 1)
            case ("fill", let rest) where rest.count == 2:
                try await Filling(directory: FilePath(rest[0]), ballast: FilePath(rest[1])).run()
            case ("measure", let rest) where rest.count == 1:
                try await Measuring(directory: FilePath(rest[0])).run()
            default:
                say("usage: JournalProbe append DIR TIMES BATCH | fill DIR BALLAST | measure DIR")
            }
        } catch {
            say("ERROR \(error.code) \(error.description)")
        }
    }

    /// Goes on where the journal ends; after each batch it says its last number, after half of them it saves.
    ///
    /// When an append fails, it tries the same once more and says what came of that.
    static func append(to directory: FilePath, times: Int64, batch: Int64) async throws(JournalError) {
        let journal = try SQLiteJournal(directory: directory, release: "1.0")
        let contents = try await journal.load()
        var last = contents.entries.last?.sequence ?? contents.snapshot?.sequence ?? 0
        say("READY \(last)")
        for time in 1...times {
            let entries = Sample.entries(last + 1...last + batch)
            do throws(JournalError) {
                try await journal.append(entries)
            } catch {
                say("ERROR \(error.code) \(error.description)")
                do throws(JournalError) {
                    try await journal.append(entries)
                    say("AGAIN done")
                } catch {
                    say("AGAIN \(error.code)")
                }
                return await journal.close()
            }
            last += batch
            say("ACK \(last)")
            if time == times / 2 {
                try await journal.save(
                    JournalSnapshot(
                        sequence: last, at: Sample.entry(last).at, wall: Sample.entry(last).wall,
                        ledger: Sample.ledger(leases: 3)))
                say("SAVED \(last)")
            }
        }
        await journal.close()
        say("CLOSED \(last)")
    }

    /// Writes a line at once, so that whoever reads it knows that it happened.
    static func say(_ line: String) {
        _ = try? FileDescriptor.standardOutput.writeAll(Array("\(line)\n".utf8))
    }
}
