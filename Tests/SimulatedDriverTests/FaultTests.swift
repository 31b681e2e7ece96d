import CNVML
import Foundation
import SimulatedDevices
import Testing

@Suite struct FaultTests {
    @Test func `a call fails on order, after so many that succeed, and for so many`() throws {
        let machine = try Machine("2x-rtx-4090")
        let driver = try LoadedDriver(machine)
        let device = try driver.device(0)
        try machine.instance.failCall("nvmlDeviceGetPowerUsage", result: 15, after: 2, times: 3)
        var power: UInt32 = 0
        var results: [nvmlReturn_t] = []
        for _ in 0..<6 { results.append(try driver.result("nvmlDeviceGetPowerUsage", device, &power)) }
        let lost = NVML_ERROR_GPU_IS_LOST
        #expect(results == [NVML_SUCCESS, NVML_SUCCESS, lost, lost, lost, NVML_SUCCESS])
        #expect(try driver.result("nvmlDeviceGetFanSpeed", device, &power) == NVML_SUCCESS)
    }

    @Test func `a failure meets all versions of a call until it is taken back`() throws {
        let machine = try Machine("2x-rtx-4090")
        let driver = try LoadedDriver(machine)
        let device = try driver.device(0)
        try machine.instance.failCall("nvmlDeviceGetComputeRunningProcesses_v3")
        var count: UInt32 = 0
        for name in ["", "_v2", "_v3"] {
            let result = try driver.result("nvmlDeviceGetComputeRunningProcesses\(name)", device, &count)
            #expect(result == NVML_ERROR_UNKNOWN)
        }
        machine.instance.clearCalls()
        #expect(try driver.computePIDs(device) == [])
    }

    @Test func `a call hangs until it may come back`() throws {
        let machine = try Machine("2x-rtx-4090")
        let driver = try LoadedDriver(machine)
        let device = try driver.device(0)
        try machine.instance.hangCall("nvmlDeviceGetPowerUsage")
        let instance = machine.instance
        let rescuer = Thread {
            usleep(150_000)
            instance.clearCalls()
        }
        rescuer.start()
        let start = ContinuousClock.now
        #expect(try driver.number("nvmlDeviceGetPowerUsage", device) > 0)
        #expect((Duration.milliseconds(140)...(.seconds(5))).contains(ContinuousClock.now - start))
    }

    @Test func `the start itself fails on order`() throws {
        let machine = try Machine("2x-rtx-4090")
        try machine.instance.failCall("nvmlInit", result: 18, times: 1)
        let library = try #require(dlopen(machine.instance.libraryPath, RTLD_NOW | RTLD_LOCAL))
        defer { dlclose(library) }
        let start = unsafeBitCast(try #require(dlsym(library, "nvmlInit_v2")), to: PFN_nvmlInit_v2.self)
        #expect(start() == NVML_ERROR_LIB_RM_VERSION_MISMATCH)
        #expect(start() == NVML_SUCCESS)
    }

    @Test(.enabled(if: Tool.nvidiaSMI != nil, "no nvidia-smi: run Scripts/nvidia-smi first"))
    func `nvidia-smi meets faults and says so`() async throws {
        let machine = try Machine("dgx-a100")
        try machine.instance.lose(gpu: 2)
        let failure = await #expect(throws: Tool.Failure.self) { try await SMI.text(machine, "-L") }
        #expect(failure?.text.contains("GPU is lost") == true)
        try machine.instance.restore(gpu: 2)
        try machine.instance.failCall("nvmlDeviceGetTemperature", result: 15)
        let query = ["--query-gpu=temperature.gpu", "--format=csv,noheader", "-i", "0"]
        #expect(try await SMI.text(machine, query).contains("GPU is lost"))
        machine.instance.clearCalls()
        #expect(try await SMI.text(machine, query).contains(/^\d\d\n/))
    }

    @Test func `orders that make no sense are refused`() throws {
        let machine = try Machine("2x-rtx-4090")
        #expect(throws: SimulationError.badCall("rm -rf")) { try machine.instance.failCall("rm -rf") }
        #expect(throws: SimulationError.badResult(0)) { try machine.instance.failCall("nvmlInit", result: 0) }
        #expect(throws: SimulationError.noErrorCorrection(gpu: 0)) {
            try machine.instance.addMemoryErrors(gpu: 0, corrected: 1, uncorrected: 0)
        }
        for _ in 0..<16 { try machine.instance.failCall("nvmlInit") }
        #expect(throws: SimulationError.tooManyFaults(limit: 16)) { try machine.instance.failCall("nvmlInit") }
    }

    @Test func `memory errors are counted, and rows are replaced with the next reset`() throws {
        let machine = try Machine("dgx-a100", driver: "580")
        let driver = try LoadedDriver(machine)
        let device = try driver.device(3)
        try machine.instance.addMemoryErrors(gpu: 3, corrected: 7, uncorrected: 2)
        let errors = try driver.function("nvmlDeviceGetTotalEccErrors", as: PFN_nvmlDeviceGetTotalEccErrors.self)
        func count(_ kind: nvmlMemoryErrorType_t, _ counter: nvmlEccCounterType_t) -> UInt64 {
            var count: UInt64 = 0
            return errors(device, kind, counter, &count) == NVML_SUCCESS ? count : .max
        }
        #expect(count(NVML_MEMORY_ERROR_TYPE_CORRECTED, NVML_VOLATILE_ECC) == 7)
        #expect(count(NVML_MEMORY_ERROR_TYPE_UNCORRECTED, NVML_AGGREGATE_ECC) == 2)
        #expect(try driver.remappedRows(device) == [0, 2, 1, 0])
        // The driver asks for a reset.
        #expect(try driver.field(230, device) == 1)
        let histogram = try driver.value(
            "nvmlDeviceGetRowRemapperHistogram", device, into: nvmlRowRemapperHistogramValues_t())
        #expect(histogram.max == 638)
        #expect(histogram.high == 2)
        try machine.instance.reset(gpu: 3)
        #expect(try driver.remappedRows(device) == [0, 2, 0, 0])
        #expect(try driver.field(230, device) == 0)
        #expect(count(NVML_MEMORY_ERROR_TYPE_CORRECTED, NVML_VOLATILE_ECC) == 0)
        #expect(count(NVML_MEMORY_ERROR_TYPE_CORRECTED, NVML_AGGREGATE_ECC) == 7)
    }

    @Test func `older GPUs retire pages instead`() throws {
        let machine = try Machine("dgx-1-v100")
        let driver = try LoadedDriver(machine)
        let device = try driver.device(0)
        try machine.instance.addMemoryErrors(gpu: 0, corrected: 0, uncorrected: 1)
        typealias Call =
            @convention(c) (nvmlDevice_t?, UInt32, UnsafeMutablePointer<UInt32>?, UnsafeMutableRawPointer?)
            -> nvmlReturn_t
        var (count, address): (UInt32, UInt64) = (1, 0)
        let pages = try driver.function("nvmlDeviceGetRetiredPages", as: Call.self)
        #expect(pages(device, 1, &count, &address) == NVML_SUCCESS)
        #expect(count == 1)
        #expect(try driver.number("nvmlDeviceGetRetiredPagesPendingStatus", device) == 1)
        #expect(try driver.remappedRows(device) == nil)
    }

    @Test func `a hot GPU is slower and says why`() throws {
        let machine = try Machine("dgx-h100")
        let driver = try LoadedDriver(machine)
        let device = try driver.device(2)
        try machine.instance.setLoad(gpu: 2, percent: 100)
        let clock = try driver.function("nvmlDeviceGetClockInfo", as: PFN_nvmlDeviceGetClockInfo.self)
        var (before, after): (UInt32, UInt32) = (0, 0)
        try #require(clock(device, NVML_CLOCK_SM, &before) == NVML_SUCCESS)
        try machine.instance.throttle(gpu: 2, reason: .hardwareThermal)
        try #require(clock(device, NVML_CLOCK_SM, &after) == NVML_SUCCESS)
        #expect(before == 1980)
        #expect(after == 990)
        let reasons = try driver.value("nvmlDeviceGetCurrentClocksThrottleReasons", device, into: UInt64(0))
        #expect(reasons == 0x48)
        try machine.instance.throttle(gpu: 2, reason: nil)
        try #require(clock(device, NVML_CLOCK_SM, &after) == NVML_SUCCESS)
        #expect(after == 1980)
    }

    @Test func `a reset waits for processes, and a lost GPU comes back without them`() throws {
        let machine = try Machine("2x-rtx-4090")
        let driver = try LoadedDriver(machine)
        let sleeper = try Sleeper()
        try machine.instance.addProcess(pid: sleeper.pid, gpu: 0, memory: 1 << 30)
        #expect(throws: SimulationError.inUse(gpu: 0, pid: sleeper.pid)) { try machine.instance.reset(gpu: 0) }
        try machine.instance.lose(gpu: 0)
        #expect(throws: SimulationError.lost(gpu: 0)) { try machine.instance.reset(gpu: 0) }
        try machine.instance.restore(gpu: 0)
        #expect(try driver.computePIDs(driver.device(0)) == [])
    }
}

extension LoadedDriver {
    /// Corrected, uncorrected, pending, failed; nil where the GPU does not remap rows.
    fileprivate func remappedRows(_ device: nvmlDevice_t) throws -> [UInt32]? {
        let call = try function("nvmlDeviceGetRemappedRows", as: PFN_nvmlDeviceGetRemappedRows.self)
        var (corrected, uncorrected, pending, failed) = (UInt32.max, UInt32.max, UInt32.max, UInt32.max)
        let result = call(device, &corrected, &uncorrected, &pending, &failed)
        return result == NVML_SUCCESS ? [corrected, uncorrected, pending, failed] : nil
    }
}
