public import CSimulatedCUDA
import CSimulatedDriver

// Which GPUs there are, and what they are.

/// The GPU of the model that a program's device number means.
func gpu(of device: CUdevice) -> UnsafeMutablePointer<ModelGPU>? {
    guard device >= 0, device < process.pointee.gpuCount else { return nil }
    return model_gpu(model, process_gpu(process, UInt32(device)).pointee)
}

/// The place of that GPU in the model.
func number(of device: CUdevice) -> UInt32 { process_gpu(process, UInt32(device)).pointee }

func withDevice(
    _ device: CUdevice, _ call: StaticString = #function, _ body: (UnsafeMutablePointer<ModelGPU>) -> CUresult
) -> CUresult {
    if let error = notReady(call) { return error }
    guard let gpu = gpu(of: device) else { return CUDA_ERROR_INVALID_DEVICE }
    return body(gpu)
}

@c public func cuDeviceGetCount(_ count: UnsafeMutablePointer<Int32>?) -> CUresult {
    if let error = notReady() { return error }
    return give(Int32(process.pointee.gpuCount), to: count)
}

@c public func cuDeviceGet(_ device: UnsafeMutablePointer<CUdevice>?, _ index: Int32) -> CUresult {
    withDevice(index) { _ in give(index, to: device) }
}

@c public func cuDeviceGetName(
    _ name: UnsafeMutablePointer<CChar>?, _ length: Int32, _ device: CUdevice
) -> CUresult {
    withDevice(device) { gpu in
        guard let name, length > 0 else { return CUDA_ERROR_INVALID_VALUE }
        strncpy(name, model_name(gpu), Int(length))
        name[Int(length) - 1] = 0
        // `MIG` and the size of the instance follow, as far as they fit.
        if let kind = Part.kind(number(of: device)), strlen(name) + 30 < Int(length) {
            strcat(name, " MIG ")
            strcat(name, model_slice_name(kind))
        }
        return CUDA_SUCCESS
    }
}

@c public func cuDeviceGetUuid(_ uuid: UnsafeMutablePointer<CUuuid>?, _ device: CUdevice) -> CUresult {
    withDevice(device) { gpu in
        guard let uuid, let text = model_uuid(gpu) else { return CUDA_ERROR_INVALID_VALUE }
        put(text, to: uuid)
        return CUDA_SUCCESS
    }
}

/// Reads `GPU-` or `MIG-` and hexadecimal digits with dashes.
private func put(_ text: UnsafePointer<CChar>, to uuid: UnsafeMutablePointer<CUuuid>) {
    var place = 4
    for index in 0..<16 {
        while text[place] == 45 { place += 1 }
        let byte = hexadecimal(text[place]) << 4 | hexadecimal(text[place + 1])
        UnsafeMutableRawPointer(uuid).storeBytes(of: byte, toByteOffset: index, as: UInt8.self)
        place += 2
    }
}

/// The part's own, where the first version tells that of its GPU.
@c(cuDeviceGetUuid_v2) public func cuDeviceGetUuid2(
    _ uuid: UnsafeMutablePointer<CUuuid>?, _ device: CUdevice
) -> CUresult {
    guard device >= 0, device < process.pointee.gpuCount, Part.isOn(number(of: device)), let uuid else {
        return cuDeviceGetUuid(uuid, device)
    }
    return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 48) { text in
        guard let start = text.baseAddress else { return CUDA_ERROR_OUT_OF_MEMORY }
        Part.writeUUID(number(of: device), to: start)
        put(start, to: uuid)
        return notReady("cuDeviceGetUuid") ?? CUDA_SUCCESS
    }
}

private func hexadecimal(_ digit: CChar) -> UInt8 {
    switch digit {
    case 48...57: UInt8(digit - 48)
    case 97...102: UInt8(digit - 87)
    case 65...70: UInt8(digit - 55)
    default: 0
    }
}

@c public func cuDeviceTotalMem_v2(_ bytes: UnsafeMutablePointer<Int>?, _ device: CUdevice) -> CUresult {
    withDevice(device) { _ in give(Int(Books.total(process_gpu(process, UInt32(device)).pointee)), to: bytes) }
}

@c public func cuDeviceComputeCapability(
    _ major: UnsafeMutablePointer<Int32>?, _ minor: UnsafeMutablePointer<Int32>?, _ device: CUdevice
) -> CUresult {
    withDevice(device) { gpu in
        guard let major, let minor else { return CUDA_ERROR_INVALID_VALUE }
        major.pointee = Int32(gpu.pointee.computeMajor)
        minor.pointee = Int32(gpu.pointee.computeMinor)
        return CUDA_SUCCESS
    }
}

@c public func cuDeviceGetProperties(
    _ properties: UnsafeMutablePointer<CUdevprop>?, _ device: CUdevice
) -> CUresult {
    withDevice(device) { gpu in
        guard let properties else { return CUDA_ERROR_INVALID_VALUE }
        properties.pointee = CUdevprop(
            maxThreadsPerBlock: 1024, maxThreadsDim: (1024, 1024, 64), maxGridSize: (Int32.max, 65535, 65535),
            sharedMemPerBlock: 49152, totalConstantMemory: 65536, SIMDWidth: 32, memPitch: Int32.max,
            regsPerBlock: 65536, clockRate: Int32(gpu.pointee.clocksMax.sm) * 1000, textureAlign: 512)
        return CUDA_SUCCESS
    }
}

// MARK: Buses

/// `0000:3b:00.0`, as the driver writes it.
@c public func cuDeviceGetPCIBusId(
    _ text: UnsafeMutablePointer<CChar>?, _ length: Int32, _ device: CUdevice
) -> CUresult {
    withDevice(device) { gpu in
        guard let text, length >= 13 else { return CUDA_ERROR_INVALID_VALUE }
        let pci = gpu.pointee.pci
        var end = 0
        func put(_ number: UInt32, _ digits: UInt32, _ then: CChar) {
            for digit in 0..<digits {
                let value = CChar(number >> (4 * (digits - 1 - digit)) & 15)
                text[end] = value < 10 ? 48 + value : 55 + value
                end += 1
            }
            text[end] = then
            end += 1
        }
        put(pci.domain, 4, 58)
        put(pci.bus, 2, 58)
        put(pci.device, 2, 46)
        put(0, 1, 0)
        return CUDA_SUCCESS
    }
}

/// The inverse; the domain and the function may be missing.
@c public func cuDeviceGetByPCIBusId(
    _ device: UnsafeMutablePointer<CUdevice>?, _ text: UnsafePointer<CChar>?
) -> CUresult {
    if let error = notReady() { return error }
    guard let device, let text else { return CUDA_ERROR_INVALID_VALUE }
    var numbers = InlineArray<3, UInt32>(repeating: 0)
    var colons = 0
    var place = text
    while place.pointee != 0, place.pointee != 46 {
        if place.pointee == 58 {
            colons += 1
            guard colons < 3 else { return CUDA_ERROR_INVALID_VALUE }
        } else {
            numbers[colons] = numbers[colons] << 4 | UInt32(hexadecimal(place.pointee))
        }
        place += 1
    }
    guard colons > 0 else { return CUDA_ERROR_INVALID_VALUE }
    let domain = colons == 2 ? numbers[0] : 0
    for index in 0..<process.pointee.gpuCount {
        guard let pci = gpu(of: CUdevice(index))?.pointee.pci else { continue }
        if pci.domain == domain, pci.bus == numbers[colons - 1], pci.device == numbers[colons] {
            return give(CUdevice(index), to: device)
        }
    }
    return CUDA_ERROR_INVALID_DEVICE
}

// MARK: GPUs among themselves

/// Whether two GPUs can read each other's memory: both can it at all, and NVLink or one PCIe tree joins them.
func canAccess(_ device: CUdevice, _ peer: CUdevice) -> Bool {
    guard device != peer, let first = gpu(of: device), let second = gpu(of: peer),
        first.pointee.peerAccessSupported != 0, second.pointee.peerAccessSupported != 0
    else { return false }
    return true
}

@c public func cuDeviceCanAccessPeer(
    _ result: UnsafeMutablePointer<Int32>?, _ device: CUdevice, _ peer: CUdevice
) -> CUresult {
    withDevice(device) { _ in
        guard gpu(of: peer) != nil else { return CUDA_ERROR_INVALID_DEVICE }
        return give(canAccess(device, peer) ? 1 : 0, to: result)
    }
}

@c public func cuDeviceGetP2PAttribute(
    _ value: UnsafeMutablePointer<Int32>?, _ attribute: Int32, _ device: CUdevice, _ peer: CUdevice
) -> CUresult {
    withDevice(device) { _ in
        guard gpu(of: peer) != nil, device != peer else { return CUDA_ERROR_INVALID_DEVICE }
        guard (1...5).contains(attribute) else { return CUDA_ERROR_INVALID_VALUE }
        let path = model_path(
            model, process_gpu(process, UInt32(device)).pointee, process_gpu(process, UInt32(peer)).pointee)
        let isJoined = path?.pointee.nvlinks ?? 0 > 0
        switch attribute {
        // The rank is the better the lower it is.
        case 1: return give(isJoined ? 0 : 1, to: value)
        case 3: return give(isJoined ? 1 : 0, to: value)
        case 5: return give(0, to: value)
        default: return give(canAccess(device, peer) ? 1 : 0, to: value)
        }
    }
}
