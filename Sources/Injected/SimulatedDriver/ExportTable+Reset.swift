import CNVML
import CSimulatedDriver

// How `nvidia-smi` resets GPUs: it asks which ones have to go together, and then resets these. Here each goes alone.

/// Stores what is the same for all GPUs.
func flag(_ value: UInt32, of device: UInt, _ result: UInt) -> Int32 {
    guard let result = UnsafeMutablePointer<UInt32>(bitPattern: result) else {
        return Int32(NVML_ERROR_INVALID_ARGUMENT.rawValue)
    }
    return Int32(answer(OpaquePointer(bitPattern: device), result) { _ in value }.rawValue)
}

/// A group is whatever fits into a pointer: here the mask of the GPUs' numbers.
func makeResetGroup(_ group: UInt, _ devices: UInt, _ count: UInt) -> Int32 {
    guard let group = UnsafeMutablePointer<UInt>(bitPattern: group),
        let devices = UnsafeMutablePointer<nvmlDevice_t?>(bitPattern: devices)
    else { return Int32(NVML_ERROR_INVALID_ARGUMENT.rawValue) }
    var mask: UInt = 0
    for index in 0..<Int(UInt32(truncatingIfNeeded: count)) {
        let result = withGPU(devices[index], call: "nvmlDeviceReset") { gpu in
            mask |= 1 << gpu.number
            return NVML_SUCCESS
        }
        guard result == NVML_SUCCESS else { return Int32(result.rawValue) }
    }
    group.pointee = mask
    return Int32(NVML_SUCCESS.rawValue)
}

/// Fills buffers of 32 bytes with PCI addresses. The caller has as many as there are GPUs, and does not say so.
func members(_ group: UInt, _ addresses: UInt, _ count: UInt) -> Int32 {
    guard let addresses = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>(bitPattern: addresses),
        let count = UnsafeMutablePointer<UInt32>(bitPattern: count)
    else { return Int32(NVML_ERROR_INVALID_ARGUMENT.rawValue) }
    var found = 0
    for index in 0..<Driver.gpuCount {
        guard let gpu = Driver.gpu(at: index), group >> gpu.number & 1 != 0 else { continue }
        guard let buffer = addresses[found] else { return Int32(NVML_ERROR_INVALID_ARGUMENT.rawValue) }
        write(gpu.state.pointee.pci, domainDigits: 8, to: buffer)
        found += 1
    }
    count.pointee = UInt32(found)
    return Int32(NVML_SUCCESS.rawValue)
}

/// Resets GPUs that nobody holds; the first that cannot be ends it.
func reset(_ count: UInt, _ devices: UInt) -> Int32 {
    guard let devices = UnsafeMutablePointer<nvmlDevice_t?>(bitPattern: devices) else {
        return Int32(NVML_ERROR_INVALID_ARGUMENT.rawValue)
    }
    for index in 0..<Int(UInt32(truncatingIfNeeded: count)) {
        let result = change(devices[index], call: "nvmlDeviceReset") { gpu in
            guard !gpu.isInUse else { return NVML_ERROR_IN_USE }
            model_reset_gpu(gpu.state)
            return NVML_SUCCESS
        }
        guard result == NVML_SUCCESS else { return Int32(result.rawValue) }
    }
    return Int32(NVML_SUCCESS.rawValue)
}
