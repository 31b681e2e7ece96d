import Engine
import Fleet
import Foundation
import Testing

@testable import Isolation

/// Servers outlive the daemon and are taken up or taken away by the next.
@Suite(.serialized)
struct MultiProcessLifeTests {
    @Test func `a daemon that starts anew takes up the servers of leases that live, and their programs go on`()
        async throws
    {
        let machine = try ServiceMachine()
        try await machine.with { service in
            let lease = machine.lease(1, milli: 500)
            let hold = try await service.hold(lease, on: machine.node)
            _ = try await service.hold(machine.lease(2, milli: 200), on: machine.node)
            let server = try #require(await service.ownProcesses().first)
            let program = try machine.program(hold)
            try #require(try await program.start() == 0)
            #expect(try await program.does("launch sim_1s") == 0)

            let next = machine.service()
            try await next.reconcile([lease], on: machine.node)
            #expect(await next.ownProcesses() == [server])
            #expect(try await program.does("wait") == 0)
            #expect(await next.reading(of: lease.id)?.parts.first?.share == Share(milli: 500))
            #expect(await next.reading(of: LeaseID(number: 2)) == nil)
            let files = ServiceFiles(directory: machine.serviceDirectory)
            #expect(files.leases() == [lease.id])
            #expect(
                !FileManager.default.fileExists(
                    atPath: files.sockets(of: LeaseID(number: 2), on: machine.node.gpus[0].id)))
            program.end()
        }
    }

    @Test func `after a crash nothing is left of leases that are over, and the compute mode is what it was`()
        async throws
    {
        let machine = try ServiceMachine()
        let gpu = machine.node.gpus[0].id
        for before in [ComputeMode.default, .exclusiveProcess] {
            try await machine.set(before, of: gpu)
            try await machine.with { service in
                _ = try await service.hold(machine.lease(1), on: machine.node)
                #expect(machine.processes.count == 2)
                let next = machine.service()
                try await next.reconcile([], on: machine.node)
                #expect(try await machine.mode() == before)
                #expect(try await machine.waits(.seconds(5)) { machine.processes.isEmpty })
                let left = try FileManager.default.contentsOfDirectory(atPath: machine.serviceDirectory)
                #expect(left == ["leases"])
            }
        }
    }

    @Test func `a crash before the server started is cleaned up too`() async throws {
        let machine = try ServiceMachine()
        let gpu = machine.node.gpus[0].id
        try ServiceFiles(directory: machine.serviceDirectory).prepare(gpu, mode: ComputeMode.default.rawValue)
        try await machine.set(.exclusiveProcess, of: gpu)
        try await machine.service().reconcile([], on: machine.node)
        #expect(try await machine.mode() == .default)
    }

    @Test func `a control daemon that does not answer is not left behind`() async throws {
        let machine = try ServiceMachine()
        let service = machine.service { $0.patience = .milliseconds(1500) }
        _ = try await service.hold(machine.lease(1), on: machine.node)
        let pipes = ServiceFiles(directory: machine.serviceDirectory).pipes(of: machine.node.gpus[0].id)
        let daemon = try #require(ServicePeer.listener(at: pipes + "/control"))
        kill(daemon, SIGSTOP)
        await service.release(LeaseID(number: 1))
        #expect(try await machine.waits { machine.processes.isEmpty })
        #expect(try await machine.mode() == .default)
    }

    @Test func `many leases that come and go leave no process and no directory behind`() async throws {
        let machine = try ServiceMachine()
        let service = machine.service()
        for round in 0..<10 {
            let pair = (Int64(2 * round + 1), Int64(2 * round + 2))
            let hold = try await service.hold(machine.lease(pair.0, gpus: [round % 2]), on: machine.node)
            _ = try await service.hold(machine.lease(pair.1, gpus: [round % 3]), on: machine.node)
            let program = try ServiceProgram(
                library: machine.cuda,
                environment: ["CUDA_VISIBLE_DEVICES=\(machine.node.gpus[round % 2].id)"] + hold.processEnvironment)
            #expect(try await program.start() == 0)
            await service.release(LeaseID(number: pair.0))
            await service.release(LeaseID(number: pair.1))
            program.kill()
        }
        #expect(try await machine.waits(.seconds(5)) { machine.processes.isEmpty })
        let files = FileManager.default
        #expect(try files.contentsOfDirectory(atPath: machine.serviceDirectory) == ["leases"])
        #expect(try files.contentsOfDirectory(atPath: machine.serviceDirectory + "/leases").isEmpty)
        for gpu in 0..<3 { #expect(try await machine.mode(gpu) == .default) }
    }
}
