import Engine
import Fleet
import Foundation
import Testing

@testable import Isolation

/// What a share has, and what it does not reach, on the simulated machine with its own control daemon and clients.
@Suite(.serialized)
struct MultiProcessServiceTests {
    private let outOfMemory = 2
    private let unavailable = 46

    @Test func `a program has its lease's part of the multiprocessors, and it is read back from the control`()
        async throws
    {
        let machine = try ServiceMachine()
        try await machine.with { service in
            let hold = try await service.hold(machine.lease(7, milli: 334), on: machine.node)
            let program = try machine.program(hold)
            try #require(try await program.start() == 0)
            // 132 multiprocessors, 34 per cent, in pairs.
            #expect(try await program.does("parts") == 44)
            let reading = try #require(await service.reading(of: LeaseID(number: 7)))
            #expect(reading.means == .mps)
            #expect(reading.source.hasSuffix("/pipe/shares/lease_7"))
            let part = try #require(reading.parts.first)
            #expect(part.share == Share(milli: 340))
            #expect(part.memoryLimit == .gibibytes(10))
            #expect(part.detail?.hasSuffix(", 1 client") == true)
            let server = try #require(await service.ownProcesses().first)
            #expect(part.detail?.hasPrefix("server \(server),") == true)
            program.end()
        }
    }

    @Test func `a program gets no more memory than its lease has`() async throws {
        let machine = try ServiceMachine()
        try await machine.with { service in
            let hold = try await service.hold(machine.lease(1, memory: .gibibytes(2)), on: machine.node)
            let program = try machine.program(hold)
            try #require(try await program.start() == 0)
            #expect(try await program.does("alloc \(1 << 30)") == 0)
            #expect(try await program.does("alloc \(1 << 30)") == outOfMemory)
            program.end()
        }
    }

    @Test func `whoever comes without the lease's pipe gets nothing of the GPU, and all of it once the lease is over`()
        async throws
    {
        let machine = try ServiceMachine()
        try await machine.with { service in
            #expect(try await machine.mode() == .default)
            _ = try await service.hold(machine.lease(1), on: machine.node)
            #expect(try await machine.mode() == .exclusiveProcess)
            for lost in [[], ["CUDA_MPS_PIPE_DIRECTORY=/nowhere"]] {
                let program = try machine.program(nil, lost)
                #expect(try await program.start() == unavailable)
            }
            await service.release(LeaseID(number: 1))
            #expect(try await machine.mode() == .default)
            let program = try machine.program(nil)
            #expect(try await program.start() == 0)
            #expect(try await program.does("parts") == 132)
            program.end()
        }
    }

    @Test(.enabled(if: getuid() == 0)) func `two users have two leases of one GPU, and neither gets at the other's`()
        async throws
    {
        let machine = try ServiceMachine()
        try await machine.with { service in
            let first = try await service.hold(machine.lease(1, milli: 300, uid: 65_531), on: machine.node)
            let second = try await service.hold(machine.lease(2, milli: 600, uid: 65_532), on: machine.node)
            let one = try machine.program(first, uid: 65_531)
            let two = try machine.program(second, uid: 65_532)
            try #require(try await one.start() == 0)
            try #require(try await two.start() == 0)
            #expect(try await one.does("parts") == 38)
            #expect(try await two.does("parts") == 78)
            let thief = try machine.program(second, uid: 65_531)
            #expect(try await thief.start() == unavailable)
            let files = ServiceFiles(directory: machine.serviceDirectory)
            // The sockets under which there are no limits: of the daemon, and of the namespace that every server has.
            let pipes = files.pipes(of: machine.node.gpus[0].id)
            for path in [pipes, pipes + "/shares", pipes + "/shares/default", pipes + "/shares/lease_1"] {
                let unlimited = try machine.program(nil, uid: 65_531, ["CUDA_MPS_PIPE_DIRECTORY=\(path)"])
                #expect(try await unlimited.start() == unavailable, "\(path)")
            }
            one.end()
            two.end()
        }
    }

    @Test
    func `the driver drops every pinned limit at a word about an unseen GPU, so ours alone would not hold memory`()
        async throws
    {
        let machine = try ServiceMachine()
        try await machine.with { service in
            let hold = try await service.hold(machine.lease(1, milli: 500, memory: .gibibytes(2)), on: machine.node)
            let escaped = try machine.program(hold, ["CUDA_MPS_PINNED_DEVICE_MEM_LIMIT=0=1G,1=1G"])
            try #require(try await escaped.start() == 0)
            #expect(try await escaped.does("alloc \(8 << 30)") == 0, "the trap is gone: say so in the documents")
            #expect(try await escaped.does("parts") == 66)
            escaped.end()
        }
    }

    @Test func `a namespace is only given out with its limits, and nothing starts where they are not there any more`()
        async throws
    {
        let machine = try ServiceMachine()
        try await machine.with { service in
            let lease = machine.lease(1, milli: 250)
            let arrival = Arrival(.process, ProcessIdentity(pid: 1, startTicks: 1, boot: "b"))
            let hold = try await service.hold(lease, on: machine.node)
            #expect(hold.needsAdmission)
            try await service.admit(arrival, of: lease, on: machine.node)
            // Somebody with the right to do so takes the limits away, and the compute mode.
            let control = ServiceControl(
                program: machine.control,
                pipes: ServiceFiles(directory: machine.serviceDirectory).pipes(of: machine.node.gpus[0].id),
                logs: machine.directory, patience: .seconds(10))
            try await control.ask("namespace", "delete", "lease_1", "--server=shares", "--force")
            try await machine.set(.default, of: machine.node.gpus[0].id)
            try await service.admit(arrival, of: lease, on: machine.node)
            #expect(try await machine.mode() == .exclusiveProcess)
            let program = try machine.program(hold)
            try #require(try await program.start() == 0)
            #expect(try await program.does("parts") == 32)
            program.end()
            await service.release(lease.id)
            await #expect(throws: PreparationError.self) {
                try await service.admit(arrival, of: lease, on: machine.node)
            }
        }
    }

    @Test func `the 49th program and the 49th lease of a GPU are refused in words`() async throws {
        let machine = try ServiceMachine()
        try await machine.with({ $0.period = .seconds(1000) }) { service in
            let lease = machine.lease(1, milli: 20, memory: .gibibytes(1))
            let hold = try await service.hold(lease, on: machine.node)
            var programs: [ServiceProgram] = []
            for _ in 0..<48 { programs.append(try machine.program(hold)) }
            for program in programs { try #require(try await program.start() == 0) }
            let arrival = Arrival(.process, ProcessIdentity(pid: 1, startTicks: 1, boot: "b"))
            let refusal = await #expect(throws: PreparationError.self) {
                try await service.admit(arrival, of: lease, on: machine.node)
            }
            #expect(refusal?.description.contains("has 48 programs, and there is room for 48") == true)
            for program in programs { program.end() }
            for number in 2...48 {
                _ = try await service.hold(machine.lease(Int64(number), milli: 20), on: machine.node)
            }
            let full = await #expect(throws: PreparationError.self) {
                try await service.hold(machine.lease(49, milli: 20), on: machine.node)
            }
            #expect(full?.description.contains("has 48 leases") == true)
        }
    }

    @Test func `a lease of several GPUs is refused in words`() async throws {
        let machine = try ServiceMachine()
        try await machine.with { service in
            let refusal = await #expect(throws: PreparationError.self) {
                try await service.hold(machine.lease(1, gpus: [0, 1]), on: machine.node)
            }
            #expect(refusal?.description.contains("has one GPU only") == true)
            #expect(machine.processes.isEmpty)
            let ladder = IsolationLadder(driverLimits: service, service: service, limiter: service)
            #expect(await ladder.fence(on: machine.node).isOfOneGPU)
        }
        var request = Request()
        request.portion = .share(Share(milli: 500))
        let fence = ShareFence(.enforced, hasLimiter: true, isOfOneGPU: true)
        #expect(fence.grade(for: request) == .enforced)
        request.count = CountRange(2, 2)
        #expect(fence.grade(for: request) == .cooperative)
        #expect(ShareFence(.enforced, hasLimiter: false, isOfOneGPU: true).grade(for: request) == nil)
        #expect(ShareFence(.enforced, hasLimiter: true).grade(for: request) == .enforced)
        #expect(try JSONDecoder().decode(ShareFence.self, from: JSONEncoder().encode(fence)) == fence)
        request.sharing = .mps
        #expect(fence.grade(for: request) == nil)
    }

    @Test func `a GPU that a program holds cannot be shared, and is left as it was`() async throws {
        let machine = try ServiceMachine()
        try await machine.with { service in
            let program = try machine.program(nil)
            try #require(try await program.start() == 0)
            let refusal = await #expect(throws: PreparationError.self) {
                try await service.hold(machine.lease(1), on: machine.node)
            }
            #expect(refusal?.description.contains("ended at once") == true, "\(String(describing: refusal))")
            #expect(try await machine.mode() == .default)
            #expect(machine.processes.isEmpty)
            #expect(try await program.does("alloc 1000") == 0)
            program.end()
            _ = try await service.hold(machine.lease(1), on: machine.node)
        }
    }

    @Test func `throttling counts for programs that start, and is not said to count for others`() async throws {
        let machine = try ServiceMachine()
        try await machine.with { service in
            let id = LeaseID(number: 1)
            let hold = try await service.hold(machine.lease(1, milli: 500), on: machine.node)
            #expect(await service.throttle(id, true))
            #expect(await service.reading(of: id)?.parts.first?.share == Share(milli: 10))
            // Preparing it again does not lift that.
            _ = try await service.hold(machine.lease(1, milli: 500), on: machine.node)
            let slow = try machine.program(hold)
            try #require(try await slow.start() == 0)
            #expect(try await slow.does("parts") == 2)
            #expect(await service.throttle(id, false))
            let fast = try machine.program(hold)
            try #require(try await fast.start() == 0)
            #expect(try await fast.does("parts") == 66)
            #expect(await service.throttle(id, true) == false)
            #expect(await service.throttle(LeaseID(number: 9), true) == false)
            slow.end()
            fast.end()
        }
    }

    @Test func `why a node cannot have it is said in words`() async throws {
        func problem(
            _ machine: ServiceMachine, _ change: (inout MultiProcessSettings) -> Void = { _ in }
        ) async -> String? {
            await machine.service(change).problem(on: machine.node)
        }
        let machine = try ServiceMachine()
        #expect(await problem(machine) == nil)
        #expect(await problem(machine) { $0.uid = 1000 }?.contains("runs as root") == true)
        #expect(await problem(machine) { $0.program = { _ in nil } }?.contains("is not found") == true)
        let long = "/" + String(repeating: "d", count: ServiceFiles.longestDirectory)
        #expect(await problem(machine) { $0.directory = long }?.contains("too long a path") == true)
        let old = try ServiceMachine(driver: "580")
        #expect(await problem(old)?.contains("needs driver 615 or newer, and this is 580.82.07") == true)
        let sliced = try ServiceMachine(mig: .on)
        #expect(await problem(sliced)?.contains("no GPU that multi-process service could share") == true)
        // A control daemon of somebody else's, which goes on undisturbed.
        let foreign = ServiceControl(
            program: machine.control, pipes: machine.directory + "/foreign", logs: machine.directory,
            patience: .seconds(10))
        try await foreign.start()
        #expect(await problem(machine)?.contains("runs in \(machine.directory)/foreign") == true)
        #expect(try await foreign.servers().isEmpty)
        try await foreign.ask("-q")
        #expect(try await machine.waits { await problem(machine) == nil })
    }
}
