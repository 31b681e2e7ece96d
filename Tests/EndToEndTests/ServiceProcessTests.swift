import Foundation
import Glibc
import Testing

/// Enforced shares of plain processes: the driver's memory limits and multi-process service, both for real on a simulated
/// machine.
@Suite(
    .serialized, .timeLimit(.minutes(5)),
    .enabled(
        if: getuid() == 0 || ProcessInfo.processInfo.environment["CI"] != nil, "multi-process service needs root"))
struct `An enforced share of a process` {
    private func with(_ body: (Pool, String) throws -> Void) throws {
        try Pool.with(profile: "dgx-h100@615") { pool throws in try body(pool, try LimitedProgram.build(for: pool)) }
    }

    private func run(_ pool: Pool, _ words: String...) throws -> Program.Result {
        try pool.divvy(["run"] + words, environment: pool.driverEnvironment)
    }

    private let share = ["--gpus", "0.5,device=0", "--gpu-memory", "2GiB", "--grade", "enforced", "--"]

    /// A program that keeps its GPU busy from now on, for a minute.
    private func busy(_ pool: Pool, _ program: String, to file: String) throws -> Program {
        let start = LimitedProgram.now
        let running = try pool.running(share + [program, "share", "100000", "\(start)", "60000000000"], to: file)
        try #require(
            try eventually { try pool.divvy("ps").output.split(separator: "\n").contains { $0.contains("enforced") } },
            "\(pool.text(file + ".errors"))")
        return running
    }

    private func detail(_ pool: Pool, _ lease: String) throws -> String {
        let held = try pool.lease(lease)["heldBy"] as? [[String: Any]] ?? []
        let mps = held.first { $0["means"] as? String == "mps" }
        return ((mps?["gpus"] as? [[String: Any]])?.first?["detail"] as? String) ?? ""
    }

    private func foreignBytes(_ pool: Pool) throws -> Int? {
        let seen = try pool.divvy("ls", "-o", "json").output
        let fleet = try JSONSerialization.jsonObject(with: Data(seen.utf8)) as? [String: Any]
        let gpu = try #require((fleet?["gpus"] as? [[String: Any]])?.first, "\(seen)")
        return (gpu["memory"] as? [String: Any])?["foreignBytes"] as? Int
    }

    /// Waits until nothing of multi-process service stands any more: it would outlive the daemon.
    private func nothingIsLeft(_ pool: Pool) throws -> Bool {
        try eventually { try FileManager.default.contentsOfDirectory(atPath: "\(pool.directory)/mps") == ["leases"] }
    }

    @Test func `lives beside leases of every other grade, each with its own means`() throws {
        let pool = try Pool(profile: "dgx-a100@615")
        defer { pool.remove() }
        _ = try pool.cut(["19"])
        try pool.start()
        let wanted: [(words: [String], grade: String, means: [String])] = [
            (["--gpus", "1"], "exclusive", []), (["--slice", "1g.5gb"], "partitioned", []),
            (["--gpus", "0.5"], "enforced", ["driver-limits", "mps"]),
            (["--gpus", "0.5", "--share", "limiter"], "cooperative", ["limiter"]),
            (["--gpus", "0.5", "--share", "time"], "unfenced", []),
        ]
        let processes = try wanted.enumerated().map { index, each in
            try pool.running(each.words + ["--", "sleep", "60"], to: "sleep\(index)")
        }
        defer {
            for process in processes {
                process.signal(SIGKILL)
                process.wait()
            }
            // What stood would outlive the daemon.
            let directory = "\(pool.directory)/mps"
            let isGone = try? eventually(30) {
                try FileManager.default.contentsOfDirectory(atPath: directory) == ["leases"]
            }
            #expect(isGone == true)
        }
        #expect(try eventually { try pool.items("ps").count == wanted.count })
        var gpus: [String: String] = [:]
        for lease in try pool.items("ps") {
            let view = try pool.lease(try #require(lease["id"] as? String))
            let grade = try #require(view["grade"] as? String)
            let means = (view["heldBy"] as? [[String: Any]] ?? []).compactMap { $0["means"] as? String }
            #expect(means == wanted.first { $0.grade == grade }?.means, "\(grade)")
            gpus[grade] = ((view["grants"] as? [[String: Any]])?.first?["gpu"] as? String) ?? ""
        }
        #expect(Set(gpus.keys) == Set(wanted.map(\.grade)))
        #expect(gpus["enforced"] != gpus["cooperative"] && gpus["enforced"] != gpus["unfenced"])
    }

    @Test func `is enforced, and without its pipe a program has nothing`() throws {
        try with { pool, program throws in
            let full = try run(
                pool, "--gpus", "0.5", "--gpu-memory", "2GiB", "--grade", "enforced", "--", program, "fill", "100")
            #expect(full.status == 0 && full.output.hasSuffix(" 2\n"), "\(full)")
            let held = try #require(Int(full.output.prefix { $0 != " " }))
            #expect((1000...2048).contains(held), "\(full)")
            let lost = try run(
                pool, "--gpus", "0.5", "--grade", "enforced", "--", "env", "-i",
                "LD_LIBRARY_PATH=\(pool.directory)/sim/lib", program, "info")
            #expect(lost.status != 0 && lost.output.contains("46"), "\(lost)")
            #expect(try nothingIsLeft(pool))
        }
    }

    @Test func `is ended in the middle of its work, and others go on`() throws {
        try with { pool, program throws in
            let first = try busy(pool, program, to: "first")
            let second = try busy(pool, program, to: "second")
            for lease in ["lease-1", "lease-2"] {
                #expect(try eventually { try detail(pool, lease).hasSuffix("1 client") })
            }
            // The server is nobody's, and no foreign program either.
            #expect(try foreignBytes(pool) == 0)
            let ended = try pool.divvy("release", "lease-1")
            #expect(ended.status == 0, "\(ended)")
            #expect(first.wait() != 0)
            // Longer than the period of the probe.
            sleep(6)
            #expect(second.isRunning, "\(pool.text("second"))")
            #expect(!pool.log.contains("hangs"), "\(pool.log)")
            _ = try pool.divvy("release", "lease-2")
            second.wait()
            #expect(try nothingIsLeft(pool))
        }
    }

    @Test func `goes on over the daemon's death, and its server is taken up`() throws {
        try with { pool, program throws in
            let running = try busy(pool, program, to: "running")
            #expect(try eventually { try detail(pool, "lease-1").hasSuffix("1 client") })
            let before = try detail(pool, "lease-1")
            pool.crash()
            try pool.start()
            #expect(try eventually { try detail(pool, "lease-1") == before }, "\(before)")
            #expect(running.isRunning)
            _ = try pool.divvy("release", "lease-1")
            running.wait()
            #expect(try nothingIsLeft(pool))
        }
    }
}
