import CNVML
import Foundation
import SimulatedDevices
import Testing

@Suite struct SensorTests {
    @Test func `performance metrics are the mean between two samples`() throws {
        let machine = try Machine("dgx-h100")
        let driver = try LoadedDriver(machine)
        let device = try driver.device(0)
        var support = nvmlGpmSupport_t(version: 1, isSupportedDevice: 0)
        #expect(try driver.result("nvmlGpmQueryDeviceSupport", device, &support) == NVML_SUCCESS)
        #expect(support.isSupportedDevice == 1)

        let (first, second) = (try driver.newSample(), try driver.newSample())
        #expect(try driver.take(first, device) == NVML_SUCCESS)
        try machine.instance.setLoad(gpu: 0, percent: 80)
        usleep(40_000)
        try machine.instance.setLoad(gpu: 0, percent: 0)
        usleep(40_000)
        #expect(try driver.take(second, device) == NVML_SUCCESS)
        // Half of the time at 80 per cent; sleeps are never shorter than asked.
        let load = try driver.metric(1, first, second)
        #expect((20...60).contains(try #require(load)))
        #expect(try driver.metric(10, first, second).map { abs($0 - (load ?? 0) * 0.6) < 0.01 } == true)
        #expect(try driver.metric(9999, first, second) == nil)
    }

    @Test func `older GPUs have no performance metrics`() throws {
        let machine = try Machine("dgx-a100")
        let driver = try LoadedDriver(machine)
        var support = nvmlGpmSupport_t(version: 1, isSupportedDevice: 1)
        #expect(try driver.result("nvmlGpmQueryDeviceSupport", driver.device(0), &support) == NVML_SUCCESS)
        #expect(support.isSupportedDevice == 0)
        let sample = try driver.newSample()
        #expect(try driver.take(sample, driver.device(0)) == NVML_ERROR_NOT_SUPPORTED)
    }

    @Test(arguments: SimulatedProfile.all.map(\.name))
    func `fields say what the calls say`(name: String) throws {
        let machine = try Machine(name, driver: "580")
        let profile = try SimulatedProfile.named(name)
        let driver = try LoadedDriver(machine)
        for (index, seat) in profile.seats.enumerated() {
            let (device, board) = (try driver.device(UInt32(index)), seat.board)
            #expect(try driver.field(188, device) == UInt64(board.power.most * 1000))
            #expect(try driver.field(187, device) == UInt64(board.power.least * 1000))
            let power = try #require(try driver.field(186, device))
            #expect((UInt64(board.power.idle * 950)...UInt64(board.power.idle * 1050)).contains(power))
            #expect(try driver.field(186, device, scope: 1) == nil)
            let isOn = board.hasErrorCorrection && board.startsWithErrorCorrection
            #expect(try driver.field(1, device) == (board.hasErrorCorrection ? isOn ? 1 : 0 : nil))
            #expect(try driver.field(3, device) == (isOn ? 0 : nil))
            let remaps = board.hasErrorCorrection && board.architecture.rawValue >= 7
            #expect(try driver.field(142, device) == (remaps ? 0 : nil))
            #expect(try driver.field(230, device) == 0)
            let hasMemorySensor = board.temperature.memoryMost > 0
            #expect((try driver.field(82, device) != nil) == hasMemorySensor)
        }
    }

    @Test func `NVLinks carry traffic while kernels run`() throws {
        let machine = try Machine("dgx-a100")
        let driver = try LoadedDriver(machine)
        let device = try driver.device(0)
        #expect(try driver.field(138, device, scope: .max) == 0)
        try machine.instance.setLoad(gpu: 0, percent: 100)
        usleep(50_000)
        try machine.instance.setLoad(gpu: 0, percent: 0)
        let one = try #require(try driver.field(138, device, scope: 3))
        // A quarter of 25 GB/s for 50 ms or longer.
        #expect(one > 250_000_000 / 1024)
        #expect(try #require(try driver.field(138, device, scope: .max)) / 12 >= one - 1)
        #expect(try driver.field(138, device, scope: 12) == nil)
        let bridged = try Machine("2x-rtx-4090")
        #expect(try LoadedDriver(bridged).field(138, LoadedDriver(bridged).device(0), scope: .max) == nil)
    }

    @Test func `fields come with drivers`() throws {
        let machine = try Machine("dgx-h100", driver: "535")
        let driver = try LoadedDriver(machine)
        #expect(try driver.field(230, driver.device(0)) == nil)
        #expect(try driver.field(186, driver.device(0)) != nil)
    }

    @Test func `a machine in confidential mode tells no process's memory`() throws {
        #expect(throws: SimulationError.notConfidential(profile: "dgx-a100")) {
            try Machine("dgx-a100").instance.setConfidentialComputing(true)
        }
        let machine = try Machine("dgx-h100")
        try machine.instance.setConfidentialComputing(true)
        let driver = try LoadedDriver(machine)
        typealias Call = @convention(c) (UnsafeMutablePointer<nvmlConfComputeSystemState_t>?) -> nvmlReturn_t
        var state = nvmlConfComputeSystemState_t()
        #expect(try driver.function("nvmlSystemGetConfComputeState", as: Call.self)(&state) == NVML_SUCCESS)
        #expect(state.ccFeature == 1)
        #expect(state.environment == 2)
        try machine.instance.addProcess(pid: getpid(), gpu: 0, memory: 1 << 30)
        var (count, entry) = (UInt32(1), nvmlProcessInfo_t())
        let list = try driver.function(
            "nvmlDeviceGetComputeRunningProcesses_v3", as: PFN_nvmlDeviceGetComputeRunningProcesses_v3.self)
        #expect(list(try driver.device(0), &count, &entry) == NVML_SUCCESS)
        #expect(entry.usedGpuMemory == NVML_MEMORY_NOT_AVAILABLE)
        #expect(try driver.memory(driver.device(0)).used == 1 << 30)
        let protected = try driver.value(
            "nvmlDeviceGetConfComputeProtectedMemoryUsage", driver.device(0), into: nvmlMemory_t())
        #expect(protected.total == 81559 << 20)
    }

    @Test func `served processes have a list of their own`() throws {
        let machine = try Machine("2x-rtx-4090")
        let driver = try LoadedDriver(machine)
        let (server, client) = (try Sleeper(), try Sleeper())
        try machine.instance.addProcess(pid: server.pid, gpu: 0, memory: 1 << 30)
        try machine.instance.addProcess(pid: client.pid, gpu: 0, memory: 2 << 30, isServed: true)
        var (count, entry) = (UInt32(1), nvmlProcessInfo_t())
        let list = try driver.function(
            "nvmlDeviceGetMPSComputeRunningProcesses_v3", as: PFN_nvmlDeviceGetMPSComputeRunningProcesses_v3.self)
        #expect(list(try driver.device(0), &count, &entry) == NVML_SUCCESS)
        #expect(count == 1)
        #expect(entry.pid == UInt32(client.pid))
        #expect(try driver.computePIDs(driver.device(0)) == [UInt32(server.pid)])
    }

    @Test(.enabled(if: CGroup.own != nil, "no cgroup directory of this process can be seen"))
    func `a cgroup has the memory limits that it was given`() throws {
        let machine = try Machine("2x-rtx-4090", driver: "615")
        let driver = try LoadedDriver(machine)
        let device = try driver.device(1)
        let path = try #require(CGroup.own)
        try machine.instance.addProcess(pid: getpid(), gpu: 1, memory: 3 << 30)
        let set = try driver.function(
            "nvmlDeviceSetMemoryLimits_v1", as: PFN_nvmlDeviceSetMemoryLimits_v1.self)
        let get = try driver.function(
            "nvmlDeviceGetMemoryLimits_v1", as: PFN_nvmlDeviceGetMemoryLimits_v1.self)
        path.withCString { name in
            var asked = nvmlGetMemoryLimits_v1_t()
            asked.nameSpace = name
            #expect(get(device, &asked) == NVML_SUCCESS)
            #expect(asked.hardLimit == .max)
            #expect(asked.currentUsed == 3 << 30)
            var limits = nvmlSetMemoryLimits_v1_t(nameSpace: name, softLimit: 1 << 30, hardLimit: 4 << 30)
            #expect(set(device, &limits) == NVML_SUCCESS)
            #expect(get(device, &asked) == NVML_SUCCESS)
            #expect(asked.softLimit == 1 << 30)
            #expect(asked.hardLimit == 4 << 30)
            limits.softLimit = 5 << 30
            #expect(set(device, &limits) == NVML_ERROR_INVALID_ARGUMENT)
        }
        "/no/such/cgroup".withCString { name in
            var limits = nvmlSetMemoryLimits_v1_t(nameSpace: name, softLimit: 1, hardLimit: 1)
            #expect(set(device, &limits) == NVML_ERROR_NOT_FOUND)
        }
    }

    @Test func `a locked clock holds, and its end lets go`() throws {
        let machine = try Machine("dgx-a100")
        let driver = try LoadedDriver(machine)
        let device = try driver.device(0)
        try machine.instance.setLoad(gpu: 0, percent: 50)
        typealias Lock = @convention(c) (nvmlDevice_t?, UInt32, UInt32) -> nvmlReturn_t
        typealias Unlock = @convention(c) (nvmlDevice_t?) -> nvmlReturn_t
        let clock = try driver.function("nvmlDeviceGetClockInfo", as: PFN_nvmlDeviceGetClockInfo.self)
        var frequency: UInt32 = 0
        #expect(try driver.function("nvmlDeviceSetGpuLockedClocks", as: Lock.self)(device, 600, 900) == NVML_SUCCESS)
        #expect(clock(device, NVML_CLOCK_SM, &frequency) == NVML_SUCCESS)
        #expect(frequency == 900)
        #expect(try driver.function("nvmlDeviceResetGpuLockedClocks", as: Unlock.self)(device) == NVML_SUCCESS)
        #expect(clock(device, NVML_CLOCK_SM, &frequency) == NVML_SUCCESS)
        #expect(frequency == 1410)
    }
}

/// The cgroup of this process, as it can be seen from here.
private enum CGroup {
    static let own: String? = {
        guard let text = try? String(contentsOfFile: "/proc/self/cgroup", encoding: .utf8) else { return nil }
        let lines = text.split(separator: "\n")
        let paths =
            lines.compactMap { line in
                line.range(of: ":memory:").map { "/sys/fs/cgroup/memory" + line[$0.upperBound...] }
            } + lines.filter { $0.hasPrefix("0::/") }.map { "/sys/fs/cgroup" + $0.dropFirst(3) }
        return paths.first { FileManager.default.fileExists(atPath: $0) }
    }()
}

extension LoadedDriver {
    fileprivate func newSample() throws -> nvmlGpmSample_t {
        typealias Call = @convention(c) (UnsafeMutablePointer<nvmlGpmSample_t?>?) -> nvmlReturn_t
        var sample: nvmlGpmSample_t?
        try #require(function("nvmlGpmSampleAlloc", as: Call.self)(&sample) == NVML_SUCCESS)
        return try #require(sample)
    }

    fileprivate func take(_ sample: nvmlGpmSample_t, _ device: nvmlDevice_t) throws -> nvmlReturn_t {
        typealias Call = @convention(c) (nvmlDevice_t?, nvmlGpmSample_t?) -> nvmlReturn_t
        return try function("nvmlGpmSampleGet", as: Call.self)(device, sample)
    }

    fileprivate func metric(_ id: UInt32, _ first: nvmlGpmSample_t, _ second: nvmlGpmSample_t) throws -> Double? {
        typealias Call = @convention(c) (UnsafeMutablePointer<nvmlGpmMetricsGet_t>?) -> nvmlReturn_t
        let request = UnsafeMutablePointer<nvmlGpmMetricsGet_t>.allocate(capacity: 1)
        defer { request.deallocate() }
        memset(request, 0, MemoryLayout<nvmlGpmMetricsGet_t>.size)
        request.pointee.version = 1
        request.pointee.numMetrics = 1
        request.pointee.sample1 = first
        request.pointee.sample2 = second
        request.pointee.metrics.0.metricId = id
        try #require(function("nvmlGpmMetricsGet", as: Call.self)(request) == NVML_SUCCESS)
        let metric = request.pointee.metrics.0
        return metric.nvmlReturn == NVML_SUCCESS ? metric.value : nil
    }
}
