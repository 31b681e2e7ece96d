import Engine
import Fleet
import Foundation
import Testing

@testable import Isolation

/// A plain process lives in a cgroup with others until it is admitted.
@Suite(.enabled(if: LimitBench.isUsable, "making cgroups needs root"), .timeLimit(.minutes(1)))
struct `A plain process that the driver holds` {
    private let bench = LimitBench()
    private let ten = MemoryLimits(soft: .gibibytes(10), hard: .gibibytes(10))

    private func place(of lease: Int64, _ means: DriverLimitMeans) async throws -> String {
        try #require(await means.reading(of: LeaseID(number: lease))).source
    }

    private func processes(in cgroup: String) -> [Int32] { Cgroup(at: cgroup)?.processes ?? [] }

    @Test func `moves to a cgroup of its own with all that it starts, which goes with the last of them`() async throws {
        let means = bench.means()
        // It starts a child after it was admitted, which goes on when it ends.
        let file = bench.directory + "-go"
        defer { try? FileManager.default.removeItem(atPath: file) }
        let forking = try Sleeper(in: nil, "while [ ! -e \(file) ]; do sleep 0.01; done; sleep 1000 & exec sleep 1000")
        let lease = bench.lease(7)
        _ = try await means.hold(lease, on: bench.node())
        try await means.admit(Arrival(.process, forking.identity), of: lease, on: bench.node())
        let cgroup = try await place(of: 7, means)
        #expect(cgroup.hasSuffix("/divvy/lease-7") || cgroup.contains("/divvy/lease-7."))
        #expect(processes(in: cgroup).contains(forking.pid))
        #expect(bench.table.limits == [.init(cgroup: cgroup, gpu: LimitBench.first): ten])

        try Data().write(to: URL(filePath: file))
        #expect(await eventually { processes(in: cgroup).count == 2 })
        let child = try #require(processes(in: cgroup).first { $0 != forking.pid })
        forking.end()
        await means.release(lease.id)
        // Nobody's reservation any more, and still a limit.
        let key = LimitTable.Key(cgroup: cgroup, gpu: LimitBench.first)
        #expect(await eventually { bench.table.limits == [key: MemoryLimits(soft: .zero, hard: .gibibytes(10))] })
        kill(child, SIGKILL)
        #expect(await eventually { access(cgroup, F_OK) != 0 })
        #expect(bench.table.limits.isEmpty)
    }

    @Test func `finds the cgroup of another one of its lease`() async throws {
        let means = bench.means()
        let programs = [try Sleeper(), try Sleeper()]
        for program in programs {
            try await means.admit(Arrival(.process, program.identity), of: bench.lease(7), on: bench.node())
        }
        let cgroup = try await place(of: 7, means)
        #expect(Set(processes(in: cgroup)) == Set(programs.map(\.pid)))
        #expect(bench.table.limits.count == 1)
        programs[0].end()
        await means.release(LeaseID(number: 8))
        #expect(bench.table.limits == [.init(cgroup: cgroup, gpu: LimitBench.first): ten])
        programs[1].end()
        #expect(await eventually { access(cgroup, F_OK) != 0 })
    }

    @Test func `stays where it is when the driver refuses`() async throws {
        let means = bench.means()
        #expect(await means.problem(on: bench.node()) == nil)
        bench.table.fail(LimitBench.first, .failed("the GPU has fallen off the bus"))
        let program = try Sleeper()
        let before = SmallFile.text("/proc/\(program.pid)/cgroup")
        do {
            try await means.admit(Arrival(.process, program.identity), of: bench.lease(7), on: bench.node())
            Issue.record("it was admitted")
        } catch {
            #expect(error.description.hasSuffix("the GPU has fallen off the bus"))
        }
        #expect(SmallFile.text("/proc/\(program.pid)/cgroup") == before)
        // What could not be taken away is taken away with the next change of any lease.
        bench.table.fail(LimitBench.first, nil)
        await means.release(LeaseID(number: 7))
        #expect(bench.table.limits.isEmpty)
        #expect(try FileManager.default.contentsOfDirectory(atPath: bench.directory) == [])
    }

    @Test func `has its cgroup removed by the next daemon when it ended without one`() async throws {
        let program = try Sleeper()
        let before = bench.means(isWatching: false)
        try await before.admit(Arrival(.process, program.identity), of: bench.lease(7), on: bench.node())
        let cgroup = try await place(of: 7, before)
        program.end()
        #expect(access(cgroup, F_OK) == 0)
        try await bench.means().reconcile([], on: bench.node())
        #expect(access(cgroup, F_OK) != 0)
        #expect(bench.table.limits.isEmpty && bench.table.leaks.isEmpty)
    }
}
