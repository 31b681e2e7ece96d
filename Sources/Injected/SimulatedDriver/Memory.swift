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

/// The first version counts what the driver keeps for itself as used: total = free + used.
@c public func nvmlDeviceGetMemoryInfo(
    _ device: nvmlDevice_t?, _ memory: UnsafeMutablePointer<nvmlMemory_t>?
) -> nvmlReturn_t {
    answer(device, memory) { gpu in
        let total = gpu.state.pointee.memoryTotal
        let free = gpu.memoryFree(used: gpu.memoryUsed)
        return nvmlMemory_t(total: total, free: free, used: total - free)
    }
}

/// The second version shows apart what the driver keeps for itself: total = reserved + free + used.
@c(nvmlDeviceGetMemoryInfo_v2) public func nvmlDeviceGetMemoryInfo2(
    _ device: nvmlDevice_t?, _ memory: UnsafeMutablePointer<nvmlMemory_v2_t>?
) -> nvmlReturn_t {
    withGPU(device) { gpu in
        guard let memory else { return NVML_ERROR_INVALID_ARGUMENT }
        guard memory.pointee.version == NVML_MEMORY_V2_VERSION else { return NVML_ERROR_ARGUMENT_VERSION_MISMATCH }
        let used = gpu.memoryUsed
        memory.pointee.total = gpu.state.pointee.memoryTotal
        memory.pointee.reserved = gpu.state.pointee.memoryReserved
        memory.pointee.free = gpu.memoryFree(used: used)
        memory.pointee.used = used
        return NVML_SUCCESS
    }
}

/// The window through which the host sees device memory; an idle driver keeps one mebibyte of it.
@c public func nvmlDeviceGetBAR1MemoryInfo(
    _ device: nvmlDevice_t?, _ memory: UnsafeMutablePointer<nvmlBAR1Memory_t>?
) -> nvmlReturn_t {
    answer(device, memory) { gpu in
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
