import Foundation
import SimulatedDevices
import Testing

/// Clients of a multi-process server, started by the commands of the second protocol, and what they are granted.
struct ServiceTests {
    private static let context = 256 << 20
    private static let gibibyte = 1 << 30
    /// What programs may use of an A100 with 40 GB.
    private static let whole = (40960 - 571) << 20

    @Test func `a client has the multiprocessors of its percentage, and memory up to its limit`() throws {
        let machine = try Machine("dgx-a100")
        let control = try Control(machine)
        #expect(try control.command("set_default_active_thread_percentage 50") == "50.0")
        #expect(try control.command("set_default_device_pinned_mem_limit 0 10G") == "")
        let client = try control.clientWithContext()
        #expect(try client.say("processors") == "54")
        // The limit is told as free memory, and the whole GPU as all of it.
        #expect(try client.say("memory") == "\(10 * Self.gibibyte - Self.context) \(Self.whole)")
        #expect(try client.say("allocate \(9 * Self.gibibyte)") == "0")
        #expect(try client.say("allocate \(Self.gibibyte)") == "2")
        #expect(try client.say("allocate \(Self.gibibyte / 2)") == "0")
        // The other GPU has no limit of memory.
        #expect(try client.say("context 1") == "0")
        #expect(try client.say("allocate \(20 * Self.gibibyte)") == "0")
    }

    @Test func `a client's own variables only lower what the server grants`() throws {
        let machine = try Machine("dgx-a100")
        let control = try Control(
            machine,
            environment: ["CUDA_MPS_ACTIVE_THREAD_PERCENTAGE": "50", "CUDA_MPS_PINNED_DEVICE_MEM_LIMIT": "0=10G"])
        let less = try control.clientWithContext(
            "", ["CUDA_MPS_ACTIVE_THREAD_PERCENTAGE": "25", "CUDA_MPS_PINNED_DEVICE_MEM_LIMIT": "0=2048MB"])
        // 27 of 108, and whole pairs only.
        #expect(try less.say("processors") == "26")
        #expect(try less.say("memory") == "\(2 * Self.gibibyte - Self.context) \(Self.whole)")
        let more = try control.clientWithContext(
            "", ["CUDA_MPS_ACTIVE_THREAD_PERCENTAGE": "80", "CUDA_MPS_PINNED_DEVICE_MEM_LIMIT": "0=20G"])
        #expect(try more.say("processors") == "54")
        #expect(try more.say("memory") == "\(10 * Self.gibibyte - Self.context) \(Self.whole)")
    }

    @Test func `settings of a server hold for clients that come later`() throws {
        let machine = try Machine("dgx-a100")
        let control = try Control(machine)
        let first = try control.clientWithContext()
        let server = try control.server()
        #expect(try control.command("set_active_thread_percentage \(server) 30") == "30.0")
        #expect(try control.command("set_device_pinned_mem_limit \(server) 0 4G") == "")
        #expect(try control.command("get_device_pinned_mem_limit \(server) 0") == "4G")
        #expect(try first.say("processors") == "108")
        let second = try control.clientWithContext()
        #expect(try second.say("processors") == "32")
        #expect(try second.say("memory") == "\(4 * Self.gibibyte - Self.context) \(Self.whole)")
        #expect(try control.command("get_client_list \(server)") == "\(first.pid)\n\(second.pid)")
        #expect(try control.command("get_server_status \(server)") == "ACTIVE")
    }

    @Test(arguments: ["/wrong", ""])
    func `without the daemon's socket a program has the whole GPU, and nobody says so`(place: String) throws {
        let machine = try Machine("dgx-a100")
        let control = try Control(machine, environment: ["CUDA_MPS_ACTIVE_THREAD_PERCENTAGE": "10"])
        let program =
            place.isEmpty
            ? try Program(
                Built.probePath, [machine.libraryPath, "steps"],
                environment: ["CUDA_MPS_PIPE_DIRECTORY": "/nowhere"])
            : try control.client(place)
        #expect(try program.say("init") == "0")
        #expect(try program.say("context 0") == "0")
        #expect(try program.say("processors") == "108")
        #expect(try program.say("memory") == "\(Self.whole - Self.context) \(Self.whole)")
    }

    @Test func `on an exclusive GPU that a server holds only its clients get a context`() throws {
        let machine = try Machine("dgx-a100")
        try machine.setComputeMode(3, gpu: 0)
        let control = try Control(machine)
        let first = try control.clientWithContext()
        let second = try control.clientWithContext()
        let other = try control.client("/wrong")
        #expect(try other.say("init") == "0")
        #expect(try other.say("context 0") == "46")
        #expect(try other.say("context 1") == "0")
        #expect(try first.say("synchronize") == "0")
        #expect(try second.say("synchronize") == "0")
    }

    @Test func `no server starts on an exclusive GPU that somebody else holds`() throws {
        let machine = try Machine("dgx-a100")
        try machine.setComputeMode(3, gpu: 0)
        let holder = try Holder(machine, bytes: 1)
        let control = try Control(machine)
        #expect(try control.client().say("init") == "805")
        holder.end()
        #expect(try control.clientWithContext().say("processors") == "108")
    }

    @Test func `a limit for a GPU that the program does not see drops every limit of memory, and no other`() throws {
        let machine = try Machine("dgx-a100")
        let control = try Control(
            machine,
            environment: ["CUDA_MPS_ACTIVE_THREAD_PERCENTAGE": "50", "CUDA_MPS_PINNED_DEVICE_MEM_LIMIT": "0=10G"])
        for list in ["0=2G,1=4G", "GPU-00000000=2G"] {
            let client = try control.clientWithContext(
                "", ["CUDA_VISIBLE_DEVICES": "0", "CUDA_MPS_PINNED_DEVICE_MEM_LIMIT": list])
            #expect(try client.say("processors") == "54")
            #expect(try client.say("allocate \(30 * Self.gibibyte)") == "0", "\(list)")
        }
    }

    @Test func `clients see the GPUs of their server, and count within them`() throws {
        let machine = try Machine("dgx-a100")
        let control = try Control(machine, environment: ["CUDA_VISIBLE_DEVICES": "2,5"])
        let all = try control.client()
        #expect(try all.say("init") == "0")
        #expect(try all.say("devices") == "2")
        let one = try control.client("", ["CUDA_VISIBLE_DEVICES": "1"])
        #expect(try one.say("init") == "0")
        #expect(try one.say("context 0") == "0")
        let monitor = try Monitor(machine)
        #expect(try monitor.servedProcesses(gpu: 5).map(\.pid) == [UInt32(one.pid)])
    }

    @Test func `NVML lists the server as a process of the GPU and its clients as clients`() throws {
        let machine = try Machine("dgx-a100")
        let control = try Control(machine)
        let client = try control.clientWithContext()
        let server = try #require(UInt32(try control.server()))
        let monitor = try Monitor(machine)
        #expect(try monitor.processes(gpu: 0) == [.init(pid: server, memory: 30 << 20)])
        #expect(try monitor.servedProcesses(gpu: 0) == [.init(pid: UInt32(client.pid), memory: UInt64(Self.context))])
        #expect(client.finish().status == 0)
        #expect(
            try wait {
                try monitor.servedProcesses(gpu: 0)
            } until: {
                $0.isEmpty
            } != nil)
        // The server stays.
        #expect(try monitor.processes(gpu: 0).map(\.pid) == [server])
    }

    @Test func `a server takes 48 clients`() throws {
        let machine = try Machine("dgx-a100")
        let control = try Control(machine)
        var clients: [Program] = []
        for _ in 0..<48 { clients.append(try control.client()) }
        for client in clients { #expect(try client.say("init") == "0") }
        let late = try control.client()
        #expect(try late.say("init") == "808")
        #expect(clients.removeLast().finish().status == 0)
        let server = try control.server()
        let list = try wait {
            try control.command("get_client_list \(server)")
        } until: {
            $0.split(separator: "\n").count == 47
        }
        #expect(list != nil)
        #expect(try control.client().say("init") == "0")
    }

    @Test(.enabled(if: canBecomeOthers, "needs the superuser and setpriv"))
    func `a client of another user waits until the server is no longer needed`() throws {
        let machine = try Machine("dgx-a100")
        let probe = try machine.probeForOthers()
        let control = try Control(machine)
        let first = try control.clientWithContext()
        let server = try control.server()
        let other = try control.client(probe: probe, user: 65534)
        other.tell("init")
        #expect(other.hear(milliseconds: 500) == nil)
        #expect(first.finish().status == 0)
        #expect(other.hear(milliseconds: 30_000) == "0")
        #expect(try control.server() != server)
        // One without clients does not keep anybody waiting.
        #expect(other.finish().status == 0)
        #expect(try control.client().say("init") == "0")
    }

    @Test(.enabled(if: canBecomeOthers, "needs the superuser and setpriv"))
    func `a server for many users takes them all at once`() throws {
        let machine = try Machine("dgx-a100")
        let probe = try machine.probeForOthers()
        let control = try Control(machine, options: ["-multiuser-server"])
        let first = try control.clientWithContext()
        let other = try control.client(probe: probe, user: 65534)
        #expect(try other.say("init") == "0")
        #expect(try other.say("context 0") == "0")
        #expect(try control.command("get_client_list \(control.server())") == "\(first.pid)\n\(other.pid)")
    }
}

/// Whether a test can run programs as somebody else.
let canBecomeOthers = geteuid() == 0 && access("/usr/bin/setpriv", X_OK) == 0
