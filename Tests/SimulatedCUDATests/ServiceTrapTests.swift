import Foundation
import SimulatedDevices
import Testing

/// What goes wrong with multi-process servers, and whom it takes along.
struct ServiceTrapTests {
    private let illegalAddress = "700"

    @Test func `a client that is killed with work in flight wedges its server, and nobody says so`() throws {
        let machine = try Machine("dgx-a100")
        let control = try Control(machine)
        let other = try control.clientWithContext()
        let server = try control.server()
        let victim = try control.clientWithContext()
        #expect(try victim.say("launch sim_20s") == "0")
        try waitForWork(machine)
        victim.kill()
        #expect(
            try wait {
                try other.say("synchronize")
            } until: {
                $0 == illegalAddress
            } != nil)
        #expect(try control.command("get_server_status \(server)") == "ACTIVE")
        let later = try control.client()
        #expect(try later.say("init") == "0")
        later.tell("context 0")
        #expect(later.hear(milliseconds: 700) == nil)
        // Only another server clears it.
        #expect(try control.command("shutdown_server \(server) -f") == "")
        #expect(later.hear(milliseconds: 30_000) == "806")
        let fresh = try control.clientWithContext()
        #expect(try fresh.say("launch sim_2ms") == "0")
        #expect(try fresh.say("synchronize") == "0")
        #expect(try control.server() != server)
        // What is held is what those hold who live: the server, and a context of each that has one.
        let monitor = try Monitor(machine)
        let held: UInt64 = (30 + 2 * 256) << 20
        #expect(
            try wait {
                try monitor.memory(gpu: 0).used
            } until: {
                $0 == held
            } != nil)
    }

    @Test func `a client that is terminated first may be killed without harm`() throws {
        let machine = try Machine("dgx-a100")
        let control = try Control(machine)
        let other = try control.clientWithContext()
        let server = try control.server()
        let victim = try control.clientWithContext()
        #expect(try victim.say("launch sim_20s") == "0")
        try waitForWork(machine)
        #expect(try control.command("terminate_client \(server) \(victim.pid)") == "0")
        #expect(try victim.say("synchronize") == "810")
        #expect(try victim.say("launch sim_10us") == "810")
        victim.kill()
        try waitForClients([other], of: server, control)
        #expect(try other.say("launch sim_10us") == "0")
        #expect(try other.say("synchronize") == "0")
        #expect(try control.clientWithContext().say("synchronize") == "0")
    }

    @Test func `a client that is killed with nothing to do does no harm`() throws {
        let machine = try Machine("dgx-a100")
        let control = try Control(machine)
        let other = try control.clientWithContext()
        let server = try control.server()
        let victim = try control.clientWithContext()
        #expect(try victim.say("launch sim_2ms") == "0")
        #expect(try victim.say("synchronize") == "0")
        victim.kill()
        try waitForClients([other], of: server, control)
        #expect(try other.say("synchronize") == "0")
        #expect(try control.clientWithContext().say("synchronize") == "0")
    }

    @Test func `a kernel that faults takes every client, and new ones are refused until all have left`() throws {
        let machine = try Machine("dgx-a100")
        let control = try Control(machine)
        let other = try control.clientWithContext()
        let culprit = try control.clientWithContext()
        let server = try control.server()
        #expect(try culprit.say("launch sim_10us_fault") == "0")
        #expect(try culprit.say("synchronize") == illegalAddress)
        #expect(try other.say("synchronize") == illegalAddress)
        #expect(try other.say("allocate 1000") == illegalAddress)
        #expect(try control.command("get_server_status \(server)") == "FAULT")
        #expect(try control.client().say("init") == "807")
        #expect(culprit.finish().status == 0)
        try waitForClients([other], of: server, control)
        #expect(try control.client().say("init") == "807")
        #expect(other.finish().status == 0)
        #expect(
            try wait {
                try control.command("get_server_status \(server)")
            } until: {
                $0 == "ACTIVE"
            } != nil)
        #expect(try control.clientWithContext().say("synchronize") == "0")
        #expect(try control.server() == server)
    }

    @Test func `without a server a kernel that faults takes its own process only`() throws {
        let machine = try Machine("dgx-a100")
        let programs = try (0..<2).map { _ in
            let program = try Program(
                Built.probePath, [machine.libraryPath, "steps"],
                environment: ["CUDA_MPS_PIPE_DIRECTORY": "/nowhere"])
            #expect(try program.say("init") == "0")
            #expect(try program.say("context 0") == "0")
            return program
        }
        #expect(try programs[0].say("launch sim_10us_fault") == "0")
        #expect(try programs[0].say("synchronize") == illegalAddress)
        #expect(try programs[1].say("synchronize") == "0")
    }

    @Test func `clients of a server that is killed fail for good, and new ones get a new server`() throws {
        let machine = try Machine("dgx-a100")
        let control = try Control(machine)
        let client = try control.clientWithContext()
        let server = try control.server()
        kill(try #require(pid_t(server)), SIGKILL)
        #expect(
            try wait {
                try client.say("synchronize")
            } until: {
                $0 == "806"
            } != nil)
        #expect(try control.clientWithContext().say("synchronize") == "0")
        #expect(try control.server() != server)
        let monitor = try Monitor(machine)
        let fresh = try #require(UInt32(try control.server()))
        #expect(
            try wait {
                try monitor.processes(gpu: 0).map(\.pid)
            } until: {
                $0 == [fresh]
            } != nil)
    }

    @Test func `what clients of a server that is gone still do is nothing to the next one`() throws {
        let machine = try Machine("dgx-a100")
        let control = try Control(machine)
        let old = try control.clientWithContext()
        #expect(try old.say("launch sim_20s") == "0")
        try waitForWork(machine)
        #expect(try control.command("shutdown_server \(control.server()) -f") == "")
        let young = try control.clientWithContext()
        let server = try control.server()
        #expect(try old.say("synchronize") == "806")
        #expect(old.finish().status == 0)
        let last = try control.clientWithContext()
        young.kill()
        try waitForClients([last], of: server, control)
        #expect(try last.say("synchronize") == "0")
        #expect(try control.clientWithContext().say("synchronize") == "0")
    }

    @Test func `a server outlives its daemon by nothing`() throws {
        let machine = try Machine("dgx-a100")
        let control = try Control(machine)
        let client = try control.clientWithContext()
        let server = try #require(pid_t(try control.server()))
        let text = try String(contentsOfFile: control.pipe + "/nvidia-cuda-mps-control.pid", encoding: .utf8)
        kill(try #require(pid_t(text.trimmingCharacters(in: .whitespacesAndNewlines))), SIGKILL)
        #expect(
            try wait {
                try client.say("synchronize")
            } until: {
                $0 == "806"
            } != nil)
        let monitor = try Monitor(machine)
        #expect(
            try wait {
                try monitor.processes(gpu: 0)
            } until: { list in
                !list.contains { $0.pid == UInt32(server) }
            } != nil)
        try? FileManager.default.removeItem(atPath: control.pipe + "/nvidia-cuda-mps-control.pid")
    }

    /// Until the load of the GPU shows that a kernel runs.
    private func waitForWork(_ machine: borrowing Machine) throws {
        let monitor = try Monitor(machine)
        let end = monotonicNow() + 30_000_000_000
        while try monitor.load(gpu: 0) == 0, monotonicNow() < end { usleep(2000) }
        #expect(try monitor.load(gpu: 0) > 0)
    }

    private func waitForClients(_ clients: [Program], of server: String, _ control: Control) throws {
        let pids = clients.map { String($0.pid) }.joined(separator: "\n")
        #expect(
            try wait {
                try control.command("get_client_list \(server)")
            } until: {
                $0 == pids
            } != nil)
    }
}
