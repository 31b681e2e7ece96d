import Engine
import Fleet
import Foundation
import Testing

@testable import Isolation

/// One client's end or fault is not to be everybody's, and where it is, somebody says so and repairs it.
@Suite(.serialized)
struct MultiProcessFaultTests {
    private let illegalAddress = 700
    private let terminated = 810

    private func both(
        _ machine: ServiceMachine, _ service: MultiProcessService
    ) async throws -> (ServiceProgram, ServiceProgram, ShareHold) {
        let first = try await service.hold(machine.lease(1, milli: 400), on: machine.node)
        let second = try await service.hold(machine.lease(2, milli: 400), on: machine.node)
        let (one, two) = (try machine.program(first), try machine.program(second))
        try #require(try await one.start() == 0)
        try #require(try await two.start() == 0)
        return (one, two, first)
    }

    @Test func `a lease that is drained before it is killed leaves all others whole`() async throws {
        let machine = try ServiceMachine()
        try await machine.with { service in
            let (one, two, _) = try await both(machine, service)
            #expect(try await one.does("launch sim_10s") == 0)
            await service.drain(LeaseID(number: 1))
            #expect(try await one.does("wait") == terminated)
            one.kill()
            #expect(try await two.does("launch sim_100us") == 0)
            #expect(try await two.does("wait") == 0)
            let third = try await service.hold(machine.lease(3, milli: 200), on: machine.node)
            let program = try machine.program(third)
            #expect(try await program.start() == 0)
            #expect(await service.troubles().isEmpty)
            program.end()
            two.end()
        }
        #expect(machine.told.isEmpty)
    }

    @Test
    func `a server that hangs is noticed by the probe, named with whom it hit, and begun anew once nobody is on it`()
        async throws
    {
        let machine = try ServiceMachine()
        try await machine.with({ $0.probeLimit = .milliseconds(700) }) { service in
            let (one, two, hold) = try await both(machine, service)
            let gpu = machine.node.gpus[0].id
            #expect(try await one.does("launch sim_10s") == 0)
            one.kill()
            let start = ContinuousClock.now
            #expect(try await machine.waits { await service.troubles()[gpu] != nil })
            // One period, two probes, and what else this machine does.
            #expect(ContinuousClock.now - start < .seconds(6))
            #expect(machine.told == [.wedged(gpu, hit: [LeaseID(number: 2)])])
            let refusal = await #expect(throws: PreparationError.self) {
                try await service.hold(machine.lease(3, milli: 200), on: machine.node)
            }
            #expect(refusal?.description.contains("serves nobody new") == true)
            #expect(try await two.does("launch sim_100us") == illegalAddress)
            two.end()
            #expect(try await machine.waits { await service.troubles().isEmpty }, "\(machine.told)")
            #expect(machine.told.last == .well(gpu))
            // What was mounted into the lease's containers leads to the new server.
            let again = try machine.program(hold)
            #expect(try await again.start() == 0)
            #expect(try await again.does("parts") == 52)
            again.end()
        }
    }

    @Test func `a server on which all that is left hangs is begun anew`() async throws {
        let machine = try ServiceMachine()
        try await machine.with({
            $0.probeLimit = .milliseconds(700)
            $0.hungAfter = .seconds(1)
        }) { service in
            let (one, two, hold) = try await both(machine, service)
            #expect(try await one.does("launch sim_10s") == 0)
            one.kill()
            let hung = try machine.program(hold)
            #expect(try await machine.waits { await !service.troubles().isEmpty })
            two.end()
            #expect(try await machine.waits { await service.troubles().isEmpty }, "\(machine.told)")
            let again = try machine.program(hold)
            #expect(try await again.start() == 0)
            hung.kill()
            again.end()
        }
    }

    @Test func `a fault is told of, and nobody new is put there until the server is well`() async throws {
        let machine = try ServiceMachine()
        try await machine.with { service in
            let (one, two, hold) = try await both(machine, service)
            let gpu = machine.node.gpus[0].id
            #expect(try await one.does("launch sim_10us_fault") == 0)
            #expect(try await one.does("wait") == illegalAddress)
            #expect(try await two.does("wait") == illegalAddress)
            #expect(try await machine.waits { await service.troubles()[gpu]?.contains("a fault") == true })
            #expect(
                machine.told == [.faulted(gpu, hit: [LeaseID(number: 1), LeaseID(number: 2)])])
            await #expect(throws: PreparationError.self) {
                try await service.hold(machine.lease(3, milli: 200), on: machine.node)
            }
            #expect(try await machine.health(with: service) == [false] + Array(repeating: true, count: 7))
            one.end()
            two.end()
            #expect(try await machine.waits { await service.troubles().isEmpty }, "\(machine.told)")
            let again = try machine.program(hold)
            #expect(try await again.start() == 0)
            again.end()
        }
    }

    @Test func `a server that was killed is told of, and begun anew with what every lease has`() async throws {
        let machine = try ServiceMachine()
        try await machine.with { service in
            let (one, two, hold) = try await both(machine, service)
            let gpu = machine.node.gpus[0].id
            let server = try #require(await service.ownProcesses().first)
            kill(server, SIGKILL)
            #expect(try await machine.waits { await service.troubles()[gpu] != nil })
            #expect(machine.told.first == .gone(gpu, hit: [LeaseID(number: 1), LeaseID(number: 2)]))
            // They have lost their contexts, and as long as they live the GPU is not free for a new server.
            one.end()
            two.end()
            #expect(try await machine.waits { await service.troubles().isEmpty }, "\(machine.told)")
            #expect(await service.ownProcesses().first != server)
            #expect(machine.told.last == .well(gpu))
            let again = try machine.program(hold)
            #expect(try await again.start() == 0)
            #expect(try await again.does("parts") == 52)
            again.end()
        }
    }

    @Test func `a daemon that stops while it probes leaves servers and programs alone`() async throws {
        let machine = try ServiceMachine()
        let service = machine.service { $0.period = .milliseconds(1) }
        let hold = try await service.hold(machine.lease(1), on: machine.node)
        let program = try machine.program(hold)
        try #require(try await program.start() == 0)
        for _ in 0..<20 {
            await withTaskGroup { group in
                group.addTask { await service.watch() }
                try? await Task.sleep(for: .milliseconds(Int.random(in: 5...40)))
                group.cancelAll()
            }
        }
        #expect(machine.told.isEmpty)
        #expect(try await program.does("launch sim_100us") == 0)
        #expect(try await program.does("wait") == 0)
        program.end()
        await service.release(LeaseID(number: 1))
    }
}
