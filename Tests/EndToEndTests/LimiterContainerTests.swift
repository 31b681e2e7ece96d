import Foundation
import Glibc
import Testing

/// Shares of containers, with engines for real. In CI these run as root; elsewhere they say what is missing.
@Suite(
    .tags(.engine), .serialized, .timeLimit(.minutes(5)),
    .enabled(
        if: Engines.areUsable || ProcessInfo.processInfo.environment["CI"] != nil,
        "a private dockerd and Podman store need root"))
struct `A share of a container` {
    private func with(_ body: (Pool, Engines, [String]) throws -> Void) throws {
        try Engines.with { pool, engines throws in
            let program = try LimitedProgram.build(for: pool)
            try body(pool, engines, LimitedProgram.options(program))
        }
    }

    private func run(
        _ pool: Pool, _ engines: Engines, _ engine: String, _ request: [String], _ options: [String],
        _ command: [String]
    ) throws -> Program.Result {
        try pool.divvy(
            ["run", "--engine", engine, "--rm"] + request + engines.options(engine) + options + ["divvy-test"]
                + command)
    }

    @Test(arguments: ["docker", "podman"])
    func `ends where its lease says, and the container cannot change that`(engine: String) throws {
        try with { pool, engines, options throws in
            let share = ["--gpus", "0.5", "--gpu-memory", "1GiB", "--grade", "cooperative"]
            let full = try run(pool, engines, engine, share, options, ["limited", "fill", "100"])
            #expect(full.output == "1000 2\n", "\(full)")
            let seen = try run(pool, engines, engine, share, options, ["env", "-i", "/bin/limited", "info"])
            #expect(seen.output == "1073741824 1073741824 1073741824\n", "\(seen)")
            let tools = try run(pool, engines, engine, share, options, ["limited", "tools", "300"])
            #expect(tools.output == "759169024 314572800 1073741824\n", "\(tools)")
            let script = "ls /run/divvy/limiter; echo x > /run/divvy/limiter/limits"
            let files = try run(pool, engines, engine, share, options, ["sh", "-c", script])
            #expect(files.output == "books\nlibcuda.so.1\nlibnvidia-ml.so.1\nlimits\n", "\(files)")
            #expect(files.status != 0 && files.errors.contains("Read-only"), "\(files)")
        }
    }

    @Test(arguments: ["docker", "podman"])
    func `is not there for a whole GPU`(engine: String) throws {
        try with { pool, engines, options throws in
            let script = "ls /run/divvy; mount; limited info"
            let result = try run(pool, engines, engine, ["--gpus", "1"], options, ["sh", "-c", script])
            #expect(result.status == 0 && !result.output.contains("limiter"), "\(result)")
            let total = try #require(result.output.split(separator: " ").last.flatMap { Int($0.dropLast()) })
            #expect(total > 30 << 30, "\(result)")
        }
    }

    @Test(arguments: ["docker", "podman"])
    func `of 0.3 gets 30 of 100 beside one of 0.7`(engine: String) throws {
        try with { pool, engines, options throws in
            let command = engines.options(engine) + options + ["divvy-test", "limited"]
            var seen: [Double] = []
            for _ in 0..<3 {
                seen = try pool.parts(
                    of: ["0.3", "0.7"].map {
                        ["--engine", engine, "--rm", "--gpus", "\($0),device=0", "--gpu-memory", "2GiB"] + command
                    })
                if abs(seen[0] - 30) <= 3 { break }
            }
            #expect(abs(seen[0] - 30) <= 3, "\(seen)")
        }
    }

    @Test(arguments: ["docker", "podman"])
    func `holds over the daemon's death, and gives back what a killed process held`(engine: String) throws {
        try with { pool, engines, options throws in
            let name = "limited-\(engine)"
            let started = try pool.divvy(
                ["run", "--engine", engine, "-d", "--name", name, "--gpus", "0.5", "--gpu-memory", "1GiB"]
                    + engines.options(engine) + options + ["divvy-test", "sh", "-c", "limited hold 700 & sleep 300"])
            #expect(started.status == 0, "\(started)")
            func used() throws -> Int? { try pool.fence("lease-1")?["memoryUsedBytes"] as? Int }
            #expect(try eventually { try used() == 700 << 20 })
            pool.crash()
            func inside(_ words: String...) throws -> Program.Result {
                try Program.run([engines.program(engine), "exec", name] + words, environment: engines.environment)
            }
            #expect(try inside("limited", "fill", "100").output == "300 2\n")
            try pool.start()
            #expect(try eventually { try used() == 700 << 20 })
            #expect(try inside("limited", "fill", "100").output == "300 2\n")
            _ = try inside(
                "sh", "-c",
                "kill -9 $(ls /proc | while read p; do [ \"$(cat /proc/$p/comm 2>&1)\" = limited ] && echo $p; done)")
            #expect(try eventually(2) { try used() == 0 })
            #expect(try inside("limited", "fill", "100").output == "1000 2\n")
            let killed = try Program.run([engines.program(engine), "kill", name], environment: engines.environment)
            #expect(killed.status == 0, "\(killed)")
            let files = "\(pool.directory)/limiter/lease-1"
            #expect(try eventually { !FileManager.default.fileExists(atPath: files) })
        }
    }
}
