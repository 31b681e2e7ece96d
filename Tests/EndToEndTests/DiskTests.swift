import Foundation
import Glibc
import Testing

/// Disks that are full or cannot be written. Needs root, to mount a small disk in a namespace of the daemon's own.
@Suite(
    .enabled(
        if: getuid() == 0 || ProcessInfo.processInfo.environment["CI"] != nil, "mounting a small disk needs root"))
struct `A disk` {
    /// Words to put before the daemon's, so that its state lies on a disk of `size` with these mount options.
    private static func disk(_ pool: Pool, size: String, options: String = "") throws -> [String] {
        try FileManager.default.createDirectory(atPath: pool.state, withIntermediateDirectories: true)
        let mount = "mount -t tmpfs -o size=\(size)\(options) tmpfs '\(pool.state)'"
        return ["unshare", "-m", "sh", "-c", "\(mount) && exec \"$@\"", "sh"]
    }

    private static func inside(_ pool: Pool, _ script: String) throws -> Program.Result {
        let pid = try #require(pool.daemon?.pid)
        return try Program.run(["nsenter", "-t", "\(pid)", "-m", "sh", "-c", script])
    }

    @Test func `that is full refuses grants in words, takes releases, and grants again when there is room`() throws {
        let pool = try Pool()
        defer { pool.remove() }
        pool.wrapper = try Self.disk(pool, size: "8m")
        try pool.start()
        #expect(try pool.divvy("hold", "--gpus", "1").status == 0)
        #expect(try pool.divvy("hold", "--gpus", "1").status == 0)
        _ = try Self.inside(pool, "dd if=/dev/zero of='\(pool.state)/filler' bs=1k 2>/dev/null; true")

        // The log that is being written may have some room left in blocks that it has already.
        var refused: Program.Result?
        for _ in 0..<400 where refused == nil {
            let result = try pool.divvy("hold", "--gpus", "0.001", "-q")
            if result.status != 0 { refused = result }
        }
        let refusal = try #require(refused, "the disk never got full")
        #expect(refusal.errors.contains("full") || refusal.errors.contains("room"), "\(refusal)")
        #expect([74, 75].contains(refusal.status), "\(refusal)")

        let before = try pool.leases().filter { $0.value == "granted" }.count
        let released = try pool.divvy("release", "2")
        #expect(released.status == 0, "room must come back even now: \(released)")
        #expect(try pool.leases().filter { $0.value == "granted" }.count == before - 1)

        _ = try Self.inside(pool, "rm '\(pool.state)/filler'")
        #expect(try eventually { try pool.divvy("hold", "--gpus", "1").status == 0 })
        #expect(try pool.leases()["lease-1"] == "granted")
    }

    @Test func `that is full from the start is named as the reason, not the GPUs`() throws {
        let pool = try Pool()
        defer { pool.remove() }
        pool.wrapper = try Self.disk(pool, size: "1m")
        try pool.start()
        let refusal = try pool.divvy("hold", "--gpus", "1", "--no-wait")
        #expect(refusal.status == 74, "\(refusal)")
        #expect(refusal.errors.contains("full") || refusal.errors.contains("room"), "\(refusal)")
    }

    @Test func `that cannot be written is refused at the start, in words`() throws {
        let pool = try Pool()
        defer { pool.remove() }
        pool.wrapper = try Self.disk(pool, size: "8m", options: ",ro")
        try pool.launch()
        let status = try #require(pool.daemon).wait()
        #expect([74, 77, 78].contains(status), "\(status): \(pool.log)")
        #expect(pool.log.contains(pool.state) && pool.log.lowercased().contains("read-only"), "\(pool.log)")
    }

    @Test func `that fails at a sync makes the daemon end rather than promise`() throws {
        let pool = try Pool()
        defer { pool.remove() }
        try pool.start()
        #expect(try pool.divvy("hold", "--gpus", "1").status == 0)
        pool.stop()
        pool.wrapper = [
            "strace", "-f", "-o", "/dev/null", "-e", "trace=fdatasync", "-e", "inject=fdatasync:error=EIO:when=6+",
        ]
        try pool.start()
        var answered = 0
        while try pool.divvy("hold", "--gpus", "0.1").status == 0, answered < 50 { answered += 1 }
        #expect(answered < 50, "the fault must strike")
        let status = try #require(pool.daemon).wait()
        #expect(status == 74, "\(pool.log)")
        pool.wrapper = []
        try pool.start()
        // What was answered is there; the one that was under way may or may not be.
        let live = try pool.leases().filter { $0.value == "granted" }.count
        #expect((answered + 1...answered + 2).contains(live), "\(answered) were answered, \(live) are there")
    }
}
