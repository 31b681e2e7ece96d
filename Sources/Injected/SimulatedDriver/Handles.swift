public import CNVML
import CSimulatedDriver

// From an index, a UUID or a PCI address to a GPU.

@c public func nvmlDeviceGetCount(_ count: UnsafeMutablePointer<UInt32>?) -> nvmlReturn_t {
    withMachine { _ in
        guard let count else { return NVML_ERROR_INVALID_ARGUMENT }
        count.pointee = Driver.gpuCount
        return NVML_SUCCESS
    }
}

@c(nvmlDeviceGetCount_v2) public func nvmlDeviceGetCount2(_ count: UnsafeMutablePointer<UInt32>?) -> nvmlReturn_t {
    nvmlDeviceGetCount(count)
}

@c public func nvmlDeviceGetHandleByIndex(
    _ index: UInt32, _ device: UnsafeMutablePointer<nvmlDevice_t?>?
) -> nvmlReturn_t {
    withMachine { _ in
        guard let device, let gpu = Driver.gpu(at: index) else { return NVML_ERROR_INVALID_ARGUMENT }
        guard !gpu.isLost else { return NVML_ERROR_GPU_IS_LOST }
        device.pointee = gpu.handle
        return NVML_SUCCESS
    }
}

@c(nvmlDeviceGetHandleByIndex_v2) public func nvmlDeviceGetHandleByIndex2(
    _ index: UInt32, _ device: UnsafeMutablePointer<nvmlDevice_t?>?
) -> nvmlReturn_t {
    nvmlDeviceGetHandleByIndex(index, device)
}

/// A UUID of a GPU or of a MIG device.
@c public func nvmlDeviceGetHandleByUUID(
    _ uuid: UnsafePointer<CChar>?, _ device: UnsafeMutablePointer<nvmlDevice_t?>?
) -> nvmlReturn_t {
    // `MIG-`
    guard let uuid, uuid[0] == 77, uuid[1] == 73, uuid[2] == 71, uuid[3] == 45 else {
        return find(device, by: uuid) { gpu, uuid in strcmp(model_uuid(gpu.state), uuid) == 0 }
    }
    return withMachine { _ in
        guard let device else { return NVML_ERROR_INVALID_ARGUMENT }
        for index in 0..<Driver.gpuCount {
            guard let gpu = Driver.gpu(at: index), !gpu.isLost else { continue }
            var found: MIGDevice?
            gpu.forEachPart { part in
                var text = InlineArray<48, CChar>(repeating: 0)
                withUnsafeMutableBytes(of: &text) { bytes in
                    guard let start = bytes.baseAddress?.assumingMemoryBound(to: CChar.self) else { return }
                    part.writeUUID(to: start)
                    if strcmp(start, uuid) == 0 { found = part }
                }
            }
            guard let found else { continue }
            device.pointee = found.handle
            return NVML_SUCCESS
        }
        return NVML_ERROR_NOT_FOUND
    }
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
    _ device: UnsafeMutablePointer<nvmlDevice_t?>?, by key: UnsafePointer<CChar>?, call: StaticString = #function,
    where matches: (GPU, UnsafePointer<CChar>) -> Bool
) -> nvmlReturn_t {
    withMachine(call: call) { _ in
        guard let key, let device else { return NVML_ERROR_INVALID_ARGUMENT }
        for index in 0..<Driver.gpuCount {
            guard let gpu = Driver.gpu(at: index), matches(gpu, key) else { continue }
            guard !gpu.isLost else { return NVML_ERROR_GPU_IS_LOST }
            device.pointee = gpu.handle
            return NVML_SUCCESS
        }
        return NVML_ERROR_NOT_FOUND
    }
}
