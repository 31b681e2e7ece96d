import CNVML
import CSimulatedDriver
import Foundation
import SimulatedDevices
import Testing

/// Processes in other PID namespaces, as the simulated CUDA driver lists them from inside of a container.
@Suite struct ForeignProcessTests {
    @Test func `it is listed with its pid here, and leaves when its lock does`() throws {
        let machine = try Machine("2x-rtx-4090")
        let driver = try LoadedDriver(machine)
        let device = try driver.device(0)
        let sleeper = try Sleeper()
        let foreign = try ForeignProcess(machine, slot: 5, standsFor: sleeper.pid, memory: 6 << 30)
        #expect(try driver.computePIDs(device) == [UInt32(sleeper.pid)])
        #expect(try driver.memory(device).used == 6 << 30)
        #expect(throws: SimulationError.self) { try machine.instance.reset(gpu: 0) }
        usleep(60_000)
        #expect(try driver.memory(device).used == 6 << 30)
        foreign.end()
        usleep(2000)
        #expect(try driver.computePIDs(device) == [])
        #expect(try driver.memory(device).used == 0)
        try machine.instance.reset(gpu: 0)
    }

    @Test func `one that cannot be seen counts, and is not listed`() throws {
        let machine = try Machine("2x-rtx-4090")
        let driver = try LoadedDriver(machine)
        let sleeper = try Sleeper()
        let foreign = try ForeignProcess(
            machine, slot: 9, standsFor: sleeper.pid, memory: 2 << 30, startedLater: true)
        #expect(try driver.computePIDs(driver.device(0)) == [])
        #expect(try driver.memory(driver.device(0)).used == 2 << 30)
        foreign.end()
    }
}

/// What the CUDA driver leaves in the shared file of a process in a container.
private final class ForeignProcess {
    private let file: Int32

    init(
        _ machine: borrowing Machine, slot: Int, standsFor pid: pid_t, memory: UInt64, startedLater: Bool = false
    ) throws {
        file = open(machine.instance.devicePath + "/nvidiactl", O_RDWR)
        try #require(file >= 0)
        var lock = flock()
        lock.l_type = Int16(F_WRLCK)
        lock.l_start = (1 << 40) + slot
        lock.l_len = 1
        // F_OFD_SETLK, which Glibc's module does not have.
        try #require(fcntl(file, 37, &lock) == 0)
        let start = process_start_time(UInt32(pid)) + (startedLater ? 1 : 0)
        var words = [UInt64](repeating: 0, count: 16)
        words.replaceSubrange(0..<4, with: [7, UInt64(pid), process_pid_namespace(), start])
        try #require(pwrite(file, words, 128, (1 << 20) + 64 + slot * 128) == 128)
        let size = MemoryLayout<DeviceModel>.size
        let memoryMap = try #require(mmap(nil, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0))
        try #require(memoryMap != MAP_FAILED)
        defer { munmap(memoryMap, size) }
        var entry = ModelProcess()
        entry.owner = model_owner(0, 0x8000_0000 | UInt32(slot))
        entry.memory = memory
        try #require(model_add_process(memoryMap.assumingMemoryBound(to: DeviceModel.self), &entry))
    }

    /// The kernel gives the lock back.
    func end() { close(file) }
}
