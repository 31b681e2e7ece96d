import Foundation
import Glibc
import Testing

/// Memory held by the driver, with a simulated driver of 615 and what is real besides: the daemon, its hook, Podman.
@Suite(
    .tags(.engine), .serialized, .timeLimit(.minutes(5)),
    .enabled(
        if: Engines.areUsable || ProcessInfo.processInfo.environment["CI"] != nil,
        "making cgroups, and a private Podman store, need root"))
struct `Memory that the driver holds` {
    private let share = ["--gpus", "0.5", "--gpu-memory", "2GiB"]
    /// Pieces of 100 MiB beside the context's 256.
    private let full = "1700 2\n"

    private func with(_ body: (EnforcedPool, [String]) throws -> Void) throws {
        try EnforcedPool.with { enforced throws in
            let program = try LimitedProgram.build(for: enforced.pool)
            let held = try enforced.buildHeld()
            try body(enforced, LimitedProgram.options(program) + ["-v", "\(held):/bin/held:ro"])
        }
    }

    @Test func `stands before a container's first instruction, and what it is told agrees`() throws {
        try with { enforced, options throws in
            let filled = try enforced.run(share + ["--rm"], options, ["limited", "fill", "100"])
            #expect(filled.output == full, "\(filled)")
            let seen = try enforced.run(share + ["--rm"], options, ["env", "-i", "/bin/limited", "info"])
            #expect(seen.output.split(separator: " ")[1] == "2147483648", "\(seen)")
            // Nothing of ours is in there.
            let files = try enforced.run(share + ["--rm"], options, ["sh", "-c", "mount; env"])
            #expect(files.status == 0 && !files.output.contains("limiter"), "\(files)")
            #expect(try eventually { try enforced.reservations == [] })
        }
    }

    @Test func `is all that a container's processes get together, and managed memory is not held`() throws {
        try with { enforced, options throws in
            let script = "for i in 1 2 3 4 5 6; do limited hold 300 & sleep 0.5; done; sleep 0.5"
            let forked = try enforced.run(share + ["--rm"], options, ["sh", "-c", script])
            let holders = forked.output.split(separator: "\n").filter { $0 == "held" }.count
            #expect((1...3).contains(holders), "\(forked)")
            // It lies on the host: the driver counts it nowhere.
            let managed = try enforced.run(share + ["--rm"], options, ["held", "managed", "0", "1024", "8192"])
            #expect(managed.output == "8192 0\n", "\(managed)")
        }
    }

    @Test func `is held on each GPU, and read back`() throws {
        try with { enforced, options throws in
            let script = "held device 0 100 9000; held device 1 100 9000; limited hold 300"
            let started = try enforced.run(
                ["--gpus", "2x0.5", "--gpu-memory", "2GiB", "-d", "--name", "two"], options, ["sh", "-c", script])
            #expect(started.status == 0, "\(started)")
            func output() throws -> String { try enforced.podman("logs", "two").output }
            #expect(try eventually { try output() == full + full + "held\n" }, "\(enforced.pool.log)")
            let held = try enforced.held("lease-1")
            #expect(held.map { $0["memoryLimitBytes"] as? Int } == [2 << 30, 2 << 30])
            #expect(held.map { $0["memoryUsedBytes"] as? Int } == [556 << 20, 0])
            #expect(held.map { $0["detail"] as? String } == ["2 GiB reserved", "2 GiB reserved"])
            #expect(try enforced.reservations == [2 << 30, 2 << 30])
        }
    }

    enum Victim: String, CaseIterable, Sendable { case program, monitor, daemon }

    @Test(arguments: Victim.allCases)
    func `leaves no reservation behind, whoever is killed`(victim: Victim) throws {
        try with { enforced, options throws in
            for round in 1...3 {
                let name = "killed-\(round)"
                let started = try enforced.run(
                    share + ["-d", "--name", name], options, ["limited", "hold", "300"])
                #expect(started.status == 0, "\(started)")
                #expect(try enforced.reservations == [2 << 30])
                let program = try enforced.inspect(name, "{{.State.Pid}}")
                switch victim {
                case .program: break
                case .monitor:
                    kill(try enforced.inspect(name, "{{.State.ConmonPid}}"), SIGKILL)
                    #expect(try enforced.reservations == [2 << 30])
                case .daemon:
                    enforced.pool.crash()
                    try enforced.pool.start()
                    #expect(try enforced.held("lease-\(round)").map { $0["memoryLimitBytes"] as? Int } == [2 << 30])
                    // It looks after what it found once it has looked at its leases.
                    #expect(try eventually { try enforced.reservations == [2 << 30] })
                }
                kill(program, SIGKILL)
                #expect(try eventually(5) { try enforced.reservations == [] })
            }
        }
    }

    @Test func `must stand, or the container does not start`() throws {
        try with { enforced, options throws in
            let lease = try enforced.pool.divvy(["hold", "--grade", "enforced"] + share)
            #expect(lease.status == 0, "\(lease)")
            func run() throws -> Program.Result {
                try enforced.podman(
                    ["run", "--rm", "--device", "divvy.dev/gpu=lease-1"] + enforced.containerOptions + options
                        + ["divvy-test", "limited", "fill", "100"])
            }
            #expect(try run().output == full)
            enforced.pool.crash()
            let without = try run()
            #expect(without.status != 0 && without.output.isEmpty, "\(without)")
            #expect(without.errors.contains("the limits of lease-1 are not in place"), "\(without)")
            try enforced.pool.start()
            #expect(try eventually { try run().output == full })
        }
    }
}

/// The same for plain processes, without engines.
@Suite(.serialized, .timeLimit(.minutes(2)), .enabled(if: getuid() == 0, "making cgroups needs root"))
struct `Memory of a process that the driver holds` {
    @Test func `is held with all that it starts, and given back with the last of them`() throws {
        try EnforcedPool.with(engines: false) { enforced throws in
            let pool = enforced.pool
            let program = try LimitedProgram.build(for: pool)
            let words = ["--gpus", "0.5", "--gpu-memory", "2GiB", "--grade", "enforced", "--", "sh", "-c"]
            let script = "\(program) fill 100; (\(program) fill 100); cat /proc/self/cgroup"
            let filled = try pool.running(words + [script], to: "filled")
            #expect(filled.wait() == 0)
            #expect(pool.text("filled").hasPrefix("1700 2\n1700 2\n"), "\(pool.text("filled"))")
            let place = pool.text("filled").split(separator: "\n").first { $0.contains("/divvy/lease-1") }
            #expect(place != nil)

            let left = try pool.running(words + ["\(program) hold 300 & echo $! > \(pool.directory)/child"], to: "left")
            #expect(left.wait() == 0)
            let child = try #require(
                pid_t(pool.text("child").trimmingCharacters(in: .whitespacesAndNewlines)))
            // Its lease ended with the first process, and so did the reservation; the limit did not.
            #expect(try eventually { try enforced.reservations == [0] })
            kill(child, SIGKILL)
            #expect(try eventually { try enforced.reservations == [] })
        }
    }

    @Test func `is asked for by nobody but its tenant and operators`() throws {
        try EnforcedPool.with(engines: false) { enforced throws in
            let pool = enforced.pool
            // Whoever may reach the daemon is not yet allowed to say what a lease's processes are.
            chmod(pool.directory, 0o755)
            chmod(pool.socket, 0o666)
            let lease = try pool.divvy("hold", "--grade", "enforced", "--gpus", "0.5", "--gpu-memory", "2GiB")
            #expect(lease.status == 0, "\(lease)")
            let state = "{\"ociVersion\": \"1.0.2\", \"id\": \"x\", \"status\": \"creating\", \"pid\": \(getpid())}"
            let hook = "echo '\(state)' | \(Pool.divvy) hook --socket \(pool.socket) lease-1"
            let stranger = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "sh", "-c", hook]
            let refused = try Program.run(stranger)
            #expect(refused.status != 0, "\(refused)")
            #expect(
                refused.errors.hasPrefix(
                    "divvy: the limits of lease-1 are not in place, so its container must not start: only root"),
                "\(refused)")
            #expect(refused.errors.split(separator: "\n").count == 1)
            #expect(try enforced.reservations == [])
        }
    }

    @Test func `is not held by an older driver, and a request that needs that is refused with the reason`() throws {
        try Pool.with(profile: "dgx-a100@580") { pool throws in
            let words = ["--gpus", "0.5", "--gpu-memory", "2GiB", "--grade", "enforced", "--", "true"]
            let refused = try pool.divvy(["run"] + words)
            #expect(refused.status != 0, "\(refused)")
            #expect(refused.errors.contains("has no memory limits for cgroups; 615 and newer have"), "\(refused)")
        }
    }
}
