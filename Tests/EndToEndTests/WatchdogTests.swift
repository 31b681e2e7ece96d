import Foundation
import Glibc
import Testing

/// What nothing in a program fences, seen from outside. Programs escape the limiter by a CUDA library of their own.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct `The watchdog of a pool` {
    private func with(_ settings: String, _ body: (Pool, String) throws -> Void) throws {
        let pool = try Pool(profile: "2x-rtx-4090")
        defer { pool.remove() }
        try pool.watch(settings)
        try pool.start()
        try body(pool, try LimitedProgram.build(for: pool))
    }

    private func run(_ pool: Pool, _ program: String, _ words: String..., to file: String) throws -> Program {
        try pool.running(
            ["--gpus", "0.5", "--gpu-memory", "1GiB", "--", "env", "LD_LIBRARY_PATH=\(try pool.ownDriver())", program]
                + words, to: file)
    }

    @Test(arguments: ["hold", "managed"])
    func `kills a program with a driver library of its own that holds more than its lease`(how: String) throws {
        try with("overMemory: kill") { pool, program throws in
            let honest = try pool.running(
                ["--gpus", "0.5", "--gpu-memory", "10GiB", "--", program, "hold", "9000"], to: "honest")
            defer { honest.signal(SIGKILL); honest.wait() }
            #expect(try eventually { pool.text("honest") == "held\n" })
            let greedy = try run(pool, program, how, "3000", to: "greedy")
            #expect(try eventually { pool.text("greedy") == "held\n" }, "\(pool.text("greedy.errors"))")
            #expect(try eventually(5) { try pool.events("leaseOverMemory").count == 1 })
            #expect(
                try pool.events("leaseOverMemory").first?.contains(
                    "lease-2 holds 3.1 GiB of GPU 0 and was granted 1 GiB")
                    == true)
            #expect(try eventually(2) { !greedy.isRunning })
            #expect(greedy.wait() == 128 + SIGKILL)
            #expect(try pool.events("watchdogActed").count == 1)
            #expect(try eventually(3) { try pool.events("watchdogCleared").count == 1 })
            #expect(try eventually { try pool.leases()["lease-2"] == "ended" })
            #expect(honest.isRunning, "it keeps to its lease")
        }
    }

    @Test func `only warns of what its settings do not name`() throws {
        try with("samples: 2") { pool, program throws in
            let greedy = try run(pool, program, "hold", "3000", to: "greedy")
            defer { greedy.signal(SIGKILL); greedy.wait() }
            #expect(try eventually(5) { try pool.events("leaseOverMemory").count == 1 })
            #expect(try pool.events("watchdogActed") == [])
            #expect(greedy.isRunning)
            #expect(try pool.divvy("release", "1").status == 0)
            #expect(try eventually(5) { try pool.events("watchdogCleared").count == 1 })
        }
    }

    @Test func `stops a lease in a login session process by process, and lets it go to be ended`() throws {
        try with("overMemory: freeze") { pool, program throws in
            let greedy = try run(pool, program, "hold", "3000", to: "greedy")
            #expect(try eventually(5) { pool.stoppedProcesses("limited") == 1 })
            #expect(greedy.isRunning)
            #expect(try pool.divvy("release", "1").status == 0)
            // It is to end by being asked, and not after the ten seconds' grace by being made to.
            #expect(try eventually(6) { !greedy.isRunning })
            #expect(greedy.wait() == 128 + SIGTERM)
            #expect(try eventually(3) { try pool.events("watchdogCleared").count == 1 })
        }
    }

    @Test(arguments: ["freeze", "kill", "warn"])
    func `finds a process without a lease within five seconds`(action: String) throws {
        try with("unleased: \(action)") { pool, program throws in
            let stranger = try Program(
                [program, "hold", "3000"], environment: pool.driverEnvironment, output: "\(pool.directory)/stranger")
            defer { stranger.signal(SIGKILL); stranger.wait() }
            #expect(try eventually { pool.text("stranger") == "held\n" })
            #expect(try eventually(5) { try pool.events("processUnleased").count == 1 })
            let told = try #require(try pool.events("processUnleased").first)
            #expect(
                told.contains("process \(stranger.pid) (") && told.contains("hold 3000) is on GPU 0 without a lease"))
            switch action {
            case "freeze": #expect(try eventually(2) { pool.stoppedProcesses("limited") == 1 })
            case "kill": #expect(try eventually(2) { !stranger.isRunning })
            default: #expect(stranger.isRunning && pool.stoppedProcesses("limited") == 0)
            }
            #expect(try pool.metric("divvy_watchdog_findings_total{kind=\"unleased\",action=\"\(action)\"}") == "1")
            if action != "kill" {
                #expect(try pool.metric("divvy_watchdog_open_findings{kind=\"unleased\"}") == "1")
            }
            stranger.signal(SIGKILL)
            #expect(try eventually { try pool.events("watchdogCleared").count == 1 })
            #expect(try pool.metric("divvy_watchdog_open_findings{kind=\"unleased\"}") == "0")
        }
    }

    @Test func `remembers over the daemon's death whom it stopped, and lets them go when it is to only warn`() throws {
        try with("unleased: freeze") { pool, program throws in
            let stranger = try Program(
                [program, "hold", "3000"], environment: pool.driverEnvironment, output: "\(pool.directory)/stranger")
            defer { stranger.signal(SIGKILL); stranger.wait() }
            #expect(try eventually { try pool.events("watchdogActed").count == 1 })
            pool.crash()
            #expect(pool.stoppedProcesses("limited") == 1)
            try pool.watch("unleased: warn")
            try pool.start()
            #expect(try eventually(6) { pool.stoppedProcesses("limited") == 0 })
            #expect(stranger.isRunning)
            #expect(try eventually(6) { try pool.events("processUnleased").count == 2 })
        }
    }

    @Test func `says of bad settings what is accepted`() throws {
        let pool = try Pool(profile: "2x-rtx-4090")
        defer { pool.remove() }
        try pool.watch("unleased: shout")
        try pool.launch()
        #expect(pool.daemon?.wait() == 78)
        #expect(
            pool.log.contains("\"shout\" is no value of watchdog.unleased; it is off, warn, throttle, freeze or kill"))
    }
}

/// The same for containers, with engines for real.
@Suite(
    .tags(.engine), .serialized, .timeLimit(.minutes(5)),
    .enabled(
        if: Engines.areUsable || ProcessInfo.processInfo.environment["CI"] != nil,
        "a private dockerd and Podman store need root"))
struct `The watchdog of containers` {
    @Test(arguments: ["docker", "podman"])
    func `freezes one whose image has a driver library of its own, and lets it go to be ended`(engine: String) throws {
        try Engines.with { pool, engines throws in
            pool.stop()
            try pool.watch("overMemory: freeze")
            try pool.start()
            let program = try LimitedProgram.build(for: pool)
            let own = "\(try pool.ownDriver())/libcuda.so.1"
            let started = try pool.divvy(
                [
                    "run", "--engine", engine, "-d", "--name", "greedy-\(engine)", "--gpus", "0.5", "--gpu-memory",
                    "1GiB",
                ]
                    + engines.options(engine) + LimitedProgram.options(program) + ["-v", "\(own):/own/libcuda.so.1:ro"]
                    + ["divvy-test", "env", "LD_LIBRARY_PATH=/own", "/bin/limited", "hold", "3000"])
            #expect(started.status == 0, "\(started)")
            let id = started.output.trimmingCharacters(in: .whitespacesAndNewlines)
            #expect(try eventually(5) { try pool.events("watchdogActed").count == 1 })
            let acted = try #require(try pool.events("watchdogActed").first)
            #expect(acted.contains("lease-1 over its memory of GPU 0: divvy has frozen cgroup "), "\(acted)")
            #expect(acted.contains(id), "\(acted) is not of container \(id)")
            #expect(try pool.divvy("release", "1").status == 0)
            #expect(try eventually(14) { try pool.leases()["lease-1"] == "ended" })
            #expect(try eventually(3) { try pool.events("watchdogCleared").count == 1 })
        }
    }
}

extension Pool {
    /// Writes a configuration whose watchdog has one setting, for the daemon that starts next.
    fileprivate func watch(_ setting: String) throws {
        try "watchdog:\n  \(setting)\n".write(toFile: "\(directory)/config.yaml", atomically: true, encoding: .utf8)
        options = ["--config", "\(directory)/config.yaml"]
    }

    /// A directory with a CUDA library that is not the one in whose place the limiter stands.
    fileprivate func ownDriver() throws -> String {
        let own = "\(directory)/sim/own"
        if !FileManager.default.fileExists(atPath: own) {
            try FileManager.default.createDirectory(atPath: own, withIntermediateDirectories: false)
            try FileManager.default.copyItem(atPath: "\(directory)/sim/lib/libcuda.so.1", toPath: "\(own)/libcuda.so.1")
        }
        return own
    }

    /// What was told of a kind.
    fileprivate func events(_ kind: String) throws -> [String] {
        try items("events").filter { $0["kind"] as? String == kind }.compactMap { $0["text"] as? String }
    }

    /// How many processes with a name, that have this pool's directory in their command, are stopped.
    fileprivate func stoppedProcesses(_ name: String) -> Int {
        let pids = ((try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []).compactMap { pid_t($0) }
        return pids.count { pid in
            func text(_ file: String) -> String {
                (try? String(contentsOfFile: "/proc/\(pid)/\(file)", encoding: .utf8)) ?? ""
            }
            return text("cmdline").contains(directory) && text("stat").contains("(\(name)) T ")
        }
    }

    /// A metric's value, read as monitoring would.
    fileprivate func metric(_ name: String) throws -> String? {
        let answer = try Program.run(["curl", "-s", "--unix-socket", socket, "http://localhost/metrics"])
        try #require(answer.status == 0, "\(answer)")
        let line = answer.output.split(separator: "\n").first { $0.hasPrefix("\(name) ") }
        return line.map { String($0.dropFirst(name.count + 1)) }
    }
}
