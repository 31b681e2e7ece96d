public import CNVML
import CSimulatedDriver

// Where a GPU sits, and how it is joined to others.

@c public func nvmlDeviceGetNumaNodeId(_ device: nvmlDevice_t?, _ node: UnsafeMutablePointer<UInt32>?) -> nvmlReturn_t {
    answer(device, node, since: 550) { UInt32(exactly: $0.state.pointee.numaNode) }
}

@c public func nvmlDeviceGetCpuAffinity(
    _ device: nvmlDevice_t?, _ words: UInt32, _ set: UnsafeMutablePointer<UInt>?
) -> nvmlReturn_t {
    withGPU(device) { gpu in
        guard let set, words > 0 else { return NVML_ERROR_INVALID_ARGUMENT }
        for word in 0..<words {
            let isKnown = word < UInt32(MODEL_CPU_WORDS)
            set[Int(word)] = isKnown ? UInt(model_cpu_word(gpu.state, word).pointee) : 0
        }
        return NVML_SUCCESS
    }
}

/// The scopes NUMA node and socket are one in a simulated machine.
@c public func nvmlDeviceGetCpuAffinityWithinScope(
    _ device: nvmlDevice_t?, _ words: UInt32, _ set: UnsafeMutablePointer<UInt>?, _ scope: UInt32
) -> nvmlReturn_t {
    nvmlDeviceGetCpuAffinity(device, words, set)
}

@c public func nvmlDeviceGetMemoryAffinity(
    _ device: nvmlDevice_t?, _ words: UInt32, _ set: UnsafeMutablePointer<UInt>?, _ scope: UInt32
) -> nvmlReturn_t {
    withGPU(device) { gpu in
        guard let set, words > 0 else { return NVML_ERROR_INVALID_ARGUMENT }
        let node = Int(gpu.state.pointee.numaNode)
        guard node >= 0 else { return NVML_ERROR_NOT_SUPPORTED }
        for word in 0..<Int(words) { set[word] = node / 64 == word ? 1 << (node % 64) : 0 }
        return NVML_SUCCESS
    }
}

/// Runs a call for two GPUs that can both be reached.
private func withPair(
    _ first: nvmlDevice_t?, _ second: nvmlDevice_t?, call: StaticString = #function,
    _ body: (GPU, GPU) -> nvmlReturn_t
) -> nvmlReturn_t {
    withGPU(first, call: call) { first in withGPU(second, call: call) { second in body(first, second) } }
}

@c public func nvmlDeviceGetTopologyCommonAncestor(
    _ first: nvmlDevice_t?, _ second: nvmlDevice_t?, _ level: UnsafeMutablePointer<nvmlGpuTopologyLevel_t>?
) -> nvmlReturn_t {
    withPair(first, second) { first, second in
        guard let level else { return NVML_ERROR_INVALID_ARGUMENT }
        level.pointee = nvmlGpuTopologyLevel_t(UInt32(first.path(to: second).level))
        return NVML_SUCCESS
    }
}

@c public func nvmlDeviceGetTopologyNearestGpus(
    _ device: nvmlDevice_t?, _ level: nvmlGpuTopologyLevel_t, _ count: UnsafeMutablePointer<UInt32>?,
    _ devices: UnsafeMutablePointer<nvmlDevice_t?>?
) -> nvmlReturn_t {
    withGPU(device) { gpu in
        guard let count else { return NVML_ERROR_INVALID_ARGUMENT }
        let room = count.pointee
        var found: UInt32 = 0
        for index in 0..<Driver.gpuCount {
            guard let other = Driver.gpu(at: index), other.number != gpu.number,
                UInt32(gpu.path(to: other).level) == level.rawValue
            else { continue }
            if found < room { devices?[Int(found)] = other.handle }
            found += 1
        }
        count.pointee = devices == nil ? found : min(found, room)
        return NVML_SUCCESS
    }
}

@c public func nvmlDeviceGetP2PStatus(
    _ first: nvmlDevice_t?, _ second: nvmlDevice_t?, _ index: nvmlGpuP2PCapsIndex_t,
    _ status: UnsafeMutablePointer<nvmlGpuP2PStatus_t>?
) -> nvmlReturn_t {
    withPair(first, second) { first, second in
        guard let status, index.rawValue < NVML_P2P_CAPS_INDEX_UNKNOWN.rawValue else {
            return NVML_ERROR_INVALID_ARGUMENT
        }
        let isSupported = first.state.pointee.peerAccessSupported != 0 && second.state.pointee.peerAccessSupported != 0
        let links = first.path(to: second).nvlinks
        status.pointee =
            switch index {
            case _ where !isSupported: NVML_P2P_STATUS_GPU_NOT_SUPPORTED
            case NVML_P2P_CAPS_INDEX_NVLINK where links == 0: NVML_P2P_STATUS_NOT_SUPPORTED
            case NVML_P2P_CAPS_INDEX_ATOMICS where links == 0: NVML_P2P_STATUS_NOT_SUPPORTED
            default: NVML_P2P_STATUS_OK
            }
        return NVML_SUCCESS
    }
}

// MARK: NVLink

/// Stores one value about a link of a GPU. The driver numbers as many links as any GPU has; a GPU may have fewer.
private func answerLink<Value>(
    _ device: nvmlDevice_t?, _ link: UInt32, _ result: UnsafeMutablePointer<Value>?,
    call: StaticString = #function, _ value: (GPU, ModelNVLink) -> Value
) -> nvmlReturn_t {
    withGPU(device, call: call) { gpu in
        guard let result, link < UInt32(MODEL_NVLINK_LIMIT) else { return NVML_ERROR_INVALID_ARGUMENT }
        guard link < gpu.state.pointee.nvlinkCount else { return NVML_ERROR_NOT_SUPPORTED }
        result.pointee = value(gpu, model_nvlink(gpu.state, link).pointee)
        return NVML_SUCCESS
    }
}

@c public func nvmlDeviceGetNvLinkState(
    _ device: nvmlDevice_t?, _ link: UInt32, _ active: UnsafeMutablePointer<nvmlEnableState_t>?
) -> nvmlReturn_t {
    answerLink(device, link, active) { _, link in
        link.end == MODEL_LINK_NONE.rawValue ? NVML_FEATURE_DISABLED : NVML_FEATURE_ENABLED
    }
}

@c public func nvmlDeviceGetNvLinkVersion(
    _ device: nvmlDevice_t?, _ link: UInt32, _ version: UnsafeMutablePointer<UInt32>?
) -> nvmlReturn_t {
    answerLink(device, link, version) { gpu, _ in gpu.state.pointee.nvlinkVersion }
}

/// Peers and their atomics are reached (0, 2) over a valid link (5); system memory (1, 3) and SLI (4) are not.
@c public func nvmlDeviceGetNvLinkCapability(
    _ device: nvmlDevice_t?, _ link: UInt32, _ capability: UInt32, _ result: UnsafeMutablePointer<UInt32>?
) -> nvmlReturn_t {
    guard capability < 6 else { return NVML_ERROR_INVALID_ARGUMENT }
    return answerLink(device, link, result) { _, _ in 0b100101 >> capability & 1 }
}

@c(nvmlDeviceGetNvLinkRemotePciInfo_v2) public func nvmlDeviceGetNvLinkRemotePciInfo2(
    _ device: nvmlDevice_t?, _ link: UInt32, _ pci: UnsafeMutablePointer<nvmlPciInfo_t>?
) -> nvmlReturn_t {
    answerLink(device, link, pci) { _, link in pciInfo(link.remote) }
}

@c public func nvmlDeviceGetNvLinkRemoteDeviceType(
    _ device: nvmlDevice_t?, _ link: UInt32, _ type: UnsafeMutablePointer<nvmlIntNvLinkDeviceType_t>?
) -> nvmlReturn_t {
    answerLink(device, link, type) { _, link in
        switch link.end {
        case MODEL_LINK_GPU.rawValue: NVML_NVLINK_DEVICE_TYPE_GPU
        case MODEL_LINK_SWITCH.rawValue: NVML_NVLINK_DEVICE_TYPE_SWITCH
        default: NVML_NVLINK_DEVICE_TYPE_UNKNOWN
        }
    }
}

/// The first version of the structure ends before the long bus id.
@c public func nvmlDeviceGetNvLinkRemotePciInfo(
    _ device: nvmlDevice_t?, _ link: UInt32, _ pci: UnsafeMutableRawPointer?
) -> nvmlReturn_t {
    var info = nvmlPciInfo_t()
    let result = nvmlDeviceGetNvLinkRemotePciInfo2(device, link, &info)
    guard result == NVML_SUCCESS else { return result }
    guard let pci else { return NVML_ERROR_INVALID_ARGUMENT }
    memcpy(pci, &info, 36)
    return NVML_SUCCESS
}

@c public func nvmlDeviceResetNvLinkErrorCounters(_ device: nvmlDevice_t?, _ link: UInt32) -> nvmlReturn_t {
    change(device) { gpu in
        link < gpu.state.pointee.nvlinkCount ? NVML_SUCCESS : NVML_ERROR_NOT_SUPPORTED
    }
}

@c public func nvmlDeviceGetNvLinkErrorCounter(
    _ device: nvmlDevice_t?, _ link: UInt32, _ counter: UInt32, _ count: UnsafeMutablePointer<UInt64>?
) -> nvmlReturn_t {
    answerLink(device, link, count) { _, _ in 0 }
}

// MARK: PCIe

@c public func nvmlDeviceGetMaxPcieLinkGeneration(
    _ device: nvmlDevice_t?, _ generation: UnsafeMutablePointer<UInt32>?
) -> nvmlReturn_t {
    answer(device, generation) { $0.state.pointee.pcieGeneration }
}

@c public func nvmlDeviceGetGpuMaxPcieLinkGeneration(
    _ device: nvmlDevice_t?, _ generation: UnsafeMutablePointer<UInt32>?
) -> nvmlReturn_t {
    nvmlDeviceGetMaxPcieLinkGeneration(device, generation)
}

/// A GPU that can sleep trains its link down to the first generation meanwhile.
@c public func nvmlDeviceGetCurrPcieLinkGeneration(
    _ device: nvmlDevice_t?, _ generation: UnsafeMutablePointer<UInt32>?
) -> nvmlReturn_t {
    answer(device, generation) { gpu in
        gpu.state.pointee.idlePerformanceState > 0 && gpu.load == 0 ? 1 : gpu.state.pointee.pcieGeneration
    }
}

@c public func nvmlDeviceGetMaxPcieLinkWidth(
    _ device: nvmlDevice_t?, _ width: UnsafeMutablePointer<UInt32>?
) -> nvmlReturn_t {
    answer(device, width) { $0.state.pointee.pcieWidth }
}

@c public func nvmlDeviceGetCurrPcieLinkWidth(
    _ device: nvmlDevice_t?, _ width: UnsafeMutablePointer<UInt32>?
) -> nvmlReturn_t {
    answer(device, width) { $0.state.pointee.pcieWidth }
}

@c public func nvmlDeviceGetPcieReplayCounter(
    _ device: nvmlDevice_t?, _ count: UnsafeMutablePointer<UInt32>?
) -> nvmlReturn_t {
    answer(device, count) { _ in 0 }
}
