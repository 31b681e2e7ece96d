import Foundation
import SimulatedDevices
import Testing

/// What NVML tells of processes that use the CUDA driver.
struct ProcessTests {
    private let overhead: UInt64 = 256 << 20

    @Test func `a process with a context is listed with what it holds, until it dies`() throws {
        let machine = try Machine("dgx-a100")
        let monitor = try Monitor(machine)
        let holder = try Holder(machine, bytes: 3 << 30)
        let held = (3 << 30) + overhead
        #expect(try monitor.processes(gpu: 0) == [.init(pid: UInt32(holder.pid), memory: held)])
        #expect(try monitor.memory(gpu: 0).used == held)
        #expect(try monitor.processes(gpu: 1) == [])
        holder.end()
        // Dead processes are looked for once in a millisecond.
        usleep(2000)
        #expect(try monitor.processes(gpu: 0) == [])
        #expect(try monitor.memory(gpu: 0).used == 0)
    }

    @Test func `small allocations share blocks of two mebibytes`() throws {
        let machine = try Machine("dgx-a100")
        let monitor = try Monitor(machine)
        let holder = try Holder(machine, bytes: 1000)
        #expect(try monitor.processes(gpu: 0) == [.init(pid: UInt32(holder.pid), memory: (2 << 20) + overhead)])
    }

    @Test func `nobody gets more than there is, and the dead give it back`() async throws {
        let machine = try Machine("dgx-a100")
        let monitor = try Monitor(machine)
        let total = try monitor.memory(gpu: 0).total
        let most = Int((total - overhead) / (2 << 20) * (2 << 20))
        let holder = try Holder(machine, bytes: most)
        #expect(throws: (any Error).self) { try Holder(machine, bytes: 2 << 20) }
        holder.end()
        let next = try Holder(machine, bytes: most)
        #expect(try monitor.processes(gpu: 0).map(\.pid) == [UInt32(next.pid)])
    }

    @Test func `kernels show as load`() async throws {
        let machine = try Machine("dgx-a100")
        let monitor = try Monitor(machine)
        #expect(try monitor.load(gpu: 0) == 0)
        let path = machine.libraryPath
        async let busy = Tool.output(
            Built.probePath, [path, "share", "1", "sim_200us", "0", "\(monotonicNow() + 1_500_000_000)"])
        var most: UInt32 = 0
        for _ in 0..<120 where most < 90 {
            most = max(most, try monitor.load(gpu: 0))
            try await Task.sleep(for: .milliseconds(10))
        }
        #expect(most >= 90)
        _ = try await busy
        #expect(try monitor.load(gpu: 0) == 0)
    }

    @Test func `a call that was ordered to fail fails`() async throws {
        let machine = try Machine("dgx-a100")
        try machine.instance.failCall("cuMemAlloc", result: 46)
        #expect(throws: (any Error).self) { try Holder(machine, bytes: 1) }
        machine.instance.clearCalls()
        _ = try Holder(machine, bytes: 1)
    }

    @Test func `a GPU that fell off the bus takes no contexts`() throws {
        let machine = try Machine("dgx-a100")
        try machine.instance.lose(gpu: 0)
        #expect(throws: (any Error).self) { try Holder(machine, bytes: 1) }
    }
}
