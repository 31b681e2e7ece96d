public import CNVML
import CSimulatedDriver

// Clocks in megahertz: which there are, and how they are held.

/// Fills a list of numbers, highest first, or says how long it has to be.
private func list(
    _ count: UnsafeMutablePointer<UInt32>?, _ values: UnsafeMutablePointer<UInt32>?, length: UInt32,
    _ value: (UInt32) -> UInt32
) -> nvmlReturn_t {
    guard let count else { return NVML_ERROR_INVALID_ARGUMENT }
    let room = values == nil ? 0 : count.pointee
    for index in 0..<min(length, room) { values?[Int(index)] = value(index) }
    count.pointee = length
    return length <= room ? NVML_SUCCESS : NVML_ERROR_INSUFFICIENT_SIZE
}

/// The memory clock of a busy and of an idle GPU; one where both are the same.
@c public func nvmlDeviceGetSupportedMemoryClocks(
    _ device: nvmlDevice_t?, _ count: UnsafeMutablePointer<UInt32>?, _ clocks: UnsafeMutablePointer<UInt32>?
) -> nvmlReturn_t {
    withGPU(device) { gpu in
        let (most, idle) = (gpu.state.pointee.clocksMax.memory, gpu.state.pointee.clocksIdle.memory)
        return list(count, clocks, length: most == idle ? 1 : 2) { $0 == 0 ? most : idle }
    }
}

/// Every fifteen megahertz from the highest clock to the idle one.
@c public func nvmlDeviceGetSupportedGraphicsClocks(
    _ device: nvmlDevice_t?, _ memoryClock: UInt32, _ count: UnsafeMutablePointer<UInt32>?,
    _ clocks: UnsafeMutablePointer<UInt32>?
) -> nvmlReturn_t {
    withGPU(device) { gpu in
        let (most, idle) = (gpu.state.pointee.clocksMax, gpu.state.pointee.clocksIdle)
        guard memoryClock == most.memory || memoryClock == idle.memory else { return NVML_ERROR_NOT_FOUND }
        return list(count, clocks, length: (most.graphics - idle.graphics) / 15 + 1) { most.graphics - $0 * 15 }
    }
}

/// The states of a busy and of an idle GPU; unused entries hold 32, for none.
@c public func nvmlDeviceGetSupportedPerformanceStates(
    _ device: nvmlDevice_t?, _ states: UnsafeMutablePointer<UInt32>?, _ size: UInt32
) -> nvmlReturn_t {
    withGPU(device) { gpu in
        guard let states else { return NVML_ERROR_INVALID_ARGUMENT }
        let idle = gpu.state.pointee.idlePerformanceState
        guard size >= 4 * (idle == 0 ? 1 : 2) else { return NVML_ERROR_INSUFFICIENT_SIZE }
        for index in 0..<Int(size / 4) { states[index] = index == 0 ? 0 : index == 1 && idle > 0 ? idle : 32 }
        return NVML_SUCCESS
    }
}

/// Holds the graphics clock between two frequencies.
@c public func nvmlDeviceSetGpuLockedClocks(
    _ device: nvmlDevice_t?, _ least: UInt32, _ most: UInt32
) -> nvmlReturn_t {
    change(device) { gpu in
        guard least <= most, most > 0 else { return NVML_ERROR_INVALID_ARGUMENT }
        guard gpu.state.pointee.architecture >= 5 else { return NVML_ERROR_NOT_SUPPORTED }
        let (lowest, highest) = (gpu.state.pointee.clocksIdle.graphics, gpu.state.pointee.clocksMax.graphics)
        model_store_32(&gpu.state.pointee.lockedClockMin, min(max(least, lowest), highest))
        model_store_32(&gpu.state.pointee.lockedClockMax, min(max(most, lowest), highest))
        return NVML_SUCCESS
    }
}

@c public func nvmlDeviceResetGpuLockedClocks(_ device: nvmlDevice_t?) -> nvmlReturn_t {
    change(device) { gpu in
        model_store_32(&gpu.state.pointee.lockedClockMin, 0)
        model_store_32(&gpu.state.pointee.lockedClockMax, 0)
        return NVML_SUCCESS
    }
}

/// Application clocks are those of a busy GPU: a graphics clock below the highest is locked.
@c public func nvmlDeviceSetApplicationsClocks(
    _ device: nvmlDevice_t?, _ memory: UInt32, _ graphics: UInt32
) -> nvmlReturn_t {
    change(device) { gpu in
        let (most, idle) = (gpu.state.pointee.clocksMax, gpu.state.pointee.clocksIdle)
        guard memory == most.memory || memory == idle.memory, graphics >= idle.graphics, graphics <= most.graphics
        else {
            return NVML_ERROR_INVALID_ARGUMENT
        }
        model_store_32(&gpu.state.pointee.lockedClockMax, graphics)
        return NVML_SUCCESS
    }
}

@c public func nvmlDeviceResetApplicationsClocks(_ device: nvmlDevice_t?) -> nvmlReturn_t {
    nvmlDeviceResetGpuLockedClocks(device)
}

@c public func nvmlDeviceGetMaxCustomerBoostClock(
    _ device: nvmlDevice_t?, _ kind: nvmlClockType_t, _ frequency: UnsafeMutablePointer<UInt32>?
) -> nvmlReturn_t {
    nvmlDeviceGetMaxClockInfo(device, kind, frequency)
}

@c public func nvmlDeviceGetMinMaxClockOfPState(
    _ device: nvmlDevice_t?, _ kind: nvmlClockType_t, _ performanceState: UInt32,
    _ least: UnsafeMutablePointer<UInt32>?, _ most: UnsafeMutablePointer<UInt32>?
) -> nvmlReturn_t {
    answerMode(device, least, most) { gpu in
        guard performanceState == 0, let idle = gpu.clock(kind, of: gpu.state.pointee.clocksIdle),
            let highest = gpu.clock(kind, of: gpu.state.pointee.clocksMax)
        else { return nil }
        return (idle, highest)
    }
}

/// Adaptive clocking is on.
@c public func nvmlDeviceGetAdaptiveClockInfoStatus(
    _ device: nvmlDevice_t?, _ status: UnsafeMutablePointer<UInt32>?
) -> nvmlReturn_t {
    answer(device, status) { _ in 1 }
}

/// The second version of the call takes the limit of the GPU (scope 0) in a structure.
@c(nvmlDeviceSetPowerManagementLimit_v2) public func nvmlDeviceSetPowerManagementLimit2(
    _ device: nvmlDevice_t?, _ value: UnsafeMutablePointer<nvmlPowerValue_v2_t>?
) -> nvmlReturn_t {
    withGPU(device) { gpu in
        guard let value else { return NVML_ERROR_INVALID_ARGUMENT }
        guard value.pointee.version == structVersion(nvmlPowerValue_v2_t.self, 2) else {
            return NVML_ERROR_ARGUMENT_VERSION_MISMATCH
        }
        guard value.pointee.powerScope == 0 else { return NVML_ERROR_NOT_SUPPORTED }
        return nvmlDeviceSetPowerManagementLimit(device, value.pointee.powerValueMw)
    }
}
