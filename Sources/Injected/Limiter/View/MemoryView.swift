import CLimiter
public import CLimiterView

// What tools in a container are told of a GPU's memory: the limit is the whole, and what the container holds is used.

@c public func nvmlDeviceGetMemoryInfo(
    _ device: nvmlDevice_t?, _ memory: UnsafeMutablePointer<nvmlMemory_t>?
) -> Int32 {
    let status = real_memory(device, memory)
    guard status == Int32(NVML_SUCCESS), let memory, let view = PartView(of: device) else { return status }
    let told = view.memory(total: memory.pointee.total, free: memory.pointee.free)
    (memory.pointee.total, memory.pointee.free, memory.pointee.used) = (told.total, told.free, told.used)
    return status
}

@c(nvmlDeviceGetMemoryInfo_v2) public func nvmlDeviceGetMemoryInfo2(
    _ device: nvmlDevice_t?, _ memory: UnsafeMutablePointer<nvmlMemory_v2_t>?
) -> Int32 {
    let status = real_memory_v2(device, memory)
    guard status == Int32(NVML_SUCCESS), let memory, let view = PartView(of: device) else { return status }
    let told = view.memory(total: memory.pointee.total, free: memory.pointee.free)
    (memory.pointee.total, memory.pointee.free, memory.pointee.used) = (told.total, told.free, told.used)
    memory.pointee.reserved = 0
    return status
}
