import Engine
import Fleet
import Foundation
import Testing

@testable import Containers

extension WithEngines {
    /// Real containers in real engines.
    @Suite struct ContainerHolderTests {
        private let lease = LeaseID(number: Int64.random(in: 1_000_000...9_000_000))

        private func command(_ kind: EngineKind) throws -> EngineCommand {
            try #require(TestEngines.current?.commands[kind])
        }

        private func runWords(_ kind: EngineKind, _ options: [String], _ inside: [String]) throws -> [String] {
            var words = ["run", "--label", "divvy.lease=\(lease)", "--network", "none"]
            if kind == .podman { words += ["--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1000:1000"] }
            return try command(kind).words(words + options + ["divvy-test"] + inside)
        }

        /// Starts a container as `divvy run` does and waits until the watch has told of it.
        private func started(
            _ test: WatchUnderTest, _ kind: EngineKind, _ options: [String] = [],
            _ inside: [String] = ["/bin/sleep", "100"]
        ) async throws -> (id: String, commandLine: pid_t) {
            let pid = try spawn(runWords(kind, options, inside))
            let holder = Holder.starting(engine: kind.rawValue, try identity(pid))
            await test.watch.follow(holder, of: lease, tenant: test.tenant)
            let sighting = await test.sighting(0, within: .seconds(20))
            guard case .became(lease, .container(kind.rawValue, let id)) = sighting else {
                throw ContainerTestError(what: "no container appeared: \(String(describing: sighting))")
            }
            return (id, pid)
        }

        private func ask(_ kind: EngineKind, _ words: [String]) throws -> String {
            try run(command(kind).words(words)).output.trimmingCharacters(in: .whitespacesAndNewlines)
        }

        private func firstProcess(_ kind: EngineKind, _ id: String) throws -> pid_t {
            try #require(pid_t(ask(kind, ["inspect", "--format", "{{.State.Pid}}", id])))
        }

        @Test(arguments: EngineKind.allCases)
        func `a container appears, its processes are its lease's, and its end is seen`(kind: EngineKind) async throws {
            try await WatchUnderTest.with([command(kind)]) { test in
                let (id, commandLine) = try await started(test, kind)
                #expect(try ask(kind, ["ps", "-q", "--no-trunc"]) == id)
                let pid = try firstProcess(kind, id)
                #expect(await test.watch.leases(of: [pid, getpid()]) == [pid: lease])
                _ = try ask(kind, ["kill", id])
                let end = ContinuousClock.now
                #expect(await test.sighting(1, within: .seconds(10)) == .gone(lease))
                #expect(ContinuousClock.now - end < .seconds(3))
                await ended(commandLine)
                _ = try ask(kind, ["rm", "-f", id])
            }
        }

        @Test(arguments: EngineKind.allCases)
        func `a container that ends and is removed at once is gone`(kind: EngineKind) async throws {
            try await WatchUnderTest.with([command(kind)]) { test in
                let pid = try spawn(runWords(kind, ["--rm"], ["/bin/true"]))
                await test.watch.follow(
                    .starting(engine: kind.rawValue, try identity(pid)), of: lease, tenant: test.tenant)
                await ended(pid)
                for index in 0..<2 {
                    if await test.sighting(index, within: .seconds(10)) == .gone(lease) { return }
                }
                Issue.record("not gone: \(test.sightings)")
            }
        }

        @Test(arguments: EngineKind.allCases)
        func `a command line that starts nothing is gone as soon as it has ended`(kind: EngineKind) async throws {
            try await WatchUnderTest.with([command(kind)]) { test in
                let words = try command(kind).words([
                    "run", "--label", "divvy.lease=\(lease)", "--pull", "never", "localhost/none",
                ])
                let pid = try spawn(words)
                let holder = Holder.starting(engine: kind.rawValue, try identity(pid))
                await test.watch.follow(holder, of: lease, tenant: test.tenant)
                await ended(pid)
                #expect(await test.sighting(0, within: .seconds(5)) == .gone(lease))
            }
        }

        @Test(arguments: EngineKind.allCases)
        func `a container that cannot start its program does not hold the lease`(kind: EngineKind) async throws {
            try await WatchUnderTest.with([command(kind)]) { test in
                let pid = try spawn(runWords(kind, [], ["/no/such/program"]))
                let holder = Holder.starting(engine: kind.rawValue, try identity(pid))
                await test.watch.follow(holder, of: lease, tenant: test.tenant)
                await ended(pid)
                #expect(await test.sighting(0, within: .seconds(8)) == .gone(lease))
            }
        }

        @Test(arguments: EngineKind.allCases)
        func `a container in the background outlives its command line, and stopping ends it`(kind: EngineKind)
            async throws
        {
            try await WatchUnderTest.with([command(kind)]) { test in
                let (id, commandLine) = try await started(test, kind, ["-d", "--rm"])
                await ended(commandLine)
                #expect(await test.sighting(1, within: .seconds(3)) == nil)
                let holder = Holder.container(engine: kind.rawValue, id: id)
                await test.watch.follow(holder, of: lease, tenant: test.tenant)
                await test.watch.stop(holder, of: lease, tenant: test.tenant, grace: Span(seconds: 1))
                #expect(await test.sighting(1, within: .seconds(5)) == .gone(lease))
            }
        }

        @Test(arguments: EngineKind.allCases)
        func `a lease is kept while its engine restarts the container`(kind: EngineKind) async throws {
            try await WatchUnderTest.with([command(kind)]) { test in
                let (id, commandLine) = try await started(test, kind, ["-d", "--restart", "always"])
                await ended(commandLine)
                let first = try firstProcess(kind, id)
                kill(first, SIGKILL)
                #expect(await test.sighting(1, within: .seconds(4)) == nil)
                let second = try firstProcess(kind, id)
                #expect(second != first && second > 0)
                #expect(await test.watch.leases(of: [second]) == [second: lease])
                _ = try ask(kind, ["stop", "-t", "0", id])
                #expect(await test.sighting(1, within: .seconds(8)) == .gone(lease))
                _ = try ask(kind, ["rm", "-f", id])
            }
        }

        @Test func `restarting a container by hand keeps its lease`() async throws {
            try await WatchUnderTest.with([command(.docker)]) { test in
                let (id, commandLine) = try await started(test, .docker, ["-d"])
                await ended(commandLine)
                _ = try ask(.docker, ["restart", "-t", "0", id])
                #expect(await test.sighting(1, within: .seconds(2)) == nil)
                _ = try ask(.docker, ["rm", "-f", id])
                #expect(await test.sighting(1, within: .seconds(20)) == .gone(lease))
            }
        }

        @Test func `stopping while a container is being started stops what was started`() async throws {
            try await WatchUnderTest.with([command(.docker)]) { test in
                let pid = try spawn(runWords(.docker, [], ["/bin/sleep", "100"]))
                let holder = Holder.starting(engine: "docker", try identity(pid))
                await test.watch.follow(holder, of: lease, tenant: test.tenant)
                await test.watch.stop(holder, of: lease, tenant: test.tenant, grace: Span(seconds: 1))
                await ended(pid)
                for index in 0..<2 {
                    if await test.sighting(index, within: .seconds(8)) == .gone(lease) { break }
                }
                #expect(test.sightings.last == .gone(lease))
                #expect(try ask(.docker, ["ps", "-q", "--filter", "label=divvy.lease=\(lease)"]).isEmpty)
            }
        }

        @Test func `a watch that starts later finds the container that runs, and the one that does not`() async throws {
            let commandLine = try spawn(runWords(.docker, ["-d", "--rm"], ["/bin/sleep", "100"]))
            await ended(commandLine)
            let id = try ask(.docker, ["ps", "-q", "--no-trunc", "--filter", "label=divvy.lease=\(lease)"])
            try await WatchUnderTest.with([command(.docker)]) { test in
                await test.watch.follow(.container(engine: "docker", id: id), of: lease, tenant: test.tenant)
                let missing = String(repeating: "a", count: 64)
                let gone = LeaseID(number: 1)
                await test.watch.follow(.container(engine: "docker", id: missing), of: gone, tenant: test.tenant)
                #expect(await test.sighting(0, within: .seconds(20)) == .gone(gone))
                #expect(await test.sighting(1, within: .seconds(2)) == nil)
                _ = try ask(.docker, ["rm", "-f", id])
                #expect(await test.sighting(1, within: .seconds(20)) == .gone(lease))
            }
        }

        /// A user of the machine who can have containers without root; nil where there is none.
        private static let rootlessUser: Account? = (HostFiles.text("/etc/subuid") ?? "").split(separator: "\n").lazy
            .compactMap { line in
                getpwnam(String(line.prefix { $0 != ":" })).flatMap { Account(uid: $0.pointee.pw_uid) }
            }
            .first { $0.uid >= 1000 }

        @Test(.enabled(if: rootlessUser != nil || TestEngines.mustRun, "no user is in /etc/subuid"))
        func `a user's own container is followed as that user`() async throws {
            let user = try #require(Self.rootlessUser)
            let engines = try #require(TestEngines.current)
            let home = engines.directory + "/user"
            let podman = EngineCommand(
                kind: .podman, executable: try command(.podman).executable,
                globalArguments: [
                    "--root", home + "/root", "--runroot", home + "/run", "--tmpdir", home + "/tmp", "--storage-driver",
                    "vfs",
                    "--runtime", "runc", "--events-backend", "file",
                ])
            try run([
                "/bin/sh", "-c", "mkdir -p \(home) && chown \(user.uid) \(home) && chmod 755 \(engines.directory)",
            ])
            _ = try await podman.output(of: ["import", engines.directory + "/image.tar", "divvy-test"], as: user)
            try await WatchUnderTest.with([podman]) { test in
                let words = podman.words([
                    "run", "-d", "--rm", "--label", "divvy.lease=\(lease)", "--network", "none", "--ulimit",
                    "nofile=1024:1024", "--ulimit", "nproc=1000:1000", "divvy-test", "/bin/sleep", "100",
                ])
                let environment = ["HOME=\(user.home)", "PATH=/usr/bin:/usr/sbin:/bin:/sbin"]
                let pid = try spawn(
                    ["/usr/sbin/runuser", "-u", user.name, "--", "/usr/bin/env", "-i"] + environment + words)
                let tenant = Tenant(uid: user.uid, name: user.name)
                await test.watch.follow(.starting(engine: "podman", try identity(pid)), of: lease, tenant: tenant)
                guard case .became(lease, .container("podman", let id)) = await test.sighting(0, within: .seconds(20))
                else {
                    Issue.record("no container appeared: \(test.sightings)")
                    return
                }
                await ended(pid)
                #expect(await test.sighting(1, within: .seconds(3)) == nil)
                let holder = Holder.container(engine: "podman", id: id)
                await test.watch.stop(holder, of: lease, tenant: tenant, grace: Span(seconds: 1))
                #expect(await test.sighting(1, within: .seconds(5)) == .gone(lease))
            }
        }

        @Test func `an engine that is not there ends no lease while the container's processes run`() async throws {
            let commandLine = try spawn(runWords(.docker, ["-d"], ["/bin/sleep", "100"]))
            await ended(commandLine)
            let id = try ask(.docker, ["ps", "-q", "--no-trunc", "--filter", "label=divvy.lease=\(lease)"])
            let missing = EngineCommand(kind: .docker, executable: "/no/such/docker")
            try await WatchUnderTest.with([missing]) { test in
                await test.watch.follow(.container(engine: "docker", id: id), of: lease, tenant: test.tenant)
                #expect(await test.sighting(0, within: .seconds(3)) == nil)
            }
            _ = try ask(.docker, ["rm", "-f", id])
        }

        /// Without live-restore, a new daemon ends the containers that the old one left. Until then they run.
        @Test func `a killed daemon does not end the lease of a container that still runs`() async throws {
            let directory = try #require(TestEngines.current?.directory)
            try await WatchUnderTest.with([command(.docker)]) { test in
                let (id, commandLine) = try await started(test, .docker, ["-d"])
                await ended(commandLine)
                let pid = try firstProcess(.docker, id)
                let daemon = try #require(pid_t(contents(directory + "/docker.pid").filter(\.isNumber)))
                kill(daemon, SIGKILL)
                #expect(await test.sighting(1, within: .seconds(4)) == nil)
                #expect(ProcessTable.status(of: pid) != nil)
                #expect(await test.watch.leases(of: [pid]) == [pid: lease])
                kill(pid, SIGKILL)
                #expect(await test.sighting(1, within: .seconds(8)) == .gone(lease))
                let script = URL(filePath: #filePath).deletingLastPathComponent().path + "/../../Scripts/test-engines"
                #expect(try run([script, "start", directory]).status == 0)
                _ = try ask(.docker, ["rm", "-f", id])
            }
        }
    }
}

struct ContainerTestError: Error { let what: String }
