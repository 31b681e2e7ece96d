public import CNVML
import CSimulatedDriver

// Where a GPU stands in its NVLink fabric.

extension GPU {
    /// 3: the fabric manager has set the GPU up; nil where no fabric manager runs.
    fileprivate var fabricState: UInt32? { state.pointee.fabric != 0 ? 3 : nil }
}

@c public func nvmlDeviceGetGpuFabricInfo(
    _ device: nvmlDevice_t?, _ info: UnsafeMutablePointer<nvmlGpuFabricInfo_t>?
) -> nvmlReturn_t {
    answer(device, info) { gpu in
        guard let state = gpu.fabricState else { return nil }
        var info = nvmlGpuFabricInfo_t()
        info.state = state
        return info
    }
}

/// A fabric within one machine has no cluster UUID; all is well with its links.
@c public func nvmlDeviceGetGpuFabricInfoV(_ device: nvmlDevice_t?, _ info: UnsafeMutableRawPointer?) -> nvmlReturn_t {
    withGPU(device, since: 550) { gpu in
        guard let info else { return NVML_ERROR_INVALID_ARGUMENT }
        guard let state = gpu.fabricState else { return NVML_ERROR_NOT_SUPPORTED }
        let version = info.load(as: UInt32.self)
        let isThird = version == structVersion(nvmlGpuFabricInfo_v3_t.self, 3)
        guard isThird || version == structVersion(nvmlGpuFabricInfo_v2_t.self, 2) else {
            return NVML_ERROR_ARGUMENT_VERSION_MISMATCH
        }
        let second = info.assumingMemoryBound(to: nvmlGpuFabricInfo_v2_t.self)
        second.pointee = nvmlGpuFabricInfo_v2_t()
        second.pointee.version = version
        second.pointee.state = state
        // Degraded bandwidth (two bits, 2: no) and so on: each pair says no.
        second.pointee.healthMask = 0b10101010
        // 1: healthy.
        if isThird { (info + 36).storeBytes(of: 1, as: UInt8.self) }
        return NVML_SUCCESS
    }
}
