import Foundation
import Glibc
import Testing

/// Docker and Podman for real. In CI these run as root; elsewhere they say what is missing.
@Suite(
    .tags(.engine), .serialized, .timeLimit(.minutes(5)),
    .enabled(
        if: Engines.areUsable || ProcessInfo.processInfo.environment["CI"] != nil,
        "a private dockerd and Podman store need root"))
struct `divvy run with a container` {
    @Test(arguments: ["docker", "podman"])
    func `gives it its GPUs, the engine's own options and the child's exit status`(engine: String) throws {
        try Engines.with { pool, engines throws in
            let script = "ls /dev/nvidia[0-9]*; echo $DIVVY_LEASE $NVIDIA_VISIBLE_DEVICES; cat /in/file; exit 9"
            let shared = "\(pool.directory)/shared"
            try FileManager.default.createDirectory(atPath: shared, withIntermediateDirectories: true)
            try "from the host\n".write(toFile: "\(shared)/file", atomically: true, encoding: .utf8)
            let result = try pool.divvy(
                ["run", "--engine", engine, "--gpus", "2", "--rm", "--memory", "64m", "-v", "\(shared):/in:ro"]
                    + engines.options(engine)
                    + ["-e", "NVIDIA_VISIBLE_DEVICES=all", "divvy-test", "sh", "-c", script])
            #expect(result.status == 9, "\(result)")
            let lines = result.output.split(separator: "\n").map(String.init)
            #expect(lines.filter { $0.hasPrefix("/dev/nvidia") }.count == 2, "\(result)")
            #expect(lines.contains("lease-1 void"), "\(result)")
            #expect(lines.last == "from the host")
            #expect(result.errors.contains("NVIDIA_VISIBLE_DEVICES"), "what is overruled is said")
            #expect(try eventually { try pool.leases()["lease-1"] == "ended" })
        }
    }

    @Test(arguments: ["docker", "podman"])
    func `follows a detached container over the daemon's own death until it ends`(engine: String) throws {
        try Engines.with { pool, engines throws in
            let started = try pool.divvy(
                ["run", "--engine", engine, "--gpus", "1", "-d", "--name", "worker"] + engines.options(engine)
                    + ["divvy-test", "sleep", "300"])
            #expect(started.status == 0, "\(started)")
            let id = started.output.trimmingCharacters(in: .whitespacesAndNewlines)
            #expect(id.count == 64)
            #expect(
                try eventually {
                    let lease = try pool.items("ps").first
                    return (lease?["holder"] as? [String: Any])?["container"] as? String == id
                })
            pool.crash()
            try pool.start()
            sleep(4)
            #expect(try pool.leases()["lease-1"] == "granted", "a container outlives the daemon")
            #expect(try pool.freeShares().filter { $0 == 0 }.count == 1)
            let killed = try Program.run([engines.program(engine), "kill", "worker"], environment: engines.environment)
            #expect(killed.status == 0, "\(killed)")
            #expect(try eventually { try pool.leases()["lease-1"] == "ended" })
        }
    }

    @Test(arguments: ["docker", "podman"])
    func `gives back what ended while the daemon was away`(engine: String) throws {
        try Engines.with { pool, engines throws in
            let started = try pool.divvy(
                ["run", "--engine", engine, "--gpus", "1", "-d", "--name", "gone"] + engines.options(engine)
                    + ["divvy-test", "sleep", "300"])
            #expect(started.status == 0, "\(started)")
            #expect(try eventually { try pool.items("ps").first.map { "\($0)".contains("container") } == true })
            pool.crash()
            #expect(
                try Program.run([engines.program(engine), "rm", "-f", "gone"], environment: engines.environment).status
                    == 0)
            try pool.start()
            #expect(try eventually { try pool.leases()["lease-1"] == "ended" })
            #expect(try pool.freeShares().allSatisfy { $0 == 1000 })
        }
    }

    @Test(arguments: ["docker", "podman"])
    func `stops the container when its time is up`(engine: String) throws {
        try Engines.with(["--grace", "1s"]) { pool, engines throws in
            let result = try pool.divvy(
                ["run", "--engine", engine, "--gpus", "1", "--for", "4s", "--rm"] + engines.options(engine)
                    + ["divvy-test", "sleep", "300"])
            #expect(result.status == 137 || result.status == 143, "\(result)")
            #expect(try eventually { try pool.leases()["lease-1"] == "ended" })
        }
    }

    @Test(arguments: [("docker", 127), ("podman", 127)])
    func `ends like the engine when the command is not there, and gives back`(engine: String, status: Int) throws {
        try Engines.with { pool, engines throws in
            let result = try pool.divvy(
                ["run", "--engine", engine, "--rm"] + engines.options(engine) + ["divvy-test", "/no/such/program"])
            #expect(result.status == Int32(status), "\(result)")
            let missing = try pool.divvy(
                ["run", "--engine", engine, "--rm", "--pull", "never"] + engines.options(engine) + [
                    "no-such-image", "x",
                ])
            #expect(missing.status == 125, "\(missing)")
            #expect(try eventually { try pool.freeShares().allSatisfy { $0 == 1000 } })
        }
    }

    @Test func `does not give back while the engine is dead and the container lives`() throws {
        try Engines.with { pool, engines throws in
            let started = try pool.divvy(
                ["run", "--engine", "docker", "--gpus", "1", "-d"] + engines.options("docker")
                    + ["divvy-test", "sleep", "300"])
            #expect(started.status == 0, "\(started)")
            #expect(try eventually { try pool.items("ps").first.map { "\($0)".contains("container") } == true })
            let dockerd = try #require(engines.dockerPid)
            kill(dockerd, SIGKILL)
            sleep(4)
            #expect(try pool.leases()["lease-1"] == "granted")
            #expect(try pool.freeShares().filter { $0 == 0 }.count == 1)
            // A dockerd without live-restore ends what ran before it when it comes back.
            try engines.restart()
            #expect(try eventually(30) { try pool.leases()["lease-1"] == "ended" })
        }
    }

    @Test(arguments: ["docker", "podman"])
    func `gives back when the command line dies before there is a container`(engine: String) throws {
        try Engines.with { pool, engines throws in
            // An engine that never gets as far as a container.
            let slow = "\(pool.directory)/slow"
            try FileManager.default.createDirectory(atPath: slow, withIntermediateDirectories: true)
            let path = engines.environment["PATH"] ?? ""
            try
                "#!/bin/sh\ncase \"$*\" in *divvy.lease=*) case \"$1\" in run) exec sleep 100;; esac;; esac\nPATH='\(path)' exec \(engine) \"$@\"\n"
                .write(toFile: "\(slow)/\(engine)", atomically: true, encoding: .utf8)
            chmod("\(slow)/\(engine)", 0o755)
            let program = try Program(
                [Pool.divvy, "run", "--engine", engine, "--gpus", "8", "divvy-test", "true"],
                environment: pool.environment.merging(["PATH": "\(slow):\(path)"]) { $1 },
                output: "\(pool.directory)/out")
            #expect(try eventually { try pool.freeShares().allSatisfy { $0 == 0 } })
            program.signal(SIGKILL)
            program.wait()
            #expect(try eventually { try pool.freeShares().allSatisfy { $0 == 1000 } })
        }
    }
}
