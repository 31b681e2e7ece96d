import CNVML
import Foundation
import SimulatedDevices
import Testing

@Suite struct LibraryTests {
    @Test func `memory adds up in both versions of the call`() throws {
        let machine = try Machine("dgx-a100")
        let driver = try LoadedDriver(machine)
        let device = try driver.device(2)
        try machine.instance.addProcess(pid: getpid(), gpu: 2, memory: 10 << 30)

        let second = try driver.memory(device)
        #expect(second.total == 40960 << 20)
        #expect(second.used == 10 << 30)
        #expect(second.reserved == 571 << 20)
        #expect(second.total == second.reserved + second.free + second.used)

        var first = nvmlMemory_t()
        let call = try driver.function("nvmlDeviceGetMemoryInfo", as: PFN_nvmlDeviceGetMemoryInfo.self)
        try #require(call(device, &first) == NVML_SUCCESS)
        #expect(first.total == first.free + first.used)
        #expect(first.used == second.used + second.reserved)
    }

    @Test func `a structure of another version is refused`() throws {
        let machine = try Machine("2x-rtx-4090")
        let driver = try LoadedDriver(machine)
        var memory = nvmlMemory_v2_t()
        memory.version = 3 << 24 | 40
        let call = try driver.function("nvmlDeviceGetMemoryInfo_v2", as: PFN_nvmlDeviceGetMemoryInfo_v2.self)
        #expect(call(try driver.device(0), &memory) == NVML_ERROR_ARGUMENT_VERSION_MISMATCH)
    }

    @Test func `a list that is too short says how long it has to be`() throws {
        let machine = try Machine("2x-rtx-4090")
        let driver = try LoadedDriver(machine)
        let sleeper = try Sleeper()
        try machine.instance.addProcess(pid: getpid(), gpu: 0, memory: 1 << 30)
        try machine.instance.addProcess(pid: sleeper.pid, gpu: 0, memory: 1 << 30)
        let call = try driver.function(
            "nvmlDeviceGetComputeRunningProcesses_v3", as: PFN_nvmlDeviceGetComputeRunningProcesses_v3.self)
        var count: UInt32 = 0
        #expect(call(try driver.device(0), &count, nil) == NVML_ERROR_INSUFFICIENT_SIZE)
        #expect(count == 2)
    }

    @Test func `a process leaves the list and its memory when it ends`() throws {
        let machine = try Machine("2x-rtx-4090")
        let driver = try LoadedDriver(machine)
        let device = try driver.device(1)
        let sleeper = try Sleeper()
        try machine.instance.addProcess(pid: sleeper.pid, gpu: 1, memory: 4 << 30)
        #expect(try driver.computePIDs(device) == [UInt32(sleeper.pid)])
        #expect(try driver.memory(device).used == 4 << 30)
        sleeper.end()
        usleep(2000)
        #expect(try driver.computePIDs(device) == [])
        #expect(try driver.memory(device).used == 0)
    }

    @Test func `a process that is added again has its new numbers, or keeps the old ones if they do not fit`() throws {
        let machine = try Machine("2x-rtx-4090")
        let driver = try LoadedDriver(machine)
        let device = try driver.device(0)
        try machine.instance.addProcess(pid: getpid(), gpu: 0, memory: 20 << 30)
        try machine.instance.addProcess(pid: getpid(), gpu: 0, memory: 21 << 30)
        #expect(try driver.computePIDs(device) == [UInt32(getpid())])
        #expect(try driver.memory(device).used == 21 << 30)
        #expect(throws: SimulationError.self) {
            try machine.instance.addProcess(pid: getpid(), gpu: 0, memory: 25 << 30)
        }
        #expect(try driver.memory(device).used == 21 << 30)
        machine.instance.removeProcess(pid: getpid())
        #expect(try driver.memory(device).used == 0)
    }

    @Test func `many processes leave as quickly as few`() throws {
        let machine = try Machine("2x-rtx-4090")
        let driver = try LoadedDriver(machine)
        let device = try driver.device(0)
        let sleepers = try (0..<40).map { _ in try Sleeper() }
        for sleeper in sleepers { try machine.instance.addProcess(pid: sleeper.pid, gpu: 0, memory: 1 << 20) }
        #expect(try driver.memory(device).used == 40 << 20)
        for sleeper in sleepers.suffix(39) { sleeper.end() }
        usleep(2000)
        #expect(try driver.computePIDs(device) == [UInt32(sleepers[0].pid)])
    }

    @Test func `a process that is dead and not yet buried holds nothing`() throws {
        let machine = try Machine("2x-rtx-4090")
        let driver = try LoadedDriver(machine)
        let sleeper = try Sleeper()
        try machine.instance.addProcess(pid: sleeper.pid, gpu: 0, memory: 1 << 30)
        kill(sleeper.pid, SIGKILL)
        usleep(100_000)
        #expect(try driver.memory(driver.device(0)).used == 0)
    }

    @Test func `a lost GPU fails and the others go on`() throws {
        let machine = try Machine("2x-rtx-4090")
        let driver = try LoadedDriver(machine)
        let (lost, other) = (try driver.device(0), try driver.device(1))
        try machine.instance.lose(gpu: 0)
        var power: UInt32 = 0
        let call = try driver.function("nvmlDeviceGetPowerUsage", as: PFN_nvmlDeviceGetPowerUsage.self)
        #expect(call(lost, &power) == NVML_ERROR_GPU_IS_LOST)
        #expect(call(other, &power) == NVML_SUCCESS)
        #expect(try driver.count == 2)
        try machine.instance.restore(gpu: 0)
        #expect(call(lost, &power) == NVML_SUCCESS)
    }

    @Test func `a GPU whose node is gone is not there, and indices close up`() throws {
        let machine = try Machine("dgx-a100")
        try FileManager.default.removeItem(atPath: machine.instance.devicePath + "/nvidia1")
        let driver = try LoadedDriver(machine)
        #expect(try driver.count == 7)
        let second = try driver.device(1)
        #expect(try driver.number("nvmlDeviceGetMinorNumber", second) == 2)
        #expect(try driver.number("nvmlDeviceGetIndex", second) == 1)
    }

    @Test func `without a machine there is no driver`() throws {
        let machine = try Machine("2x-rtx-4090")
        try FileManager.default.removeItem(atPath: machine.instance.devicePath + "/nvidiactl")
        let library = try #require(dlopen(machine.instance.libraryPath, RTLD_NOW | RTLD_LOCAL))
        defer { dlclose(library) }
        let call = unsafeBitCast(try #require(dlsym(library, "nvmlInit_v2")), to: PFN_nvmlInit_v2.self)
        // In a container of a simulated machine, that machine's /dev/nvidiactl is found instead.
        // A device of a real driver is none.
        let attributes = try? FileManager.default.attributesOfItem(atPath: "/dev/nvidiactl")
        let isInMachine = attributes?[.type] as? FileAttributeType == .typeRegular
        #expect(call() == (isInMachine ? NVML_SUCCESS : NVML_ERROR_DRIVER_NOT_LOADED))
    }

    @Test func `calls before the start and handles from nowhere are refused`() throws {
        let machine = try Machine("2x-rtx-4090")
        let driver = try LoadedDriver(machine)
        let call = try driver.function("nvmlDeviceGetPowerUsage", as: PFN_nvmlDeviceGetPowerUsage.self)
        var power: UInt32 = 0
        #expect(call(OpaquePointer(bitPattern: 0x1000), &power) == NVML_ERROR_INVALID_ARGUMENT)
        #expect(call(nil, &power) == NVML_ERROR_INVALID_ARGUMENT)
        let device = try driver.device(0)
        let shutdown = try driver.function("nvmlShutdown", as: PFN_nvmlShutdown.self)
        #expect(shutdown() == NVML_SUCCESS)
        #expect(call(device, &power) == NVML_ERROR_UNINITIALIZED)
        #expect(shutdown() == NVML_ERROR_UNINITIALIZED)
    }

    @Test func `sensors follow the load between idle and limit`() throws {
        let machine = try Machine("dgx-a100")
        let driver = try LoadedDriver(machine)
        let device = try driver.device(0)
        let idle = try driver.number("nvmlDeviceGetPowerUsage", device)
        #expect((52_000...54_000).contains(idle))
        try machine.instance.setLoad(gpu: 0, percent: 50)
        let half = try driver.number("nvmlDeviceGetPowerUsage", device)
        #expect((215_000...235_000).contains(half))
        try machine.instance.setLoad(gpu: 0, percent: 100)
        #expect((390_000...400_000).contains(try driver.number("nvmlDeviceGetPowerUsage", device)))
    }

    @Test func `energy grows with power and time, whoever looks when`() throws {
        let machine = try Machine("dgx-a100")
        let driver = try LoadedDriver(machine)
        let device = try driver.device(0)
        try machine.instance.setLoad(gpu: 0, percent: 100)
        let (before, start) = (try driver.energy(device), ContinuousClock.now)
        usleep(200_000)
        let (after, end) = (try driver.energy(device), ContinuousClock.now)
        // 400 W are 400 mJ in a millisecond.
        let expected = 400 * Double((end - start) / .milliseconds(1))
        #expect(abs(Double(after - before) - expected) < expected / 50 + 400)
    }

    @Test(arguments: [
        "nvmlDeviceGetMemoryInfo", "nvmlDeviceGetUtilizationRates", "nvmlDeviceGetPowerUsage",
        "nvmlDeviceGetTotalEnergyConsumption", "nvmlDeviceGetMigMode", "nvmlDeviceGetPciInfo_v3",
    ])
    func `a call costs less than two microseconds`(name: String) throws {
        let machine = try Machine("dgx-a100")
        let driver = try LoadedDriver(machine)
        let device = try driver.device(0)
        typealias Call =
            @convention(c) (nvmlDevice_t?, UnsafeMutableRawPointer?, UnsafeMutableRawPointer?)
            -> nvmlReturn_t
        let call = try driver.function(name, as: Call.self)
        let room = UnsafeMutableRawPointer.allocate(byteCount: 256, alignment: 16)
        defer { room.deallocate() }
        let rounds = 20_000
        let start = ContinuousClock.now
        for _ in 0..<rounds { _ = call(device, room, room + 128) }
        let nanoseconds = Double((ContinuousClock.now - start) / .nanoseconds(1)) / Double(rounds)
        #expect(call(device, room, room + 128) == NVML_SUCCESS)
        print("\(name): \(Int(nanoseconds)) ns a call")
        #if DEBUG
            #expect(nanoseconds < 20_000)
        #else
            #expect(nanoseconds < 2_000)
        #endif
    }
}
