import Engine
import Fleet
import Foundation
import Glibc
import Testing

@testable import Containers

/// Processes and cgroups of this machine, for real.
@Suite(.serialized, .timeLimit(.minutes(2)))
struct `An offender` {
    private let curbs = OffenderCurbs()

    private func offender(_ action: WatchdogAction, _ processes: [ProcessIdentity], lease: LeaseID? = nil) -> Offender {
        let first = processes.first?.pid ?? 0
        return Offender(
            Finding(.unleased, gpu: GPUID("GPU-1"), .process(pid: first, startTicks: 1)), lease: lease,
            processes: processes, action: action)
    }

    @Test(.enabled(if: TestCgroup.isPossible("freezer"), "needs root and a freezer"))
    func `that is alone in its cgroup is frozen with it, and goes on when it is lifted`() async throws {
        let cgroup = try TestCgroup("freezer")
        defer { cgroup.remove() }
        let ticker = try Ticker()
        defer { ticker.kill() }
        try cgroup.add(ticker.pid)
        let outcome = await curbs.curb(offender(.freeze, [ticker.identity]), standing: [])
        #expect(outcome.problems == [])
        #expect(outcome.done == ["frozen cgroup \(cgroup.directory)"])
        #expect(try await eventually { cgroup.isFrozen })
        // It is a second thing to find that it has stopped: whatever it was about to write is written by now.
        let count = ticker.count
        let again = await curbs.curb(offender(.freeze, [ticker.identity]), standing: outcome.curbs)
        #expect(again == CurbOutcome(), "what is held is not held twice")
        #expect(ticker.count == count)
        for curb in outcome.curbs { #expect(await curbs.lift(curb) == nil) }
        #expect(try await eventually { ticker.count > count })
        #expect(!cgroup.isFrozen)
    }

    @Test(.enabled(if: TestCgroup.isPossible("freezer"), "needs root and a freezer"))
    func `that a daemon froze before it could write that down is not left frozen`() async throws {
        let cgroup = try TestCgroup("freezer")
        defer { cgroup.remove() }
        let ticker = try Ticker()
        defer { ticker.kill() }
        try cgroup.add(ticker.pid)
        _ = await curbs.curb(offender(.freeze, [ticker.identity]), standing: [])
        #expect(try await eventually { cgroup.isFrozen })
        let outcome = await curbs.curb(offender(.freeze, [ticker.identity]), standing: [])
        for curb in outcome.curbs { #expect(await curbs.lift(curb) == nil) }
        #expect(try await eventually { !cgroup.isFrozen })
    }

    @Test(.enabled(if: TestCgroup.isPossible("freezer"), "needs root and a freezer"))
    func `that shares its cgroup is stopped by itself, and goes on when it is lifted`() async throws {
        let cgroup = try TestCgroup("freezer")
        defer { cgroup.remove() }
        let (ticker, bystander) = (try Ticker(), try Ticker())
        defer { ticker.kill(); bystander.kill() }
        try cgroup.add(ticker.pid)
        try cgroup.add(bystander.pid)
        let outcome = await curbs.curb(offender(.freeze, [ticker.identity]), standing: [])
        #expect(outcome.curbs == [.stopped(ticker.identity)])
        #expect(outcome.done == ["stopped process \(ticker.pid)"])
        #expect(try await eventually { ticker.state == "T" })
        let count = bystander.count
        #expect(try await eventually { bystander.count > count })
        for curb in outcome.curbs { #expect(await curbs.lift(curb) == nil) }
        #expect(try await eventually { ticker.state != "T" })
    }

    @Test(.enabled(if: TestCgroup.isPossible("freezer"), "needs root and a freezer"))
    func `in a container is frozen with the whole container`() async throws {
        let id = String(repeating: "0123456789abcdef", count: 4)
        let cgroup = try TestCgroup("freezer", below: "divvy-\(id).scope")
        defer { cgroup.remove() }
        let (ticker, other) = (try Ticker(), try Ticker())
        defer { ticker.kill(); other.kill() }
        try cgroup.add(ticker.pid)
        try cgroup.add(other.pid)
        let outcome = await curbs.curb(offender(.freeze, [ticker.identity]), standing: [])
        #expect(outcome.done == ["frozen cgroup \(cgroup.directory)"])
        #expect(try await eventually { cgroup.isFrozen })
        for curb in outcome.curbs { _ = await curbs.lift(curb) }
        #expect(try await eventually { !cgroup.isFrozen })
    }

    @Test(.enabled(if: TestCgroup.isPossible("cpu"), "needs root and a controller of processor time"))
    func `gets a tenth of a processor, and what it had before when that is lifted`() async throws {
        let cgroup = try TestCgroup("cpu")
        defer { cgroup.remove() }
        let ticker = try Ticker()
        defer { ticker.kill() }
        try cgroup.add(ticker.pid)
        let before = cgroup.processorTime
        let outcome = await curbs.curb(offender(.throttle, [ticker.identity]), standing: [])
        #expect(outcome.problems == [])
        #expect(["10000", "10000 100000"].contains(cgroup.processorTime))
        for curb in outcome.curbs { #expect(await curbs.lift(curb) == nil) }
        #expect(cgroup.processorTime == before && before != "10000")
    }

    @Test func `that shares its cgroup cannot be throttled, which is said, unless the gate holds it`() async throws {
        let ticker = try Ticker()
        defer { ticker.kill() }
        let outcome = await curbs.curb(offender(.throttle, [ticker.identity]), standing: [])
        #expect(outcome.done == [] && outcome.curbs == [])
        #expect(outcome.problems.first?.contains("cannot be throttled: it shares its cgroup") == true)

        let gate = Gate()
        var settings = OffenderCurbs.Settings()
        settings.gate = { gate.set($0, $1) }
        let gated = OffenderCurbs(settings)
        let lease = LeaseID(number: 5)
        let closed = await gated.curb(offender(.throttle, [ticker.identity], lease: lease), standing: [])
        #expect(closed.curbs == [.gateClosed(lease)] && closed.problems == [])
        #expect(gate.closed == [lease])
        #expect(await gated.lift(.gateClosed(lease)) == nil)
        #expect(gate.closed == [])
    }

    @Test func `is killed, and a later process with its pid is not`() async throws {
        let ticker = try Ticker()
        defer { ticker.kill() }
        let earlier = ProcessIdentity(
            pid: ticker.pid, startTicks: ticker.identity.startTicks - 1, boot: ProcessTable.boot)
        for action in [WatchdogAction.kill, .freeze, .throttle] {
            #expect(await curbs.curb(offender(action, [earlier]), standing: []) == CurbOutcome())
        }
        #expect(await curbs.lift(.stopped(earlier)) == nil)
        let count = ticker.count
        #expect(try await eventually { ticker.count > count })
        let outcome = await curbs.curb(offender(.kill, [ticker.identity]), standing: [])
        #expect(outcome.done == ["killed process \(ticker.pid)"] && outcome.curbs == [])
        #expect(try await eventually { !ProcessTable.isRunning(ticker.identity) })
        #expect(await curbs.curb(offender(.kill, [ticker.identity]), standing: []) == CurbOutcome())
    }

    @Test func `is never the daemon nor the machine's first process`() async throws {
        let own = try #require(ProcessTable.identity(of: getpid()))
        let first = try #require(ProcessTable.identity(of: 1))
        for action in WatchdogAction.allCases {
            #expect(await curbs.curb(offender(action, [own, first]), standing: []) == CurbOutcome())
        }
        let standings = await curbs.standing(of: [own, first], sparing: [])
        #expect(standings == [own.pid: .divvy, 1: .divvy])
    }

    @Test(.enabled(if: getuid() == 0, "a spared program's file is root's"))
    func `is spared by the name of a program that only root can change`() async throws {
        let (spared, writable, other) = (try Ticker(named: "Xorg"), try Ticker(named: "Xorg"), try Ticker())
        defer { for ticker in [spared, writable, other] { ticker.kill() } }
        chmod(try #require(writable.program), 0o777)
        let child = try Ticker(isChild: true)
        defer { child.kill() }
        let standings = await curbs.standing(
            of: [spared, writable, other, child].map(\.identity), sparing: ["Xorg", "weston"])
        #expect(
            standings == [
                spared.pid: .spared, writable.pid: .ordinary, other.pid: .ordinary, child.pid: .divvy,
            ])
    }
}

@Suite struct `Cgroup mounts` {
    @Test func `are read from a machine with both versions`() throws {
        let mounts = CgroupMounts(
            mountInfo: """
                30 25 0:26 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw
                31 25 0:27 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid shared:9 - cgroup cgroup rw,cpu,cpuacct
                32 25 0:28 /docker/x /sys/fs/cgroup/freezer rw - cgroup cgroup rw,freezer
                33 25 0:29 / /proc rw - proc proc rw
                """)
        #expect(mounts.unified == .init(directory: "/sys/fs/cgroup/unified", root: "/"))
        let text = "9:freezer:/docker/x/y\n4:cpuacct,cpu:/a.slice/b.scope\n1:name=systemd:/z\n0::/a.slice\n"
        #expect(mounts.cgroup(nil, in: text)?.directory == "/sys/fs/cgroup/unified/a.slice")
        #expect(mounts.cgroup("cpu", in: text)?.directory == "/sys/fs/cgroup/cpu,cpuacct/a.slice/b.scope")
        #expect(mounts.cgroup("freezer", in: text)?.directory == "/sys/fs/cgroup/freezer/y")
        #expect(mounts.cgroup("freezer", in: "9:freezer:/other\n") == nil, "it is not below what is mounted")
        #expect(mounts.cgroup("memory", in: text) == nil)
        #expect(mounts.cgroup("cpu", in: "4:cpu:/../../x\n") == nil)
        #expect(mounts.cgroup("cpu", in: "4:cpu:/\n")?.isRoot == true)
    }

    @Test func `know the innermost container of a path`() throws {
        let ids = ["ab", "cd"].map { String(repeating: $0, count: 32) }
        let mount = CgroupMounts.Mount(directory: "/c", root: "/")
        let nested = Cgroup(path: "/docker/\(ids[0])/docker/\(ids[1])/init.scope", mount: mount)
        #expect(nested?.ofContainer?.directory == "/c/docker/\(ids[0])/docker/\(ids[1])")
        let podman = Cgroup(path: "/machine.slice/libpod-\(ids[0]).scope/container", mount: mount)
        #expect(podman?.ofContainer?.directory == "/c/machine.slice/libpod-\(ids[0]).scope")
        #expect(Cgroup(path: "/user.slice/session-3.scope", mount: mount)?.ofContainer == nil)
    }
}
