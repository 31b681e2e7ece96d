import Foundation
import Glibc
import Testing

/// Enforced shares of containers with Podman for real: memory by the driver, compute by multi-process service.
@Suite(
    .tags(.engine), .serialized, .timeLimit(.minutes(5)),
    .enabled(
        if: Engines.areUsable || ProcessInfo.processInfo.environment["CI"] != nil, "a private Podman store needs root"))
struct `An enforced share of a container` {
    private let share = ["--gpus", "0.5,device=0", "--gpu-memory", "2GiB"]

    private func with(_ body: (EnforcedPool, [String]) throws -> Void) throws {
        try EnforcedPool.with(isServed: true) { enforced throws in
            try body(enforced, LimitedProgram.options(try LimitedProgram.build(for: enforced.pool)))
            // What stood would outlive the daemon.
            let directory = "\(enforced.pool.directory)/mps"
            #expect(
                try eventually(30) { try FileManager.default.contentsOfDirectory(atPath: directory) == ["leases"] })
        }
    }

    @Test func `finds its server whoever runs in it and whatever is in the environment, and has nothing elsewhere`()
        throws
    {
        try with { enforced, options throws in
            func run(_ more: [String] = [], _ command: String...) throws -> Program.Result {
                try enforced.run(share, ["--rm"] + options + more, command)
            }
            let seen = try run([], "limited", "fill", "100")
            let held = try #require(Int(seen.output.prefix { $0 != " " }), "\(seen)")
            #expect((1000...2048).contains(held), "\(seen)")
            let empty = try run([], "env", "-i", "/bin/limited", "info")
            #expect(empty.status == 0, "\(empty)")
            let other = try run(["--user", "4711"], "limited", "info")
            #expect(other.status == 0, "\(other)")
            let word = try run(["-e", "CUDA_MPS_PINNED_DEVICE_MEM_LIMIT=0=1G,1=1G"], "limited", "fill", "100")
            #expect(word.output == seen.output && word.errors.contains("was left out"), "\(word)")
            let lost = try run([], "sh", "-c", "CUDA_MPS_PIPE_DIRECTORY=/nowhere limited info")
            #expect(lost.status != 0 && lost.output.contains("46"), "\(lost)")
            let files = try run([], "sh", "-c", "ls /run/nvidia-mps; rm /run/nvidia-mps/control")
            #expect(files.output == "control\n" && files.errors.contains("Read-only"), "\(files)")
        }
    }

    @Test func `is ended in the middle of its work, and another container goes on`() throws {
        try with { enforced, options throws in
            let work = ["limited", "share", "100000", "\(LimitedProgram.now)", "120000000000"]
            for name in ["one", "two"] {
                let started = try enforced.run(share, ["-d", "--name", name] + options, work)
                #expect(started.status == 0, "\(started)")
            }
            func clients(_ lease: String) throws -> String {
                let held = try enforced.pool.lease(lease)["heldBy"] as? [[String: Any]] ?? []
                let mps = held.first { $0["means"] as? String == "mps" }
                return ((mps?["gpus"] as? [[String: Any]])?.first?["detail"] as? String) ?? ""
            }
            #expect(try eventually(10) { try clients("lease-1").hasSuffix("1 client") })
            #expect(try eventually(10) { try clients("lease-2").hasSuffix("1 client") })
            _ = try enforced.pool.divvy("release", "lease-1")
            #expect(try eventually(20) { try enforced.pool.leases()["lease-1"] == "ended" })
            // Longer than the period of the probe.
            sleep(6)
            #expect(try enforced.inspect("two", "{{.State.Pid}}") > 0)
            #expect(!enforced.pool.log.contains("hangs"), "\(enforced.pool.log)")
            let started = try enforced.run(share, ["--rm"] + options, ["limited", "info"])
            #expect(started.status == 0, "\(started)")
            _ = try enforced.pool.divvy("release", "lease-2")
        }
    }
}
