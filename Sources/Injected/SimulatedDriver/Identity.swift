public import CNVML
import CSimulatedDriver

// What a GPU is.

@c public func nvmlDeviceGetName(
    _ device: nvmlDevice_t?, _ name: UnsafeMutablePointer<CChar>?, _ length: UInt32
) -> nvmlReturn_t {
    answerText(device, name, length) { model_name($0) }
}

@c public func nvmlDeviceGetUUID(
    _ device: nvmlDevice_t?, _ uuid: UnsafeMutablePointer<CChar>?, _ length: UInt32
) -> nvmlReturn_t {
    answerText(device, uuid, length) { model_uuid($0) }
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
    answer(device, index) { Driver.index(ofNumber: $0.number) }
}

@c public func nvmlDeviceGetMinorNumber(
    _ device: nvmlDevice_t?, _ minorNumber: UnsafeMutablePointer<UInt32>?
) -> nvmlReturn_t {
    answer(device, minorNumber) { $0.state.pointee.minorNumber }
}

@c public func nvmlDeviceGetBrand(
    _ device: nvmlDevice_t?, _ brand: UnsafeMutablePointer<nvmlBrandType_t>?
) -> nvmlReturn_t {
    answer(device, brand) { nvmlBrandType_t($0.state.pointee.brand) }
}

@c public func nvmlDeviceGetArchitecture(
    _ device: nvmlDevice_t?, _ architecture: UnsafeMutablePointer<UInt32>?
) -> nvmlReturn_t {
    answer(device, architecture) { $0.state.pointee.architecture }
}

@c public func nvmlDeviceGetCudaComputeCapability(
    _ device: nvmlDevice_t?, _ major: UnsafeMutablePointer<Int32>?, _ minor: UnsafeMutablePointer<Int32>?
) -> nvmlReturn_t {
    withGPU(device) { gpu in
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

/// The whole GPU as if it were one slice.
@c(nvmlDeviceGetAttributes_v2) public func nvmlDeviceGetAttributes2(
    _ device: nvmlDevice_t?, _ attributes: UnsafeMutablePointer<nvmlDeviceAttributes_t>?
) -> nvmlReturn_t {
    answer(device, attributes) { gpu in
        let state = gpu.state.pointee
        return nvmlDeviceAttributes_t(
            multiprocessorCount: state.multiprocessors, sharedCopyEngineCount: state.copyEngines,
            sharedDecoderCount: state.decoders, sharedEncoderCount: state.encoders,
            sharedJpegCount: state.jpegEngines, sharedOfaCount: state.opticalFlowEngines,
            gpuInstanceSliceCount: 0, computeInstanceSliceCount: 0, memorySizeMB: state.memoryTotal >> 20)
    }
}

@c public func nvmlDeviceGetPciInfo(_ device: nvmlDevice_t?, _ pci: UnsafeMutableRawPointer?) -> nvmlReturn_t {
    withGPU(device) { gpu in
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
    answer(device, pci) { pciInfo($0.state.pointee.pci) }
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
