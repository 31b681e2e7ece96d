import Foundation
import Glibc
import Testing

/// Containers that ask for GPUs in their environment, with engines for real. In CI these run as root.
@Suite(
    .tags(.engine), .serialized, .timeLimit(.minutes(5)),
    .enabled(
        if: Engines.areUsable || ProcessInfo.processInfo.environment["CI"] != nil,
        "a private dockerd and Podman store need root"))
struct `A container of divvy-runtime` {
    private func with(profile: String = "2x-rtx-4090", _ body: (Registered) throws -> Void) throws {
        let pool = try Pool(profile: profile)
        defer { pool.remove() }
        let engines = try Engines(runtimes: [
            "divvy": ["path": Registered.program, "runtimeArgs": ["--divvy-socket", pool.socket]]
        ])
        defer { engines.remove() }
        pool.extraEnvironment = engines.environment
        try pool.start()
        try body(Registered(pool: pool, engines: engines))
    }

    @Test(arguments: ["docker", "podman"])
    func `has the share that its environment asks for, and ends where the share ends`(engine: String) throws {
        try with { machine throws in
            let limited = LimitedProgram.options(try LimitedProgram.build(for: machine.pool))
            let share = ["-e", "DIVVY_GPUS=0.5", "-e", "DIVVY_GPU_MEMORY=1GiB"]
            let info = try machine.run(engine, ["--rm"] + share + limited, ["limited", "info"])
            #expect(info.output == "1073741824 1073741824 1073741824\n", "\(info)")
            let full = try machine.run(engine, ["--rm"] + share + limited, ["limited", "fill", "100"])
            #expect(full.output == "1000 2\n", "\(full)")
            // What a container sets for itself decides nothing.
            let script = "DIVVY_GPU_MEMORY=9GiB limited fill 100; ls /dev/nvidia[0-9]"
            let own = try machine.run(engine, ["--rm"] + share + limited, ["sh", "-c", script])
            #expect(own.output == "1000 2\n/dev/nvidia0\n", "\(own)")
            #expect(try machine.pool.items("ps").isEmpty, "what has been deleted holds nothing")
            if engine == "docker" {
                let options = ["run", "--engine", "docker", "--runtime", "divvy", "--rm", "--gpus", "0.5"]
                let run = try machine.pool.divvy(
                    options + ["--gpu-memory", "1GiB"] + machine.engines.options("docker") + limited + [
                        "divvy-test", "limited", "info",
                    ])
                #expect(run.output == "1073741824 1073741824 1073741824\n", "one lease is enough: \(run)")
                #expect(try machine.pool.leases().count == 4)
            }
            #expect(try machine.records.isEmpty)
        }
    }

    @Test(arguments: ["docker", "podman"])
    func `is enforced where the driver can hold it, also by an engine without CDI`(engine: String) throws {
        try with(profile: "dgx-a100@615") { machine throws in
            let limited = LimitedProgram.options(try LimitedProgram.build(for: machine.pool))
            let share = ["-e", "DIVVY_GPUS=0.5", "-e", "DIVVY_GPU_MEMORY=2GiB", "-e", "DIVVY_GRADE=enforced"]
            let seen = try machine.run(engine, ["--rm"] + share + limited, ["limited", "fill", "100"])
            let held = try #require(Int(seen.output.prefix { $0 != " " }), "\(seen)")
            #expect((1000...2048).contains(held) && seen.output.hasSuffix(" 2\n"), "\(seen)")
            let started = try machine.run(engine, ["-d", "--name", "worker"] + share, ["sleep", "300"])
            #expect(started.status == 0, "\(started)")
            let lease = try #require(try machine.pool.items("ps").first?["id"] as? String)
            let means = try machine.pool.lease(lease)["heldBy"] as? [[String: Any]]
            #expect(means?.map { $0["means"] as? String } == ["driver-limits", "mps"])
            #expect(try machine.engine(engine, "rm", ["-f", "worker"]).status == 0)
            #expect(try eventually { try machine.pool.items("ps").isEmpty })
            if engine == "docker" {
                let run = try machine.pool.divvy(
                    [
                        "run", "--engine", "docker", "--rm", "--gpus", "0.5", "--gpu-memory", "2GiB", "--grade",
                        "enforced",
                    ]
                        + machine.engines.options("docker") + limited + ["divvy-test", "limited", "fill", "100"])
                #expect(run.output == seen.output, "\(run)")
            }
            // What stood would outlive the daemon.
            let directory = "\(machine.pool.directory)/mps"
            #expect(
                try eventually(30) { try FileManager.default.contentsOfDirectory(atPath: directory) == ["leases"] })
        }
    }

    @Test(arguments: ["docker", "podman"])
    func `holds its lease from its start to its end, and has another when it is started again`(engine: String) throws {
        try with { machine throws in
            let pool = machine.pool
            let options = ["-d", "--name", "worker", "-e", "DIVVY_GPUS=2", "-e", "NVIDIA_VISIBLE_DEVICES=all"]
            let started = try machine.run(engine, options, ["sleep", "300"])
            #expect(started.status == 0, "\(started)")
            let lease = try #require(try pool.items("ps").first)
            #expect(lease["name"] as? String == String(started.output.prefix(12)))
            let pid = try machine.engine(engine, "inspect", ["--format", "{{.State.Pid}}", "worker"]).output
            let holder = lease["holder"] as? [String: Any]
            #expect((holder?["pid"] as? Int).map { "\($0)\n" } == pid, "\(lease)")
            let devices = try machine.engine(engine, "exec", ["worker", "sh", "-c", "ls /dev/nvidia[0-9]"])
            #expect(devices.output == "/dev/nvidia0\n/dev/nvidia1\n", "\(devices)")
            let text = try String(contentsOfFile: "/proc/\(pid.dropLast())/environ", encoding: .utf8)
            let variables = text.split(separator: "\0")
            #expect(variables.contains("DIVVY_LEASE=lease-1") && variables.contains("NVIDIA_VISIBLE_DEVICES=void"))

            pool.crash()
            try pool.start()
            #expect(try pool.leases()["lease-1"] == "granted", "a container outlives the daemon")
            #expect(try machine.engine(engine, "kill", ["worker"]).status == 0)
            #expect(try eventually { try pool.leases()["lease-1"] == "ended" })

            #expect(try machine.engine(engine, "start", ["worker"]).status == 0)
            #expect(try pool.leases()["lease-2"] == "granted")
            pool.crash()
            #expect(try machine.engine(engine, "rm", ["-f", "worker"]).status == 0, "no daemon is needed to delete")
            try pool.start()
            #expect(try eventually { try pool.leases()["lease-2"] == "ended" })
            #expect(try pool.freeShares() == [1000, 1000])
            #expect(try machine.records.isEmpty)
        }
    }

    @Test(arguments: ["docker", "podman"])
    func `is not made when there is no room, or when a variable is a slip`(engine: String) throws {
        try with { machine throws in
            func refusal(_ variables: String...) throws -> String {
                let options = variables.flatMap { ["-e", $0] }
                let result = try machine.run(engine, ["--rm"] + options, ["true"])
                #expect([125, 126].contains(result.status), "\(result)")
                return result.errors
            }
            #expect(try refusal("DIVVY_GPUS=3").contains("divvy: it asks for 3 GPUs"))
            #expect(try refusal("DIVVY_GPU=1").contains("DIVVY_GPU is not known"))
            #expect(try refusal("DIVVY_GPU_MEMORY=much").contains("DIVVY_GPU_MEMORY: "))
            #expect(try refusal("DIVVY_LEASE=lease-99").contains("lease-99"))
            let held = try machine.pool.divvy("hold", "--gpus", "2", "--for", "1h")
            #expect(held.status == 0, "\(held)")
            #expect(try refusal("DIVVY_GPUS=0.5").contains("taken by leases"))
            #expect(try machine.pool.leases().count == 1)
            #expect(try machine.pool.divvy("release", "lease-1").status == 0)
            #expect(try refusal("DIVVY_LEASE=lease-1").contains("lease-1, which has ended"))
            machine.pool.crash()
            #expect(try refusal("DIVVY_GPUS=0.5").contains("no daemon"))
        }
    }

    @Test(arguments: ["docker", "podman"])
    func `that asks for nothing is as without Divvy, with or without a daemon`(engine: String) throws {
        try with { machine throws in
            machine.pool.crash()
            let script = ["sh", "-c", "env; ls /dev; cat /proc/self/mounts | cut -d ' ' -f 2-4 | grep -v etc"]
            let options = ["--rm", "--hostname", "same"]
            let plain = try machine.plain(engine, options, script)
            let ours = try machine.run(engine, options, script)
            #expect(ours.status == 0 && plain.status == 0, "\(ours) \(plain)")
            func lines(_ result: Program.Result) -> [Substring] {
                result.output.split(separator: "\n").filter { !$0.contains("overlay") && !$0.contains("HOSTNAME") }
                    .map { $0.split(separator: "/containers/").first ?? $0 }.sorted()
            }
            #expect(lines(ours) == lines(plain))
            let code = try machine.run(engine, ["--rm"], ["sh", "-c", "exit 7"])
            #expect(code.status == 7)
        }
    }

    @Test func `has the hooks of its lease, also with divvy run and an engine without CDI`() throws {
        try with { machine throws in
            let pool = machine.pool
            let (mark, socket) = ("\(pool.directory)/hooks", "\(pool.directory)/hooked.sock")
            let hook = try pool.script("hook", "echo \"$1\" >>\(mark); cat >>\(mark); echo >>\(mark)")
            let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().path + "/Programs/hooked.py"
            let hooked = try Program(
                ["/usr/bin/python3", script, socket, pool.socket, hook], output: "\(pool.directory)/hooked")
            defer {
                hooked.signal(SIGKILL)
                hooked.wait()
            }
            #expect(try eventually { FileManager.default.fileExists(atPath: socket) })
            try machine.register(socket: socket)

            let asked = try machine.run("docker", ["--rm", "-e", "DIVVY_GPUS=0.5"], ["sleep", "0"])
            #expect(asked.status == 0, "\(asked)")
            let run = ["run", "--engine", "docker", "--rm", "--gpus", "0.5"] + machine.engines.options("docker")
            func divvy(_ options: String...) throws -> Program.Result {
                let words = [Pool.divvy] + run + options + ["divvy-test", "sleep", "0"]
                return try Program.run(words, environment: pool.environment.merging(["DIVVY_SOCKET": socket]) { $1 })
            }
            let ran = try divvy()
            #expect(ran.status == 0, "\(ran)")
            let lines = try String(contentsOfFile: mark, encoding: .utf8).split(separator: "\n")
            #expect(lines.filter { $0.hasPrefix("lease-") } == ["lease-1", "lease-2"], "once for each container")
            let state = try #require(
                try JSONSerialization.jsonObject(with: Data(lines[1].utf8)) as? [String: Any], "\(lines)")
            #expect((state["pid"] as? Int ?? 0) > 1 && state["status"] as? String != "running", "\(state)")
            let other = try divvy("--runtime", "runc")
            #expect(other.status == 125 && other.errors.contains("--runtime runc chooses another"), "\(other)")
        }
    }

    @Test func `is found by what divvy knows of processes, also by what is executed in it`() throws {
        try with { machine throws in
            let limited = LimitedProgram.options(try LimitedProgram.build(for: machine.pool))
            let options = ["-d", "--name", "worker", "-e", "DIVVY_GPUS=0.5", "-e", "DIVVY_GPU_MEMORY=2GiB"] + limited
            #expect(try machine.run("docker", options, ["sleep", "300"]).status == 0)
            let inside = try machine.engine("docker", "exec", ["-d", "worker", "limited", "hold", "700"])
            #expect(inside.status == 0, "\(inside)")
            func processes() throws -> [[String: Any]] {
                let fleet = try machine.pool.divvy("ls", "-o", "json").output
                let object = try JSONSerialization.jsonObject(with: Data(fleet.utf8)) as? [String: Any]
                let gpus = object?["gpus"] as? [[String: Any]] ?? []
                return gpus.flatMap { $0["processes"] as? [[String: Any]] ?? [] }
            }
            #expect(try eventually { try processes().contains { $0["lease"] as? String == "lease-1" } })
        }
    }
}

/// A pool and engines that have `divvy-runtime`.
struct Registered {
    let pool: Pool
    let engines: Engines

    static let program = "\(Pool.binaries)/divvy-runtime"

    /// What is remembered of the containers that the pool has given leases to, which are called like them.
    var records: [String] {
        get throws {
            let names = try pool.items("ps", "-a").compactMap { $0["name"] as? String }
            let all = (try? FileManager.default.contentsOfDirectory(atPath: "/run/divvy/containers")) ?? []
            return all.filter { record in names.contains { record.contains("-\($0)") } }
        }
    }

    /// `docker VERB ...`, and the same of a Podman that is told of the runtime.
    func engine(_ engine: String, _ verb: String, _ words: [String]) throws -> Program.Result {
        let global =
            engine == "podman"
            ? ["--runtime", Registered.program, "--runtime-flag", "divvy-socket=\(pool.socket)"] : []
        return try Program.run([engines.program(engine)] + global + [verb] + words, environment: engines.environment)
    }

    /// Tells Docker's daemon of another socket for the runtime.
    func register(socket: String) throws {
        let runtime: [String: Any] = ["path": Registered.program, "runtimeArgs": ["--divvy-socket", socket]]
        try JSONSerialization.data(withJSONObject: ["runtimes": ["divvy": runtime]])
            .write(to: URL(fileURLWithPath: "\(engines.directory)/daemon.json"))
        let pid = try #require(engines.dockerPid)
        kill(pid, SIGTERM)
        try #require(try eventually(30) { kill(pid, 0) != 0 })
        try engines.restart()
    }

    func run(_ engine: String, _ options: [String], _ command: [String]) throws -> Program.Result {
        let runtime = engine == "docker" ? ["--runtime", "divvy"] : []
        return try self.engine(engine, "run", runtime + options + engines.options(engine) + ["divvy-test"] + command)
    }

    /// The same with the engine's own runtime.
    func plain(_ engine: String, _ options: [String], _ command: [String]) throws -> Program.Result {
        let words = [engines.program(engine), "run"] + options + engines.options(engine) + ["divvy-test"] + command
        return try Program.run(words, environment: engines.environment)
    }
}
