import Foundation
import Glibc
import Testing

/// Shares of plain processes, which see the limiter in a mount namespace of their own.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct `A share of a process` {
    private func with(_ profile: String = "2x-rtx-4090", _ body: (Pool, String) throws -> Void) throws {
        try Pool.with(profile: profile) { pool throws in try body(pool, try LimitedProgram.build(for: pool)) }
    }

    private func run(_ pool: Pool, _ words: String...) throws -> Program.Result {
        try pool.divvy(["run"] + words, environment: pool.driverEnvironment)
    }

    @Test func `is cooperative, and its memory ends where the lease says`() throws {
        try with { pool, program throws in
            let full = try run(pool, "--gpus", "0.5", "--gpu-memory", "1GiB", "--", program, "fill", "100")
            #expect(full.output == "1000 2\n", "\(full)")
            #expect(full.errors.contains("; cooperative: "), "\(full.errors)")
            let seen = try run(
                pool, "--gpus", "0.5", "--gpu-memory", "1GiB", "--grade", "cooperative", "--", program, "info")
            #expect(seen.output == "1073741824 1073741824 1073741824\n", "\(seen)")
        }
    }

    @Test func `is all that management tools are told of`() throws {
        try with { pool, program throws in
            let result = try run(pool, "--gpus", "0.5", "--gpu-memory", "1GiB", "--", program, "tools", "300")
            #expect(result.output == "759169024 314572800 1073741824\n", "\(result)")
            let whole = try run(pool, "--gpus", "1", "--", program, "tools", "300")
            #expect(whole.status == 0 && !whole.output.hasSuffix(" 1073741824\n"), "\(whole)")
        }
    }

    @Test func `counts what the driver takes for contexts, as the daemon sees it`() throws {
        try with { pool, program throws in
            // Two contexts of 256 MiB each, and 100 MiB held: without the contexts 1900 MiB would be left.
            let script = "\(program) hold 100 & sleep 8; \(program) fill 100; kill $!"
            let result = try run(pool, "--gpus", "0.5", "--gpu-memory", "2GiB", "--", "sh", "-c", script)
            let filled = result.output.split(separator: "\n").compactMap { line -> Int? in
                let words = line.split(separator: " ")
                return words.count == 2 && words[1] == "2" ? Int(words[0]) : nil
            }
            #expect(filled == [1400] || filled == [1500], "\(result)")
        }
    }

    @Test func `has its own limits whatever is in its environment, and a second process of it has the same`() throws {
        try with { pool, program throws in
            let script = "unset LD_PRELOAD DIVVY_LEASE; \(program) hold 600 & sleep 1; \(program) fill 100; kill $!"
            let result = try run(pool, "--gpus", "0.5", "--gpu-memory", "1GiB", "--", "sh", "-c", script)
            #expect(result.output.split(separator: "\n").contains("400 2"), "\(result)")
            let empty = try run(
                pool, "--gpus", "0.5", "--gpu-memory", "1GiB", "--", "env", "-i",
                "LD_LIBRARY_PATH=\(pool.directory)/sim/lib", program, "fill", "100")
            #expect(empty.output == "1000 2\n", "\(empty)")
        }
    }

    /// The bindings that NVIDIA publishes; nil before `Scripts/python-tools` ran.
    private static let python = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent(".build/python-tools/bin/python").path

    @Test(
        .enabled(
            if: FileManager.default.fileExists(atPath: python) || ProcessInfo.processInfo.environment["CI"] != nil,
            "no Python tools: run Scripts/python-tools first"))
    func `refuses every way to allocate beyond it, to a program of NVIDIA's bindings`() throws {
        let program = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("LimiterTests/Programs/limited.py").path
        // A driver that knows all that the bindings ask for.
        try with("b200") { pool, _ throws in
            let result = try run(
                pool, "--gpus", "0.5", "--gpu-memory", "1GiB", "--", Self.python, program)
            #expect(result.output == "ok\n", "\(result)")
        }
    }

    @Test(.enabled(if: getuid() == 0, "needs root to become somebody else"))
    func `of somebody without privilege holds as well`() throws {
        try with { pool, program throws in
            chmod(pool.directory, 0o755)
            chmod(pool.socket, 0o666)
            // The simulated devices are files, which every user of real ones could write.
            _ = try Program.run(["chmod", "-R", "a+rwX", "\(pool.directory)/sim"])
            let files = "\(pool.directory)/limiter/lease-1"
            let script = "\(program) fill 100; echo x > \(files)/limits; rm -f \(files)/books; \(program) fill 200"
            let result = try Program.run(
                ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", Pool.divvy, "run", "--gpus", "0.5"]
                    + ["--gpu-memory", "1GiB", "--grade", "cooperative", "--", "sh", "-c", script],
                environment: pool.environment.merging(pool.driverEnvironment) { $1 })
            #expect(result.output == "1000 2\n1000 2\n", "\(result)")
            #expect(result.errors.contains("Read-only"), "\(result)")
        }
    }

    @Test(.enabled(if: getuid() == 0, "needs root to forbid namespaces"))
    func `is not said to be fenced where a process can have no files of its own`() throws {
        try with { pool, _ throws in
            func run(_ words: String) throws -> Program.Result {
                let script =
                    "echo 0 > /proc/sys/user/max_user_namespaces; exec setpriv --bounding-set=-all --inh-caps=-all "
                    + "\(Pool.divvy) run --gpus 0.5 \(words)"
                return try Program.run(["unshare", "-r", "sh", "-c", script], environment: pool.environment)
            }
            let result = try run("-- true")
            #expect(result.status == 0 && result.errors.contains("; unfenced: "), "\(result)")
            #expect(result.errors.contains("the share is not fenced: "), "\(result)")
            let refused = try run("--grade cooperative -- true")
            #expect(refused.status == 125 && refused.errors.contains("cannot be had"), "\(refused)")
        }
    }

    @Test func `that somebody else has is not seen from outside`() throws {
        try with { pool, program throws in
            let holder = try pool.running(
                ["--gpus", "0.5", "--gpu-memory", "1GiB", "--", program, "hold", "100"], to: "holder")
            defer { holder.signal(SIGKILL); holder.wait() }
            #expect(try eventually { pool.text("holder") == "held\n" })
            let outside = try Program.run([program, "info"], environment: pool.driverEnvironment)
            let total = try #require(outside.output.split(separator: " ").last.flatMap { Int($0.dropLast()) })
            #expect(total > 20 << 30, "\(outside)")
        }
    }

    @Test func `of 0.3 gets 30 of 100 beside one of 0.7`() throws {
        try with { pool, program throws in
            var seen: [Double] = []
            // A machine that is short of processor time starts kernels late: one good measurement of three will do.
            for _ in 0..<3 {
                seen = try pool.parts(
                    of: ["0.3", "0.7"].map {
                        ["--gpus", "\($0),device=0", "--gpu-memory", "2GiB", "--", program]
                    })
                if abs(seen[0] - 30) <= 3 { break }
            }
            #expect(abs(seen[0] - 30) <= 3, "\(seen)")
        }
    }

    @Test func `gives back what a killed process held, and is taken away with its lease`() throws {
        try with { pool, program throws in
            let script = "\(program) hold 700 & echo $! > \(pool.directory)/pid; sleep 100"
            let holder = try pool.running(
                ["--gpus", "0.5", "--gpu-memory", "1GiB", "--", "sh", "-c", script], to: "holder")
            defer { holder.signal(SIGKILL); holder.wait() }
            #expect(try eventually { try pool.fence("lease-1")?["memoryUsedBytes"] as? Int == 700 << 20 })
            let shown = try pool.divvy("show", "1").output
            #expect(shown.contains("limiter, \(pool.directory)/limiter/lease-1\n"), "\(shown)")
            #expect(shown.contains("0.5 GPU, 1 GiB; 700 MiB used, 700 MiB at most\n"), "\(shown)")
            let pid = try #require(pid_t(pool.text("pid").trimmingCharacters(in: .newlines)))
            kill(pid, SIGKILL)
            #expect(try eventually(2) { try pool.fence("lease-1")?["memoryUsedBytes"] as? Int == 0 })
            #expect(try pool.fence("lease-1")?["memoryPeakBytes"] as? Int == 700 << 20)
            holder.signal(SIGKILL)
            holder.wait()
            let files = "\(pool.directory)/limiter/lease-1"
            #expect(try eventually { !FileManager.default.fileExists(atPath: files) })
        }
    }

    @Test func `holds while the daemon is dead and when it is back`() throws {
        try with { pool, program throws in
            let script = """
                \(program) hold 600 & sleep 1; cd \(pool.directory)
                while [ ! -e dead ]; do sleep 0.1; done; \(program) fill 100; touch filled
                while [ ! -e back ]; do sleep 0.1; done; \(program) fill 50; sleep 100
                """
            let holder = try pool.running(
                ["--gpus", "0.5", "--gpu-memory", "1GiB", "--", "sh", "-c", script], to: "holder")
            defer { holder.signal(SIGKILL); holder.wait() }
            #expect(try eventually { pool.text("holder").contains("held") })
            pool.crash()
            FileManager.default.createFile(atPath: "\(pool.directory)/dead", contents: nil)
            #expect(try eventually { FileManager.default.fileExists(atPath: "\(pool.directory)/filled") })
            #expect(pool.text("holder").contains("400 2"))
            try pool.start()
            #expect(try eventually { try pool.fence("lease-1")?["memoryUsedBytes"] as? Int == 600 << 20 })
            #expect(try pool.lease("lease-1")["grade"] as? String == "cooperative")
            FileManager.default.createFile(atPath: "\(pool.directory)/back", contents: nil)
            #expect(try eventually { pool.text("holder").contains("400 2\n400 2") })
        }
    }
}

/// Which grade a lease gets is known before it is granted.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct `A grade` {
    @Test func `that cannot be had is refused with the reason`() throws {
        try Pool.with(profile: "2x-rtx-4090") { pool throws in
            let result = try pool.divvy("run", "--gpus", "0.5", "--grade", "enforced", "--", "true")
            #expect(result.status != 0)
            #expect(result.errors.contains("has no memory limits for cgroups; 615 and newer have"), "\(result.errors)")
            #expect(try pool.leases().isEmpty)
        }
    }

    @Test func `is exclusive for a whole GPU, with nothing of ours in the way`() throws {
        try Pool.with(profile: "2x-rtx-4090") { pool throws in
            let program = try LimitedProgram.build(for: pool)
            let script = "grep -c limiter /proc/self/mountinfo; \(program) info"
            let result = try pool.divvy(
                ["run", "--gpus", "1", "--", "sh", "-c", script], environment: pool.driverEnvironment)
            let lines = result.output.split(separator: "\n")
            #expect(lines.first == "0", "\(result)")
            #expect(lines.last?.hasPrefix("1073741824 ") == false)
            #expect((try pool.lease("lease-1")["heldBy"] as? [Any])?.isEmpty == true)
        }
    }

    @Test func `is unfenced where there is no limiter, and cooperative is refused there with the reason`() throws {
        let pool = try Pool(profile: "2x-rtx-4090")
        defer { pool.remove() }
        pool.extraEnvironment = ["DIVVY_LIMITER": "/nonexistent"]
        try pool.start()
        let plain = try pool.divvy("hold", "--gpus", "0.5", "-q")
        #expect(plain.output == "lease-1\n")
        #expect(try pool.lease("lease-1")["grade"] as? String == "unfenced")
        let wanted = try pool.divvy("hold", "--gpus", "0.5", "--grade", "cooperative")
        #expect(wanted.status != 0)
        #expect(wanted.errors.contains("the limiter's library is not installed"), "\(wanted.errors)")
    }

    @Test func `is unfenced where the driver has no CUDA library`() throws {
        let pool = try Pool(profile: "2x-rtx-4090")
        defer { pool.remove() }
        for name in try FileManager.default.contentsOfDirectory(atPath: "\(pool.directory)/sim/lib")
        where name.hasPrefix("libcuda") {
            try FileManager.default.removeItem(atPath: "\(pool.directory)/sim/lib/\(name)")
        }
        try pool.start()
        let wanted = try pool.divvy("hold", "--gpus", "0.5", "--grade", "cooperative")
        #expect(wanted.errors.contains("libcuda.so.1"), "\(wanted.errors)")
        #expect(try pool.divvy("hold", "--gpus", "0.5", "-q").status == 0)
        #expect(try pool.lease("lease-1")["grade"] as? String == "unfenced")
    }

    @Test func `is unfenced for a share by time`() throws {
        try Pool.with(profile: "2x-rtx-4090") { pool throws in
            let program = try LimitedProgram.build(for: pool)
            let result = try pool.divvy(
                ["run", "--gpus", "0.5", "--gpu-memory", "1GiB", "--share", "time", "--", program, "info"],
                environment: pool.driverEnvironment)
            #expect(result.errors.contains("; unfenced: "), "\(result.errors)")
            #expect(!result.output.contains("1073741824 1073741824"), "\(result)")
            let shell = try pool.divvy("hold", "--gpus", "0.25", "--env")
            #expect(shell.errors.contains("the share is not fenced: "), "\(shell.errors)")
            #expect(try pool.lease("lease-2")["grade"] as? String == "unfenced")
            let fenced = try pool.divvy("hold", "--gpus", "0.25", "--env", "--grade", "cooperative")
            #expect(fenced.status == 64, "\(fenced)")
            let both = try pool.divvy("hold", "--gpus", "0.5", "--share", "time", "--grade", "cooperative")
            #expect(both.errors.contains("a share by time is never fenced"), "\(both.errors)")
        }
    }
}
