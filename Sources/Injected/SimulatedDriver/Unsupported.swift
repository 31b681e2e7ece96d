public import CNVML

// Names that tools look for, of features that these GPUs or a simulated machine do not have. A name that is missing
// altogether reads "Function Not Found" in a tool; these read "N/A", as on a real machine without the feature.

@c public func nvmlDeviceGetAccountingBufferSize(
    _ device: nvmlDevice_t?, _ size: UnsafeMutableRawPointer?
) -> nvmlReturn_t {
    unsupported(device)
}

@c public func nvmlDeviceGetInforomImageVersion(
    _ device: nvmlDevice_t?, _ version: UnsafeMutableRawPointer?, _ length: UInt32
) -> nvmlReturn_t {
    unsupported(device)
}

@c public func nvmlDeviceGetInforomVersion(
    _ device: nvmlDevice_t?, _ object: UInt32, _ version: UnsafeMutableRawPointer?, _ length: UInt32
) -> nvmlReturn_t {
    unsupported(device)
}

@c public func nvmlDeviceGetLastBBXFlushTime(
    _ device: nvmlDevice_t?, _ timestamp: UnsafeMutableRawPointer?, _ duration: UnsafeMutableRawPointer?
) -> nvmlReturn_t {
    unsupported(device)
}

@c public func nvmlDeviceGetGpuOperationMode(
    _ device: nvmlDevice_t?, _ current: UnsafeMutableRawPointer?, _ pending: UnsafeMutableRawPointer?
) -> nvmlReturn_t {
    unsupported(device)
}

@c public func nvmlDeviceGetGspFirmwareVersion(
    _ device: nvmlDevice_t?, _ version: UnsafeMutableRawPointer?
) -> nvmlReturn_t {
    unsupported(device)
}

@c public func nvmlDeviceGetGspFirmwareMode(
    _ device: nvmlDevice_t?, _ isEnabled: UnsafeMutableRawPointer?, _ defaultMode: UnsafeMutableRawPointer?
) -> nvmlReturn_t {
    unsupported(device)
}

@c public func nvmlDeviceGetHostVgpuMode(_ device: nvmlDevice_t?, _ mode: UnsafeMutableRawPointer?) -> nvmlReturn_t {
    unsupported(device)
}

@c(nvmlDeviceGetGridLicensableFeatures_v4) public func nvmlDeviceGetGridLicensableFeatures4(
    _ device: nvmlDevice_t?, _ features: UnsafeMutableRawPointer?
) -> nvmlReturn_t {
    unsupported(device)
}

@c public func nvmlDeviceGetBridgeChipInfo(
    _ device: nvmlDevice_t?, _ bridges: UnsafeMutableRawPointer?
) -> nvmlReturn_t {
    unsupported(device)
}

@c public func nvmlDeviceGetConfComputeProtectedMemoryUsage(
    _ device: nvmlDevice_t?, _ memory: UnsafeMutableRawPointer?
) -> nvmlReturn_t {
    unsupported(device)
}

@c public func nvmlDeviceGetEncoderStats(
    _ device: nvmlDevice_t?, _ sessions: UnsafeMutableRawPointer?, _ rate: UnsafeMutableRawPointer?,
    _ latency: UnsafeMutableRawPointer?
) -> nvmlReturn_t {
    unsupported(device)
}

@c public func nvmlDeviceGetFBCStats(_ device: nvmlDevice_t?, _ stats: UnsafeMutableRawPointer?) -> nvmlReturn_t {
    unsupported(device)
}

@c public func nvmlDeviceGetSramEccErrorStatus(
    _ device: nvmlDevice_t?, _ status: UnsafeMutableRawPointer?
) -> nvmlReturn_t {
    unsupported(device)
}

@c public func nvmlDeviceGetRowRemapperHistogram(
    _ device: nvmlDevice_t?, _ histogram: UnsafeMutableRawPointer?
) -> nvmlReturn_t {
    unsupported(device)
}

@c public func nvmlDeviceGetAutoBoostedClocksEnabled(
    _ device: nvmlDevice_t?, _ isEnabled: UnsafeMutableRawPointer?, _ defaultMode: UnsafeMutableRawPointer?
) -> nvmlReturn_t {
    unsupported(device)
}

@c public func nvmlDeviceGetGpuFabricInfo(_ device: nvmlDevice_t?, _ info: UnsafeMutableRawPointer?) -> nvmlReturn_t {
    unsupported(device)
}

@c public func nvmlDeviceGetGpuFabricInfoV(_ device: nvmlDevice_t?, _ info: UnsafeMutableRawPointer?) -> nvmlReturn_t {
    unsupported(device)
}
