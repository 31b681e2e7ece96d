import Engine
import Fleet
import Glibc
import Ledger
import SQLiteJournal
import SystemPackage

/// Prints how fast a journal appends and loads on a disk; the same disk is synced bare in the same run to compare with.
struct Measuring {
    let directory: FilePath

    func run() async throws(JournalError) {
        let clock = ContinuousClock()
        let journal = try SQLiteJournal(directory: directory, release: "1.0")
        var last: Int64 = 0
        for (batch, times) in [(Int64(1), 2000), (64, 500)] {
            let start = clock.now
            for _ in 0..<times {
                try await journal.append(Sample.entries(last + 1...last + batch))
                last += batch
            }
            let seconds = (clock.now - start) / .seconds(1)
            print("append, \(batch) in a batch: \(Int(Double(times) * Double(batch) / seconds)) entries/s")
        }
        print("bare write and fdatasync of 4 KiB: \(bareSyncs()) /s")
        let ledger = Sample.ledger(leases: 10_000)
        print("leases in the snapshot: \(ledger.leases.count { $0.isLive && !$0.isWaiting }) granted")
        var start = clock.now
        try await journal.save(
            JournalSnapshot(sequence: last, at: Sample.entry(last).at, wall: Sample.entry(last).wall, ledger: ledger))
        print("save: \(clock.now - start)")
        await journal.close()

        start = clock.now
        let again = try SQLiteJournal(directory: directory, release: "1.0")
        let opened = clock.now - start
        start = clock.now
        let contents = try await again.load()
        print("open: \(opened), load: \(clock.now - start), \(contents.snapshot?.ledger.leases.count ?? 0) leases")
        start = clock.now
        print("history: \(try await again.history(after: 0, limit: 1000).count) entries in \(clock.now - start)")
        await again.close()
    }

    /// What the disk gives to the plainest program: writes of a page to one place, each synced.
    private func bareSyncs() -> Int {
        let page = [UInt8](repeating: 7, count: 4096)
        let clock = ContinuousClock()
        let path = directory.appending("bare")
        guard let file = try? FileDescriptor.open(path, .writeOnly, options: [.create], permissions: [.ownerReadWrite])
        else { return 0 }
        defer { try? file.close() }
        let start = clock.now
        for number in 0..<2000 {
            _ = try? file.writeAll(toAbsoluteOffset: Int64(number * 4096), page)
            fdatasync(file.rawValue)
        }
        return Int(2000 / ((clock.now - start) / .seconds(1)))
    }
}
