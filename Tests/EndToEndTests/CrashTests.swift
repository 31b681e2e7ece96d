import Foundation
import Glibc
import Testing

/// The daemon dies, at any moment and in any way; nothing is lost and nothing is doubled.
@Suite struct `After a crash` {
    @Test func `what still runs is taken up and what does not is given back`() throws {
        try Pool.with { pool throws in
            let living = try Program(
                [Pool.divvy, "run", "--gpus", "3", "--", "sleep", "100"], environment: pool.environment,
                output: "\(pool.directory)/out")
            defer { living.signal(SIGKILL); living.wait() }
            let dying = try Program(
                [Pool.divvy, "run", "--gpus", "2", "--", "sleep", "100"], environment: pool.environment,
                output: "\(pool.directory)/out")
            #expect(try pool.divvy("hold", "--gpus", "1").status == 0)
            #expect(try eventually { try pool.leases().values.filter { $0 == "granted" }.count == 3 })
            pool.crash()
            dying.signal(SIGKILL)
            dying.wait()
            let begin = Date()
            try pool.start()
            #expect(Date().timeIntervalSince(begin) < 5, "a debug build over JSON; the benchmark holds it to a second")
            #expect(try eventually { try pool.freeShares().filter { $0 == 0 }.count == 4 })
            #expect(try pool.leases().values.filter { $0 == "granted" }.count == 2)
        }
    }

    /// Kills the daemon at its N-th write or sync to its state while a lease is granted, extended and released, for
    /// every N there is; then starts it again and looks.
    @Test(.timeLimit(.minutes(10)), arguments: ["pwrite64", "fdatasync"])
    func `at every write and sync, what was answered stands and nothing is there twice`(call: String) throws {
        var fired = 0
        for number in 1...200 {
            let pool = try Pool(profile: "2x-rtx-4090")
            defer { pool.remove() }
            try pool.start()
            #expect(try pool.divvy("hold", "--gpus", "1", "--for", "1h", "-q").output == "lease-1\n")
            pool.stop()

            pool.wrapper = [
                "strace", "-f", "-o", "/dev/null", "-e", "trace=\(call)", "-e",
                "inject=\(call):signal=KILL:when=\(number)",
            ]
            try pool.launch()
            _ = try eventually { pool.daemon?.isRunning != true || (try? pool.divvy("version").status) == 0 }
            let granted = try pool.divvy("hold", "--gpus", "1", "--for", "1h", "-q")
            let extended = try pool.divvy("extend", "1", "--for", "1h")
            let released = try pool.divvy("release", "1")
            let survived = pool.daemon?.isRunning == true
            pool.crash()
            pool.wrapper = []

            try pool.start()
            let leases = try pool.leases()
            let live = leases.filter { $0.value == "granted" }
            if granted.status == 0 { #expect(leases["lease-2"] == "granted", "\(call) \(number): a grant was lost") }
            if released.status == 0 { #expect(leases["lease-1"] == "ended", "\(call) \(number): a release was lost") }
            if extended.status == 0, released.status != 0 {
                let one = try pool.items("ps", "-a").first { $0["id"] as? String == "lease-1" }
                let (asked, deadline) = (one?["askedAt"] as? String, one?["deadline"] as? String)
                #expect(asked?.prefix(13) != deadline?.prefix(13), "\(call) \(number): an extension was lost")
            }
            #expect(leases.count <= 2 && live.count <= 2)
            #expect(try pool.freeShares().filter { $0 == 0 }.count == live.count)
            if survived { break }
            fired += 1
        }
        #expect(fired >= 3, "the sweep must have hit something: \(fired)")
    }

    @Test func `of the container specifications on disk only those of living leases are left`() throws {
        try Pool.with { pool throws in
            #expect(try pool.divvy("hold", "--gpus", "1").status == 0)
            pool.crash()
            let stale = "\(pool.cdi)/divvy-lease-99.json"
            #expect(FileManager.default.createFile(atPath: stale, contents: Data("{}".utf8)))
            try pool.start()
            #expect(try eventually { !FileManager.default.fileExists(atPath: stale) })
            #expect(FileManager.default.fileExists(atPath: "\(pool.cdi)/divvy-lease-1.json"))
        }
    }

    @Test func `a second daemon on the same state is refused and the first goes on`() throws {
        try Pool.with { pool throws in
            let second = try Program.run([
                Pool.divvy, "up", "--driver", "\(pool.directory)/sim/lib/libnvidia-ml.so.1", "--state", pool.state,
                "--socket", "\(pool.directory)/other.sock", "--cdi-dir", "\(pool.directory)/cdi2",
            ])
            #expect(second.status == 78, "\(second)")
            #expect(second.errors.contains(pool.state), "\(second.errors)")
            #expect(try pool.divvy("hold", "--gpus", "1").status == 0)
        }
    }

    @Test func `a corrupt journal is refused in words and left as it is`() throws {
        try Pool.with { pool throws in
            for _ in 0..<20 { #expect(try pool.divvy("hold", "--gpus", "0.1").status == 0) }
            pool.stop()
            let file = try #require(
                try FileManager.default.contentsOfDirectory(atPath: pool.state)
                    .map { "\(pool.state)/\($0)" }
                    .first {
                        ((FileManager.default.contents(atPath: $0)?.prefix(6)).map { $0 == Data("SQLite".utf8) })
                            == true
                    })
            var bytes = try Data(contentsOf: URL(fileURLWithPath: file))
            for offset in stride(from: 5_000, to: bytes.count, by: 97) { bytes[offset] ^= 0x5a }
            try bytes.write(to: URL(fileURLWithPath: file))
            try pool.launch()
            let status = try #require(pool.daemon).wait()
            #expect(status != 0 && status < 128, "\(pool.log)")
            #expect(pool.log.contains(file), "\(pool.log)")
            #expect(try Data(contentsOf: URL(fileURLWithPath: file)) == bytes)
        }
    }
}
