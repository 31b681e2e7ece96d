import Engine
import Fleet
import Foundation
import Testing

@testable import Containers

@Suite struct ProcessHolderTests {
    private let lease = LeaseID(number: 5)

    private func sleeper(_ script: String = "exec sleep 100", reaped: Bool = true) throws -> pid_t {
        try spawn(["/bin/sh", "-c", script], reaped: reaped)
    }

    @Test(arguments: [
        ("Name:\tx\nNSpid:\t4711\t1\nUid:\t0", true), ("NSpid:\t4711\t7", false), ("NSpid:\t1", false), ("", false),
    ])
    func `the first process of a container is known by its ids`(status: String, isFirst: Bool) {
        #expect(ProcessTable.isFirstInNamespace(status: status) == isFirst)
    }

    @Test func `the end of a process is seen at once, and only its own`() async throws {
        try await WatchUnderTest.with { test in
            let (first, second) = try (sleeper(), sleeper())
            defer { kill(second, SIGKILL) }
            await test.watch.follow(.process(try identity(first)), of: lease, tenant: test.tenant)
            await test.watch.follow(.process(try identity(second)), of: LeaseID(number: 6), tenant: test.tenant)
            #expect(await test.sighting(0, within: .milliseconds(200)) == nil)
            kill(first, SIGKILL)
            #expect(await test.sighting(0, within: .seconds(20)) == .gone(lease))
            #expect(await test.sighting(1, within: .milliseconds(200)) == nil)
        }
    }

    @Test func `a process that has ended already, or another with its pid, is gone`() async throws {
        try await WatchUnderTest.with { test in
            let own = try identity(getpid())
            let others = [
                ProcessIdentity(pid: own.pid, startTicks: own.startTicks + 1, boot: own.boot),
                ProcessIdentity(pid: own.pid, startTicks: own.startTicks, boot: "another boot"),
                ProcessIdentity(pid: 4_194_305, startTicks: 1, boot: own.boot),
                ProcessIdentity(pid: -1, startTicks: 1, boot: own.boot),
                ProcessIdentity(pid: 0, startTicks: 1, boot: own.boot),
            ]
            for (index, process) in others.enumerated() {
                let lease = LeaseID(number: Int64(index) + 1)
                await test.watch.follow(.process(process), of: lease, tenant: test.tenant)
                #expect(await test.sighting(index, within: .seconds(20)) == .gone(lease))
                #expect(!ProcessTable.isRunning(process))
            }
            #expect(ProcessTable.isRunning(own))
        }
    }

    @Test func `a process that nobody has waited for is gone`() async throws {
        try await WatchUnderTest.with { test in
            let pid = try sleeper("exit 0", reaped: false)
            let process = try identity(pid)
            // It stays a zombie: this test is its parent and does not wait for it before the end.
            #expect(await test.sighting(0, within: .milliseconds(200)) == nil)
            #expect(!ProcessTable.isRunning(process))
            await test.watch.follow(.process(process), of: lease, tenant: test.tenant)
            #expect(await test.sighting(0, within: .seconds(20)) == .gone(lease))
            waitpid(pid, nil, 0)
        }
    }

    @Test func `nothing is told of what was forgotten or replaced`() async throws {
        try await WatchUnderTest.with { test in
            let pids = try (0..<3).map { _ in try sleeper() }
            await test.watch.follow(.process(try identity(pids[0])), of: lease, tenant: test.tenant)
            await test.watch.follow(.process(try identity(pids[1])), of: lease, tenant: test.tenant)
            let other = LeaseID(number: 6)
            await test.watch.follow(.process(try identity(pids[2])), of: other, tenant: test.tenant)
            await test.watch.forget(other)
            kill(pids[0], SIGKILL)
            kill(pids[2], SIGKILL)
            #expect(await test.sighting(0, within: .milliseconds(300)) == nil)
            kill(pids[1], SIGKILL)
            #expect(await test.sighting(0, within: .seconds(20)) == .gone(lease))
            await test.watch.follow(.nobody, of: lease, tenant: test.tenant)
            #expect(await test.sighting(1, within: .milliseconds(100)) == nil)
        }
    }

    @Test func `stopping asks first, and takes the group that the process leads along`() async throws {
        try await WatchUnderTest.with { test in
            let pid = try sleeper("sleep 100 & echo; wait")
            try await Task.sleep(for: .milliseconds(100))
            let child = try #require(children(of: pid).first)
            let holder = Holder.process(try identity(pid))
            await test.watch.follow(holder, of: lease, tenant: test.tenant)
            let start = ContinuousClock.now
            await test.watch.stop(holder, of: lease, tenant: test.tenant, grace: Span(seconds: 10))
            #expect(await test.sighting(0, within: .seconds(20)) == .gone(lease))
            #expect(ContinuousClock.now - start < .seconds(5))
            #expect(ProcessTable.status(of: child)?.isZombie != false)
        }
    }

    @Test func `a process that does not listen is ended after the grace`() async throws {
        try await WatchUnderTest.with { test in
            let pid = try sleeper("trap '' TERM; while :; do sleep 0.05; done")
            try await Task.sleep(for: .milliseconds(200))
            let holder = Holder.process(try identity(pid))
            await test.watch.follow(holder, of: lease, tenant: test.tenant)
            let start = ContinuousClock.now
            await test.watch.stop(holder, of: lease, tenant: test.tenant, grace: Span(milliseconds: 400))
            #expect(await test.sighting(0, within: .seconds(20)) == .gone(lease))
            #expect(ContinuousClock.now - start > .milliseconds(400))
        }
    }

    private func children(of pid: pid_t) -> [pid_t] {
        (HostFiles.names(in: "/proc") ?? []).compactMap { pid_t($0) }.filter {
            ProcessTable.status(of: $0)?.parent == pid
        }
    }

    @Test func `a descendant belongs to its holder's lease, and nobody else does`() async throws {
        try await WatchUnderTest.with { test in
            let pid = try sleeper("sh -c 'sleep 100; true' & wait")
            defer { kill(-pid, SIGKILL) }
            try await Task.sleep(for: .milliseconds(200))
            let child = try #require(children(of: pid).first)
            let grandchild = try #require(children(of: child).first)
            await test.watch.follow(.process(try identity(pid)), of: lease, tenant: test.tenant)
            let leases = await test.watch.leases(of: [pid, child, grandchild, getpid(), 1, 4_194_305])
            #expect(leases == [pid: lease, child: lease, grandchild: lease])
        }
    }

    @Test func `the ends of many processes at once are all seen`() async throws {
        try await WatchUnderTest.with { test in
            let pids = try (0..<50).map { _ in try sleeper() }
            defer { for pid in pids { kill(pid, SIGKILL) } }
            for (index, pid) in pids.enumerated() {
                let lease = LeaseID(number: Int64(index) + 1)
                await test.watch.follow(.process(try identity(pid)), of: lease, tenant: test.tenant)
            }
            #expect(test.sightings.isEmpty)
            for pid in pids { kill(pid, SIGKILL) }
            _ = await test.sighting(49, within: .seconds(5))
            #expect(Set(test.sightings).count == 50)
        }
    }

    @Test func `a program's name cannot confuse what is read of its process`() {
        let text = "12 (a) S 1) R (b) S 7 12 3 0 -1 4 0 0 0 0 1 2 3 4 20 0 1 0 998877 1000 0"
        let status = ProcessTable.parse(stat: text)
        #expect(status?.parent == 7)
        #expect(status?.group == 12)
        #expect(status?.startTicks == 998_877)
        #expect(ProcessTable.parse(stat: "12 (x) S 1") == nil)
        #expect(ProcessTable.parse(stat: "") == nil)
    }

    @Test func `container ids are read from every engine's cgroup paths`() {
        let id = String(repeating: "0123456789abcdef", count: 4)
        for path in [
            "/docker/\(id)", "/system.slice/docker-\(id).scope", "/libpod_parent/libpod-\(id)",
            "/a/libpod-\(id).scope/container",
        ] {
            #expect(ProcessTable.containers(in: "0::\(path)\n") == [id])
        }
        #expect(ProcessTable.containers(in: "0::/user.slice\n1:x:/\(id)0").isEmpty)
    }
}
