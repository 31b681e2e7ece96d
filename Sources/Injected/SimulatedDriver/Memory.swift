public import CNVML
import CSimulatedDriver

// Device memory, in bytes.

extension GPU {
    /// What living processes hold.
    var memoryUsed: UInt64 {
        dropDeadProcesses()
        return model_gpu_memory(model, number)
    }

    /// What nobody holds; never below zero, whatever the control side put in.
    fileprivate func memoryFree(used: UInt64) -> UInt64 {
        let taken = used + state.pointee.memoryReserved
        return taken < state.pointee.memoryTotal ? state.pointee.memoryTotal - taken : 0
    }
}

/// What a GPU or a MIG device has; a MIG device has the memory of its GPU instance.
private func amounts(_ gpu: GPU, _ part: MIGDevice?) -> (total: UInt64, reserved: UInt64, used: UInt64, free: UInt64) {
    if let part {
        gpu.dropDeadProcesses()
        let total = part.instance.kind.pointee.memory
        // What the driver keeps for itself in an instance, whatever its size.
        let reserved: UInt64 = 12 << 20
        let used = part.memoryUsed
        return (total, reserved, used, total > reserved + used ? total - reserved - used : 0)
    }
    let used = gpu.memoryUsed
    return (gpu.state.pointee.memoryTotal, gpu.state.pointee.memoryReserved, used, gpu.memoryFree(used: used))
}

/// The first version counts what the driver keeps for itself as used: total = free + used.
@c public func nvmlDeviceGetMemoryInfo(
    _ device: nvmlDevice_t?, _ memory: UnsafeMutablePointer<nvmlMemory_t>?
) -> nvmlReturn_t {
    answerForParts(device, memory) { gpu, part in
        let amounts = amounts(gpu, part)
        return nvmlMemory_t(total: amounts.total, free: amounts.free, used: amounts.total - amounts.free)
    }
}

/// The second version shows apart what the driver keeps for itself: total = reserved + free + used.
@c(nvmlDeviceGetMemoryInfo_v2) public func nvmlDeviceGetMemoryInfo2(
    _ device: nvmlDevice_t?, _ memory: UnsafeMutablePointer<nvmlMemory_v2_t>?
) -> nvmlReturn_t {
    withDevice(device, #function) { gpu, part in
        guard let memory else { return NVML_ERROR_INVALID_ARGUMENT }
        guard memory.pointee.version == NVML_MEMORY_V2_VERSION else { return NVML_ERROR_ARGUMENT_VERSION_MISMATCH }
        let amounts = amounts(gpu, part)
        memory.pointee.total = amounts.total
        memory.pointee.reserved = amounts.reserved
        memory.pointee.free = amounts.free
        memory.pointee.used = amounts.used
        return NVML_SUCCESS
    }
}

/// The window through which the host sees device memory; an idle driver keeps one mebibyte of it.
@c public func nvmlDeviceGetBAR1MemoryInfo(
    _ device: nvmlDevice_t?, _ memory: UnsafeMutablePointer<nvmlBAR1Memory_t>?
) -> nvmlReturn_t {
    answerForParts(device, memory) { gpu, _ in
        let total = gpu.state.pointee.bar1Total
        let used = min(total, 1 << 20)
        return nvmlBAR1Memory_t(bar1Total: total, bar1Free: total - used, bar1Used: used)
    }
}

@c public func nvmlDeviceGetMemoryBusWidth(
    _ device: nvmlDevice_t?, _ bits: UnsafeMutablePointer<UInt32>?
) -> nvmlReturn_t {
    answer(device, bits) { $0.state.pointee.memoryBusWidth }
}
