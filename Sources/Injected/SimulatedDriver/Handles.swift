public import CNVML
import CSimulatedDriver

// From an index, a UUID or a PCI address to a GPU.

@c public func nvmlDeviceGetCount(_ count: UnsafeMutablePointer<UInt32>?) -> nvmlReturn_t {
    guard Driver.current != nil else { return NVML_ERROR_UNINITIALIZED }
    guard let count else { return NVML_ERROR_INVALID_ARGUMENT }
    count.pointee = Driver.gpuCount
    return NVML_SUCCESS
}

@c(nvmlDeviceGetCount_v2) public func nvmlDeviceGetCount2(_ count: UnsafeMutablePointer<UInt32>?) -> nvmlReturn_t {
    nvmlDeviceGetCount(count)
}

@c public func nvmlDeviceGetHandleByIndex(
    _ index: UInt32, _ device: UnsafeMutablePointer<nvmlDevice_t?>?
) -> nvmlReturn_t {
    guard Driver.current != nil else { return NVML_ERROR_UNINITIALIZED }
    guard let device, let gpu = Driver.gpu(at: index) else { return NVML_ERROR_INVALID_ARGUMENT }
    guard !gpu.isLost else { return NVML_ERROR_GPU_IS_LOST }
    device.pointee = gpu.handle
    return NVML_SUCCESS
}

@c(nvmlDeviceGetHandleByIndex_v2) public func nvmlDeviceGetHandleByIndex2(
    _ index: UInt32, _ device: UnsafeMutablePointer<nvmlDevice_t?>?
) -> nvmlReturn_t {
    nvmlDeviceGetHandleByIndex(index, device)
}

@c public func nvmlDeviceGetHandleByUUID(
    _ uuid: UnsafePointer<CChar>?, _ device: UnsafeMutablePointer<nvmlDevice_t?>?
) -> nvmlReturn_t {
    find(device, by: uuid) { gpu, uuid in strcmp(model_uuid(gpu.state), uuid) == 0 }
}

@c public func nvmlDeviceGetHandleBySerial(
    _ serial: UnsafePointer<CChar>?, _ device: UnsafeMutablePointer<nvmlDevice_t?>?
) -> nvmlReturn_t {
    find(device, by: serial) { gpu, serial in
        serial.pointee != 0 && strcmp(model_serial(gpu.state), serial) == 0
    }
}

@c public func nvmlDeviceGetHandleByPciBusId(
    _ address: UnsafePointer<CChar>?, _ device: UnsafeMutablePointer<nvmlDevice_t?>?
) -> nvmlReturn_t {
    find(device, by: address) { gpu, address in
        guard let wanted = readPCIAddress(address) else { return false }
        return gpu.isAt(wanted)
    }
}

@c(nvmlDeviceGetHandleByPciBusId_v2) public func nvmlDeviceGetHandleByPciBusId2(
    _ address: UnsafePointer<CChar>?, _ device: UnsafeMutablePointer<nvmlDevice_t?>?
) -> nvmlReturn_t {
    nvmlDeviceGetHandleByPciBusId(address, device)
}

private func find(
    _ device: UnsafeMutablePointer<nvmlDevice_t?>?, by key: UnsafePointer<CChar>?,
    where matches: (GPU, UnsafePointer<CChar>) -> Bool
) -> nvmlReturn_t {
    guard Driver.current != nil else { return NVML_ERROR_UNINITIALIZED }
    guard let key, let device else { return NVML_ERROR_INVALID_ARGUMENT }
    for index in 0..<Driver.gpuCount {
        guard let gpu = Driver.gpu(at: index), matches(gpu, key) else { continue }
        guard !gpu.isLost else { return NVML_ERROR_GPU_IS_LOST }
        device.pointee = gpu.handle
        return NVML_SUCCESS
    }
    return NVML_ERROR_NOT_FOUND
}
