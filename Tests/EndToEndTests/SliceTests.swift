import Foundation
import Glibc
import Testing

/// Leases of MIG slices that exist, on the simulated driver.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct `A lease of a slice` {
    private func with(_ ids: [String], _ body: (Pool, String, [String]) throws -> Void) throws {
        let pool = try Pool()
        defer { pool.remove() }
        let uuids = try pool.cut(ids)
        try pool.start()
        try body(pool, try LimitedProgram.build(for: pool), uuids)
    }

    private func run(_ pool: Pool, _ words: String...) throws -> Program.Result {
        try pool.divvy(["run"] + words, environment: pool.driverEnvironment)
    }

    @Test func `has the slice's memory, without anything of ours in the way`() throws {
        try with(["19", "9"]) { pool, program, uuids throws in
            let small = try run(pool, "--slice", "1g.5gb", "--grade", "partitioned", "--", program, "info")
            #expect(small.output.hasSuffix(" \((4864 - 12) << 20) \((4864 - 12) << 20)\n"), "\(small)")
            #expect(small.errors.contains("slice 1g.5gb of GPU 0") && small.errors.contains("; partitioned: "))
            let fitting = try run(pool, "--share", "mig", "--gpu-memory", "10GiB", "--", program, "fill", "1000")
            #expect(fitting.output == "19000 2\n", "\(fitting)")
            let script = "echo $CUDA_VISIBLE_DEVICES; cat /proc/self/mountinfo"
            let named = try run(pool, "--gpus", "device=\(uuids[0])", "--", "sh", "-c", script)
            #expect(named.output.hasPrefix("\(uuids[0])\n") && !named.output.contains("limiter"), "\(named)")
        }
    }

    @Test func `stands beside another on the same GPU, and a third waits for one of them`() throws {
        try with(["19", "19"]) { pool, program, uuids throws in
            let holders = try ["a", "b"].map {
                try pool.running(["--slice", "1g.5gb", "--", program, "hold", "100"], to: $0)
            }
            #expect(try eventually { pool.text("a").hasPrefix("held") && pool.text("b").hasPrefix("held") })
            let granted = try ["lease-1", "lease-2"].map { id in
                let grants = try #require(try pool.lease(id)["grants"] as? [[String: Any]])
                let slice = try #require(grants.first?["slice"] as? [String: Any])
                #expect(slice["profile"] as? String == "1g.5gb" && slice["lease"] as? String == id)
                return try #require(slice["uuid"] as? String)
            }
            #expect(granted.sorted() == uuids.sorted())
            // Their processes are known by their slices and are nobody's foreign memory.
            #expect(
                try eventually {
                    let gpu = try pool.gpu(0)
                    let seen = (gpu["processes"] as? [[String: Any]] ?? []).map {
                        "\($0["slice"] as? String ?? "?") \($0["lease"] as? String ?? "?")"
                    }
                    let wanted = zip(granted, ["lease-1", "lease-2"]).map { "\($0) \($1)" }
                    return seen.sorted() == wanted.sorted()
                })
            let foreign = (try pool.gpu(0)["memory"] as? [String: Any])?["foreignBytes"] as? Int
            #expect(foreign == 0)
            let refused = try run(pool, "--slice", "1g.5gb", "--no-wait", "--", "true")
            #expect(refused.status != 0 && refused.errors.contains("all 2 slices 1g.5gb of "), "\(refused)")
            let third = try pool.running(["--slice", "1g.5gb", "--", "true"], to: "c")
            #expect(try eventually { try pool.leases()["lease-3"] == "waiting" })
            holders[0].signal(SIGTERM)
            #expect(third.wait() == 0, "\(pool.text("c.errors"))")
            holders[1].signal(SIGTERM)
            for holder in holders { holder.wait() }
        }
    }

    @Test func `is refused with what to do where there is none of its kind`() throws {
        try with(["19", "19"]) { pool, _, _ throws in
            let absent = try run(pool, "--slice", "3g.20gb", "--", "true")
            #expect(
                absent.errors.contains("; there are 2 of 1g.5gb; make one with nvidia-smi mig -i 0 -cgi 3g.20gb -C"),
                "\(absent)")
            let share = try run(pool, "--gpus", "0.5", "--grade", "partitioned", "--", "true")
            #expect(share.status != 0 && share.errors.contains("ask for a slice"), "\(share)")
        }
    }

    @Test func `leaves the other GPUs to shares and to whole leases`() throws {
        try with(["19"]) { pool, program, _ throws in
            let share = try run(pool, "--gpus", "0.5", "--gpu-memory", "1GiB", "--", program, "fill", "100")
            #expect(share.output == "1000 2\n" && share.errors.contains("; cooperative: "), "\(share)")
            let whole = try run(pool, "--gpus", "1", "--", program, "info")
            #expect(whole.status == 0 && whole.errors.contains("; exclusive: "), "\(whole)")
            #expect(try run(pool, "--gpus", "8", "--", "true").errors.contains("has 7 that will do"))
            let table = try pool.divvy("ls").output
            #expect(table.contains(/\n0:0 +1g\.5gb +4\.7 GiB +14 +MIG-\S+ +free\n/), "\(table)")
            #expect(table.contains("Requestable now: 7 x --gpus 1, ") && table.contains(", 1 x --slice 1g.5gb"))
        }
    }

    @Test func `ends when an administrator destroys the slice, and waits while somebody else runs on it`() throws {
        try with(["19", "9"]) { pool, program, uuids throws in
            let held = try pool.divvy("hold", "--slice", "1g.5gb", "--for", "1h")
            #expect(held.status == 0, "\(held)")
            let grants = try #require(try pool.lease("lease-1")["grants"] as? [[String: Any]])
            let mine = try #require((grants.first?["slice"] as? [String: Any])?["uuid"] as? String)
            let other = try #require(uuids.first { $0 != mine })
            let stray = try Program(
                [program, "hold", "64"],
                environment: pool.driverEnvironment.merging(["CUDA_VISIBLE_DEVICES": other]) { $1 },
                output: "\(pool.directory)/stray")
            defer { stray.signal(SIGKILL); stray.wait() }
            #expect(
                try eventually {
                    let slices = try pool.gpu(0)["slices"] as? [[String: Any]] ?? []
                    return slices.first { $0["uuid"] as? String == other }?["isForeign"] as? Bool == true
                })
            let refused = try run(pool, "--slice", "3g.20gb", "--no-wait", "--", "true")
            #expect(refused.errors.contains("is taken by a process without a lease"), "\(refused)")
            _ = try pool.slices("destroy", [mine])
            #expect(try eventually { try pool.leases()["lease-1"] == "ended" })
            #expect(try pool.lease("lease-1")["endReason"] as? String == "gpuLost")
        }
    }

    @Test func `is the same slice after the daemon died, and nobody else gets it`() throws {
        try with(["19"]) { pool, program, uuids throws in
            let holder = try pool.running(["--slice", "1g.5gb", "--", program, "hold", "100"], to: "a")
            #expect(try eventually { pool.text("a").hasPrefix("held") })
            pool.crash()
            try pool.start()
            let grants = try #require(try pool.lease("lease-1")["grants"] as? [[String: Any]])
            #expect((grants.first?["slice"] as? [String: Any])?["uuid"] as? String == uuids[0])
            let slice = try #require((try pool.gpu(0)["slices"] as? [[String: Any]])?.first)
            #expect(slice["lease"] as? String == "lease-1" && slice["isForeign"] as? Bool == false, "\(slice)")
            let refused = try run(pool, "--slice", "1g.5gb", "--no-wait", "--", "true")
            #expect(refused.errors.contains("the one slice 1g.5gb of "), "\(refused)")
            holder.signal(SIGKILL)
            holder.wait()
            #expect(try run(pool, "--slice", "1g.5gb", "--wait=10s", "--", "true").status == 0)
        }
    }

    @Test func `cannot be left for another's slice by a plain process`() throws {
        try with(["19", "19"]) { pool, program, uuids throws in
            let script = "for u in \(uuids.joined(separator: " ")); do CUDA_VISIBLE_DEVICES=$u \(program) info; done"
            let result = try run(pool, "--slice", "1g.5gb", "--", "sh", "-c", script)
            let lines = result.output.split(separator: "\n")
            #expect(lines.count { $0.hasSuffix(" \((4864 - 12) << 20)") } == 1, "\(result)")
            #expect(lines.count { $0.hasPrefix("cuInit: ") } == 1, "\(result)")
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
    func `is the one device that a program of NVIDIA's bindings sees`() throws {
        try with(["19", "9"]) { pool, _, _ throws in
            let program = """
                from cuda.bindings import driver as cuda
                cuda.cuInit(0)
                name = cuda.cuDeviceGetName(96, 0)[1].rstrip(b"\\0").decode()
                print(cuda.cuDeviceGetCount()[1], name, cuda.cuDeviceTotalMem(0)[1] >> 20)
                """
            let result = try run(pool, "--slice", "3g.20gb", "--", Self.python, "-c", program)
            #expect(result.output == "1 NVIDIA A100-SXM4-40GB MIG 3g.20gb \(19_968 - 12)\n", "\(result)")
        }
    }
}

/// Slices of containers, with engines for real. In CI these run as root; elsewhere they say what is missing.
@Suite(
    .tags(.engine), .serialized, .timeLimit(.minutes(5)),
    .enabled(
        if: Engines.areUsable || ProcessInfo.processInfo.environment["CI"] != nil,
        "a private dockerd and Podman store need root"))
struct `A slice of a container` {
    @Test(arguments: ["docker", "podman"])
    func `is all of the GPU that the container can reach`(engine: String) throws {
        try Engines.with { pool, engines throws in
            let uuids = try pool.cut(["19", "19"])
            #expect(try eventually { (try pool.gpu(0)["slices"] as? [Any])?.count == 2 })
            let program = try LimitedProgram.build(for: pool)
            func run(_ command: [String]) throws -> Program.Result {
                try pool.divvy(
                    ["run", "--engine", engine, "--rm", "--slice", "1g.5gb"] + engines.options(engine)
                        + LimitedProgram.options(program) + ["divvy-test"] + command)
            }
            let size = "\((4864 - 12) << 20)"
            let seen = try run(["limited", "info"])
            #expect(seen.output.hasSuffix(" \(size) \(size)\n"), "\(seen)")
            let nodes = try run(["sh", "-c", "echo /dev/nvidia[0-9]* /dev/nvidia-caps/*; ls /run/divvy; env"])
            #expect(
                nodes.output.contains(
                    /^\/dev\/nvidia0 \/dev\/nvidia-caps\/nvidia-cap\d+ \/dev\/nvidia-caps\/nvidia-cap\d+\n/),
                "\(nodes)")
            #expect(nodes.output.contains("NVIDIA_VISIBLE_DEVICES=void") && !nodes.output.contains("limiter"))
            let script =
                "unset CUDA_VISIBLE_DEVICES; limited info; "
                + "for u in \(uuids.joined(separator: " ")); do CUDA_VISIBLE_DEVICES=$u limited info; done"
            let tried = try run(["sh", "-c", script]).output.split(separator: "\n")
            // Its own, whether it is named or not, and not the other one.
            #expect(tried.count { $0.hasSuffix(" \(size) \(size)") } == 2, "\(tried)")
            #expect(tried.count { $0.hasPrefix("cuInit: ") } == 1, "\(tried)")
        }
    }
}

extension Pool {
    /// Runs the program that takes an administrator's place with the first GPU; the lines that it prints.
    @discardableResult
    func slices(_ what: String, _ words: [String] = []) throws -> [String] {
        let program = "\(directory)/slices"
        if access(program, X_OK) != 0 {
            let source = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
                .appendingPathComponent("Programs/slices.c").path
            let built = try Program.run(["cc", "-O1", "-o", program, source, "-ldl"])
            try #require(built.status == 0, "\(built.errors)")
        }
        let result = try Program.run([program, "\(directory)/sim/lib/libnvidia-ml.so.1", what, "0"] + words)
        try #require(result.status == 0, "\(what) \(words): \(result.output)")
        return result.output.split(separator: "\n").map(String.init)
    }

    /// Cuts the first GPU into slices of these profiles; their UUIDs.
    func cut(_ ids: [String]) throws -> [String] {
        try slices("on")
        return try slices("cut", ids)
    }

    /// A GPU as `divvy ls` has it.
    func gpu(_ index: Int) throws -> [String: Any] {
        let result = try divvy("ls", "-o", "json")
        let object = try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any]
        return try #require((object?["gpus"] as? [[String: Any]])?[index], "\(result.errors)")
    }
}
