public import CNVML
import CSimulatedDriver

// What the board and the machine around it say of themselves.

/// The firmware of the GPU's own processor is part of the driver (Turing and later).
@c public func nvmlDeviceGetGspFirmwareVersion(
    _ device: nvmlDevice_t?, _ version: UnsafeMutablePointer<CChar>?
) -> nvmlReturn_t {
    withGPU(device) { gpu in
        guard gpu.hasFirmware else { return NVML_ERROR_NOT_SUPPORTED }
        // The caller's buffer holds 64 bytes.
        return copy(model_driver_version(gpu.model), to: version, 64)
    }
}

@c public func nvmlDeviceGetGspFirmwareMode(
    _ device: nvmlDevice_t?, _ isEnabled: UnsafeMutablePointer<UInt32>?,
    _ isEnabledByDefault: UnsafeMutablePointer<UInt32>?
) -> nvmlReturn_t {
    answerMode(device, isEnabled, isEnabledByDefault) { $0.hasFirmware ? (1, 1) : nil }
}

extension GPU {
    fileprivate var hasFirmware: Bool { state.pointee.architecture >= 6 && state.pointee.displaySupported == 0 }
}

/// 2: PCI Express.
@c public func nvmlDeviceGetBusType(_ device: nvmlDevice_t?, _ type: UnsafeMutablePointer<UInt32>?) -> nvmlReturn_t {
    answer(device, type) { _ in 2 }
}

/// 0: alternating current.
@c public func nvmlDeviceGetPowerSource(
    _ device: nvmlDevice_t?, _ source: UnsafeMutablePointer<UInt32>?
) -> nvmlReturn_t {
    answer(device, source) { _ in 0 }
}

@c public func nvmlDeviceGetIrqNum(_ device: nvmlDevice_t?, _ number: UnsafeMutablePointer<UInt32>?) -> nvmlReturn_t {
    answer(device, number) { 64 + $0.number }
}

extension GPU {
    /// Megabits per second of one lane of that generation.
    fileprivate func pcieSpeed(_ generation: UInt32) -> UInt32 {
        switch generation {
        case 1: 2_500
        case 2: 5_000
        default: 8_000 << (min(generation, 6) - 3)
        }
    }
}

/// The highest speed as NVML's number: 1 is 2.5 gigatransfers per second, 2 is 5, 3 is 8, 4 is 16, 5 is 32, 6 is 64.
@c public func nvmlDeviceGetPcieLinkMaxSpeed(
    _ device: nvmlDevice_t?, _ speed: UnsafeMutablePointer<UInt32>?
) -> nvmlReturn_t {
    answer(device, speed) { $0.state.pointee.pcieGeneration }
}

/// Megatransfers per second now.
@c public func nvmlDeviceGetPcieSpeed(
    _ device: nvmlDevice_t?, _ speed: UnsafeMutablePointer<UInt32>?
) -> nvmlReturn_t {
    answer(device, speed) { gpu in
        let sleeps = gpu.state.pointee.idlePerformanceState > 0 && gpu.load == 0
        return gpu.pcieSpeed(sleeps ? 1 : gpu.state.pointee.pcieGeneration)
    }
}

/// No board carries two GPUs.
@c public func nvmlDeviceOnSameBoard(
    _ first: nvmlDevice_t?, _ second: nvmlDevice_t?, _ isSame: UnsafeMutablePointer<Int32>?
) -> nvmlReturn_t {
    withGPU(first) { first in
        withGPU(second) { second in store(first.number == second.number ? 1 : 0, in: isSame) }
    }
}

/// The name of a GPU in text (type 1) or as sixteen bytes, which no simulated GPU is asked for by.
@c public func nvmlDeviceGetHandleByUUIDV(
    _ uuid: UnsafePointer<nvmlUUID_v1_t>?, _ device: UnsafeMutablePointer<nvmlDevice_t?>?
) -> nvmlReturn_t {
    withMachine(since: 575) { _ in
        guard let uuid else { return NVML_ERROR_INVALID_ARGUMENT }
        guard uuid.pointee.version == structVersion(nvmlUUID_v1_t.self, 1) else {
            return NVML_ERROR_ARGUMENT_VERSION_MISMATCH
        }
        guard uuid.pointee.type == 1 else { return NVML_ERROR_NOT_SUPPORTED }
        return nvmlDeviceGetHandleByUUID((UnsafeRawPointer(uuid) + 8).assumingMemoryBound(to: CChar.self), device)
    }
}

// MARK: Around the GPUs

/// No cards for external graphics, no units of the S class, and no GPUs that the driver was told to leave alone.
@c public func nvmlSystemGetHicVersion(
    _ count: UnsafeMutablePointer<UInt32>?, _ entries: UnsafeMutableRawPointer?
) -> nvmlReturn_t {
    withMachine { _ in store(0, in: count) }
}

@c public func nvmlUnitGetCount(_ count: UnsafeMutablePointer<UInt32>?) -> nvmlReturn_t {
    withMachine { _ in store(0, in: count) }
}

@c public func nvmlGetExcludedDeviceCount(_ count: UnsafeMutablePointer<UInt32>?) -> nvmlReturn_t {
    withMachine { _ in store(0, in: count) }
}

/// The GPUs that are near to a CPU.
@c public func nvmlSystemGetTopologyGpuSet(
    _ cpu: UInt32, _ count: UnsafeMutablePointer<UInt32>?, _ devices: UnsafeMutablePointer<nvmlDevice_t?>?
) -> nvmlReturn_t {
    withMachine { _ in
        guard let count, cpu < UInt32(MODEL_CPU_WORDS) * 64 else { return NVML_ERROR_INVALID_ARGUMENT }
        let room = devices == nil ? 0 : count.pointee
        var found: UInt32 = 0
        for index in 0..<Driver.gpuCount {
            guard let gpu = Driver.gpu(at: index),
                model_cpu_word(gpu.state, cpu / 64).pointee >> UInt64(cpu % 64) & 1 != 0
            else { continue }
            if found < room { devices?[Int(found)] = gpu.handle }
            found += 1
        }
        count.pointee = devices == nil ? found : min(found, room)
        return NVML_SUCCESS
    }
}
