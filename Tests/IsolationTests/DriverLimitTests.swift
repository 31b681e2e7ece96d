import Engine
import Fleet
import Foundation
import Testing

@testable import Isolation

/// The driver's memory limits, with a driver that is a table, real cgroups and real processes.
@Suite(.enabled(if: LimitBench.isUsable, "making cgroups needs root"), .timeLimit(.minutes(1)))
struct `Memory limits of the driver` {
    private let bench = LimitBench()
    private let first = LimitBench.first
    private let second = LimitBench.second
    private let ten = MemoryLimits(soft: .gibibytes(10), hard: .gibibytes(10))

    private func refusal(_ body: () async throws(PreparationError) -> Void) async -> String? {
        do throws(PreparationError) {
            try await body()
            return nil
        } catch {
            return error.description
        }
    }

    @Test func `stand in a container's own cgroup once it is admitted, and not before`() async throws {
        let means = bench.means()
        #expect(await means.problem(on: bench.node()) == nil)
        let hold = try await means.hold(bench.lease(7), on: bench.node())
        #expect(hold == ShareHold(needsAdmission: true))
        #expect(bench.table.limits.isEmpty)
        let before = try #require(await means.reading(of: LeaseID(number: 7)))
        #expect(before.parts.map(\.memoryLimit) == [nil])
        #expect(before.parts[0].detail == "no limit yet: no program of it has started")

        let cgroup = try bench.cgroup()
        let container = try Sleeper(in: cgroup)
        try await means.admit(Arrival(.container, container.identity), of: bench.lease(7), on: bench.node())
        #expect(bench.table.limits == [.init(cgroup: cgroup, gpu: first): ten])
        let reading = try #require(await means.reading(of: LeaseID(number: 7)))
        #expect(reading.means == .driverLimits && reading.source == cgroup)
        #expect(
            reading.parts == [
                .init(gpu: first, memoryLimit: .gibibytes(10), memoryUsed: Bytes(1), detail: "10 GiB reserved")
            ])
        #expect(await means.reading(of: LeaseID(number: 8)) == nil)
    }

    @Test func `are set for each GPU, to what is granted there`() async throws {
        let means = bench.means()
        let lease = bench.lease(7, [first: .gibibytes(10), second: .gibibytes(3)])
        let container = try Sleeper(in: try bench.cgroup())
        try await means.admit(Arrival(.container, container.identity), of: lease, on: bench.node())
        #expect(bench.table.told == ["\(first) 10737418240 10737418240", "\(second) 3221225472 3221225472"])
        let reading = try #require(await means.reading(of: lease.id))
        #expect(reading.parts.map(\.gpu) == [first, second])
        #expect(reading.parts.map(\.memoryLimit) == [.gibibytes(10), .gibibytes(3)])
    }

    @Test func `are gone before the cgroup when the container's first process is killed`() async throws {
        let means = bench.means()
        for _ in 0..<20 {
            let cgroup = try bench.cgroup()
            let container = try Sleeper(in: cgroup)
            let lease = bench.lease(7, [first: .gibibytes(10), second: .gibibytes(3)])
            _ = try await means.hold(lease, on: bench.node())
            try await means.admit(Arrival(.container, container.identity), of: lease, on: bench.node())
            container.end()
            #expect(await eventually { bench.table.limits.isEmpty })
            #expect(rmdir(cgroup) == 0)
        }
        #expect(bench.table.leaks == [])
        #expect(try FileManager.default.contentsOfDirectory(atPath: bench.directory) == [])
    }

    @Test func `follow a container that starts again`() async throws {
        let means = bench.means()
        let cgroup = try bench.cgroup()
        for _ in 0..<3 {
            let container = try Sleeper(in: cgroup)
            try await means.admit(Arrival(.container, container.identity), of: bench.lease(7), on: bench.node())
            #expect(bench.table.limits == [.init(cgroup: cgroup, gpu: first): ten])
            container.end()
            #expect(await eventually { bench.table.limits.isEmpty })
        }
    }

    @Test func `lose the reservation with the lease, and hold whoever runs on`() async throws {
        let means = bench.means()
        let cgroup = try bench.cgroup()
        let container = try Sleeper(in: cgroup)
        try await means.admit(Arrival(.container, container.identity), of: bench.lease(7), on: bench.node())
        await means.release(LeaseID(number: 7))
        let key = LimitTable.Key(cgroup: cgroup, gpu: first)
        #expect(bench.table.limits == [key: MemoryLimits(soft: .zero, hard: .gibibytes(10))])
        await means.release(LeaseID(number: 7))
        #expect(bench.table.told.count == 2)
        container.end()
        #expect(await eventually { bench.table.limits.isEmpty })
        #expect(await means.reading(of: LeaseID(number: 7)) == nil)
    }

    @Test func `are taken up by the next daemon, which removes what is over`() async throws {
        let cgroups = [try bench.cgroup(), try bench.cgroup(), try bench.cgroup()]
        let containers = try cgroups.map { try Sleeper(in: $0) }
        let before = bench.means(isWatching: false)
        for (index, container) in containers.enumerated() {
            try await before.admit(
                Arrival(.container, container.identity), of: bench.lease(Int64(index + 1)), on: bench.node())
        }
        // One container ends while there is no daemon, one lease does.
        containers[1].end()
        #expect(bench.table.limits.count == 3)
        let after = bench.means()
        try await after.reconcile([bench.lease(1), bench.lease(2)], on: bench.node())
        #expect(
            bench.table.limits == [
                .init(cgroup: cgroups[0], gpu: first): ten,
                .init(cgroup: cgroups[2], gpu: first): MemoryLimits(soft: .zero, hard: .gibibytes(10)),
            ])
        #expect(await after.reading(of: LeaseID(number: 1))?.source == cgroups[0])
        containers[0].end()
        containers[2].end()
        #expect(await eventually { bench.table.limits.isEmpty })
        #expect(bench.table.leaks == [])
    }

    @Test func `reserve nothing while no daemon runs, and reserve again for the next one`() async throws {
        let cgroup = try bench.cgroup()
        let container = try Sleeper(in: cgroup)
        try await bench.means().admit(Arrival(.container, container.identity), of: bench.lease(1), on: bench.node())
        await bench.stop()
        let key = LimitTable.Key(cgroup: cgroup, gpu: first)
        #expect(bench.table.limits == [key: MemoryLimits(soft: .zero, hard: .gibibytes(10))])
        let after = bench.means()
        try await after.reconcile([bench.lease(1)], on: bench.node())
        #expect(bench.table.limits == [key: ten])
        container.end()
        #expect(await eventually { bench.table.limits.isEmpty })
    }

    @Test func `are set again by a daemon that finds them changed`() async throws {
        let cgroup = try bench.cgroup()
        let container = try Sleeper(in: cgroup)
        let before = bench.means(isWatching: false)
        try await before.admit(Arrival(.container, container.identity), of: bench.lease(1), on: bench.node())
        try await bench.table.setMemoryLimits(.none, ofCgroup: cgroup, on: first)
        try await bench.means().reconcile([bench.lease(1)], on: bench.node())
        #expect(bench.table.limits == [.init(cgroup: cgroup, gpu: first): ten])
    }

    @Test func `are refused in a cgroup that is shared with others`() async throws {
        let means = bench.means()
        let cgroup = try bench.cgroup()
        let stranger = try Sleeper(in: cgroup)
        let container = try Sleeper(in: cgroup)
        let refused = await refusal { () throws(PreparationError) in
            try await means.admit(Arrival(.container, container.identity), of: bench.lease(7), on: bench.node())
        }
        let pid = stranger.pid
        #expect(refused?.hasPrefix("the container of lease-7 shares the cgroup \(cgroup) with process \(pid)") == true)
        #expect(bench.table.limits.isEmpty)
    }

    @Test func `are refused in a cgroup above one with others`() async throws {
        let means = bench.means()
        let cgroup = try bench.cgroup()
        let below = cgroup + "/other"
        mkdir(below, 0o755)
        defer { rmdir(below) }
        let stranger = try Sleeper(in: below)
        let container = try Sleeper(in: cgroup)
        let refused = await refusal { () throws(PreparationError) in
            try await means.admit(Arrival(.container, container.identity), of: bench.lease(7), on: bench.node())
        }
        #expect(refused?.contains("with process \(stranger.pid)") == true)
        stranger.end()
    }

    @Test func `are refused to a second container of the lease while the first runs`() async throws {
        let means = bench.means()
        let cgroups = [try bench.cgroup(), try bench.cgroup()]
        let containers = try cgroups.map { try Sleeper(in: $0) }
        try await means.admit(Arrival(.container, containers[0].identity), of: bench.lease(7), on: bench.node())
        func second() async -> String? {
            await refusal { () throws(PreparationError) in
                try await means.admit(
                    Arrival(.container, containers[1].identity), of: bench.lease(7), on: bench.node())
            }
        }
        #expect(await second()?.hasPrefix("lease-7 runs in the cgroup \(cgroups[0]) already") == true)
        let other = await refusal { () throws(PreparationError) in
            try await means.admit(Arrival(.container, containers[0].identity), of: bench.lease(8), on: bench.node())
        }
        #expect(other?.hasPrefix("the cgroup \(cgroups[0]) is held to lease-7") == true)
        containers[0].end()
        #expect(await eventually { await second() == nil })
    }

    @Test func `that are not what the driver says afterwards are no limits`() async throws {
        let means = bench.means()
        let lease = bench.lease(7, [first: .gibibytes(10), second: .gibibytes(3)])
        #expect(await means.problem(on: bench.node()) == nil)
        bench.table.forget(second)
        let cgroup = try bench.cgroup()
        let container = try Sleeper(in: cgroup)
        let refused = await refusal { () throws(PreparationError) in
            try await means.admit(Arrival(.container, container.identity), of: lease, on: bench.node())
        }
        #expect(
            refused
                == "the driver does not hold the memory of lease-7 on \(second): it was told 3 GiB, and now says no "
                + "limit, of which 0 B are reserved")
        // The program must not start; what was set goes with it.
        container.end()
        #expect(await eventually { bench.table.limits.isEmpty })
    }

    @Test func `are refused to a process that has ended, or is another one by now`() async throws {
        let means = bench.means()
        let container = try Sleeper(in: try bench.cgroup())
        let identity = container.identity
        let another = ProcessIdentity(pid: identity.pid, startTicks: identity.startTicks - 1, boot: identity.boot)
        for process in [another, identity] {
            if process == identity { container.end() }
            let refused = await refusal { () throws(PreparationError) in
                try await means.admit(Arrival(.container, process), of: bench.lease(7), on: bench.node())
            }
            #expect(refused == "process \(identity.pid), which was to be held to lease-7, has ended")
        }
        #expect(bench.table.limits.isEmpty)
    }
}
