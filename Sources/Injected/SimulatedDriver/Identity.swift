public import CNVML
import CSimulatedDriver

// What a GPU is.

/// Of a MIG device, with its size behind.
@c public func nvmlDeviceGetName(
    _ device: nvmlDevice_t?, _ name: UnsafeMutablePointer<CChar>?, _ length: UInt32
) -> nvmlReturn_t {
    withDevice(device, #function) { gpu, part in
        var text = TextBuffer(repeating: 0)
        return withUnsafeMutableBytes(of: &text) { bytes in
            guard let start = bytes.baseAddress?.assumingMemoryBound(to: CChar.self), let whole = model_name(gpu.state)
            else { return NVML_ERROR_UNKNOWN }
            let size = strlen(whole)
            memcpy(start, whole, size + 1)
            if let part {
                start[size] = 32
                writeSizeName(part.instance.kind, slices: part.slices, to: start + size + 1)
            }
            return copy(start, to: name, length)
        }
    }
}

/// Long enough for all texts that are put together.
private typealias TextBuffer = InlineArray<192, CChar>

@c public func nvmlDeviceGetUUID(
    _ device: nvmlDevice_t?, _ uuid: UnsafeMutablePointer<CChar>?, _ length: UInt32
) -> nvmlReturn_t {
    withDevice(device, #function) { gpu, part in
        guard let part else {
            return model_uuid(gpu.state).map { copy($0, to: uuid, length) } ?? NVML_ERROR_UNKNOWN
        }
        var text = TextBuffer(repeating: 0)
        return withUnsafeMutableBytes(of: &text) { bytes in
            guard let start = bytes.baseAddress?.assumingMemoryBound(to: CChar.self) else { return NVML_ERROR_UNKNOWN }
            part.writeUUID(to: start)
            return copy(start, to: uuid, length)
        }
    }
}

@c public func nvmlDeviceGetSerial(
    _ device: nvmlDevice_t?, _ serial: UnsafeMutablePointer<CChar>?, _ length: UInt32
) -> nvmlReturn_t {
    answerText(device, serial, length) { model_serial($0) }
}

@c public func nvmlDeviceGetVbiosVersion(
    _ device: nvmlDevice_t?, _ version: UnsafeMutablePointer<CChar>?, _ length: UInt32
) -> nvmlReturn_t {
    answerText(device, version, length) { model_vbios($0) }
}

@c public func nvmlDeviceGetBoardPartNumber(
    _ device: nvmlDevice_t?, _ number: UnsafeMutablePointer<CChar>?, _ length: UInt32
) -> nvmlReturn_t {
    answerText(device, number, length) { model_part_number($0) }
}

/// The board is the PCI slot: no simulated board carries two GPUs.
@c public func nvmlDeviceGetBoardId(_ device: nvmlDevice_t?, _ board: UnsafeMutablePointer<UInt32>?) -> nvmlReturn_t {
    answer(device, board) { $0.state.pointee.pci.bus << 8 | $0.state.pointee.pci.device }
}

@c public func nvmlDeviceGetMultiGpuBoard(
    _ device: nvmlDevice_t?, _ isShared: UnsafeMutablePointer<UInt32>?
) -> nvmlReturn_t {
    answer(device, isShared) { _ in 0 }
}

/// The place on the baseboard; a machine without one numbers its GPUs.
@c public func nvmlDeviceGetModuleId(_ device: nvmlDevice_t?, _ module: UnsafeMutablePointer<UInt32>?) -> nvmlReturn_t {
    answer(device, module) { $0.number }
}

@c public func nvmlDeviceGetIndex(_ device: nvmlDevice_t?, _ index: UnsafeMutablePointer<UInt32>?) -> nvmlReturn_t {
    answerForParts(device, index) { gpu, part in
        guard let part else { return Driver.index(ofNumber: gpu.number) }
        var index: UInt32 = 0
        var found: UInt32?
        gpu.forEachPart { other in
            if other.handle == part.handle { found = index }
            index += 1
        }
        return found
    }
}

@c public func nvmlDeviceGetMinorNumber(
    _ device: nvmlDevice_t?, _ minorNumber: UnsafeMutablePointer<UInt32>?
) -> nvmlReturn_t {
    answer(device, minorNumber) { $0.state.pointee.minorNumber }
}

@c public func nvmlDeviceGetBrand(
    _ device: nvmlDevice_t?, _ brand: UnsafeMutablePointer<nvmlBrandType_t>?
) -> nvmlReturn_t {
    answerForParts(device, brand) { gpu, _ in nvmlBrandType_t(gpu.state.pointee.brand) }
}

@c public func nvmlDeviceGetArchitecture(
    _ device: nvmlDevice_t?, _ architecture: UnsafeMutablePointer<UInt32>?
) -> nvmlReturn_t {
    answerForParts(device, architecture) { gpu, _ in gpu.state.pointee.architecture }
}

@c public func nvmlDeviceGetCudaComputeCapability(
    _ device: nvmlDevice_t?, _ major: UnsafeMutablePointer<Int32>?, _ minor: UnsafeMutablePointer<Int32>?
) -> nvmlReturn_t {
    withDevice(device, #function) { gpu, _ in
        guard let major, let minor else { return NVML_ERROR_INVALID_ARGUMENT }
        major.pointee = Int32(gpu.state.pointee.computeMajor)
        minor.pointee = Int32(gpu.state.pointee.computeMinor)
        return NVML_SUCCESS
    }
}

@c public func nvmlDeviceGetNumGpuCores(
    _ device: nvmlDevice_t?, _ count: UnsafeMutablePointer<UInt32>?
) -> nvmlReturn_t {
    answer(device, count) { $0.state.pointee.multiprocessors * $0.state.pointee.coresPerMultiprocessor }
}

/// What a MIG device has; of a whole GPU there is nothing to tell.
@c(nvmlDeviceGetAttributes_v2) public func nvmlDeviceGetAttributes2(
    _ device: nvmlDevice_t?, _ attributes: UnsafeMutablePointer<nvmlDeviceAttributes_t>?
) -> nvmlReturn_t {
    answerForParts(device, attributes) { _, part in
        guard let part else { return nil }
        let kind = part.instance.kind.pointee
        return nvmlDeviceAttributes_t(
            multiprocessorCount: part.multiprocessors, sharedCopyEngineCount: kind.copyEngines,
            sharedDecoderCount: kind.decoders, sharedEncoderCount: kind.encoders, sharedJpegCount: kind.jpegEngines,
            sharedOfaCount: kind.opticalFlowEngines, gpuInstanceSliceCount: kind.computeSlices,
            computeInstanceSliceCount: part.slices, memorySizeMB: kind.memory >> 20)
    }
}

@c public func nvmlDeviceGetAttributes(
    _ device: nvmlDevice_t?, _ attributes: UnsafeMutablePointer<nvmlDeviceAttributes_t>?
) -> nvmlReturn_t {
    nvmlDeviceGetAttributes2(device, attributes)
}

@c public func nvmlDeviceGetPciInfo(_ device: nvmlDevice_t?, _ pci: UnsafeMutableRawPointer?) -> nvmlReturn_t {
    withDevice(device, #function) { gpu, _ in
        guard let pci else { return NVML_ERROR_INVALID_ARGUMENT }
        // The first two versions of the structure end before the long bus id, in words that are not used.
        var info = pciInfo(gpu.state.pointee.pci)
        memcpy(pci, &info, 36)
        return NVML_SUCCESS
    }
}

@c(nvmlDeviceGetPciInfo_v2) public func nvmlDeviceGetPciInfo2(
    _ device: nvmlDevice_t?, _ pci: UnsafeMutableRawPointer?
) -> nvmlReturn_t {
    nvmlDeviceGetPciInfo(device, pci)
}

@c(nvmlDeviceGetPciInfo_v3) public func nvmlDeviceGetPciInfo3(
    _ device: nvmlDevice_t?, _ pci: UnsafeMutablePointer<nvmlPciInfo_t>?
) -> nvmlReturn_t {
    answerForParts(device, pci) { gpu, _ in pciInfo(gpu.state.pointee.pci) }
}

/// A PCI address as NVML shows it.
func pciInfo(_ pci: ModelPCI) -> nvmlPciInfo_t {
    var info = nvmlPciInfo_t()
    info.domain = pci.domain
    info.bus = pci.bus
    info.device = pci.device
    info.pciDeviceId = pci.deviceID
    info.pciSubSystemId = pci.subsystemID
    withUnsafeMutablePointer(to: &info.busId) { text in
        write(pci, domainDigits: 8, to: UnsafeMutableRawPointer(text).assumingMemoryBound(to: CChar.self))
    }
    withUnsafeMutablePointer(to: &info.busIdLegacy) { text in
        write(pci, domainDigits: 4, to: UnsafeMutableRawPointer(text).assumingMemoryBound(to: CChar.self))
    }
    return info
}

@c public func nvmlDeviceGetPciInfoExt(
    _ device: nvmlDevice_t?, _ pci: UnsafeMutablePointer<nvmlPciInfoExt_v1_t>?
) -> nvmlReturn_t {
    withDevice(device, #function, since: 550) { gpu, _ in
        guard let pci else { return NVML_ERROR_INVALID_ARGUMENT }
        guard pci.pointee.version == structVersion(nvmlPciInfoExt_v1_t.self, 1) else {
            return NVML_ERROR_ARGUMENT_VERSION_MISMATCH
        }
        let info = pciInfo(gpu.state.pointee.pci)
        pci.pointee.domain = info.domain
        pci.pointee.bus = info.bus
        pci.pointee.device = info.device
        pci.pointee.pciDeviceId = info.pciDeviceId
        pci.pointee.pciSubSystemId = info.pciSubSystemId
        // A display controller; with a display one for it, else one for three dimensions.
        pci.pointee.baseClass = 3
        pci.pointee.subClass = gpu.state.pointee.displaySupported != 0 ? 0 : 2
        pci.pointee.busId = info.busId
        return NVML_SUCCESS
    }
}
