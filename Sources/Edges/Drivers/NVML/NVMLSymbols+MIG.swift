import CNVML

/// NVML's functions about GPUs that are cut into MIG devices.
struct MIGSymbols: Sendable {
    let maximum: Symbol<PFN_nvmlDeviceGetMaxMigDeviceCount>
    let handleByIndex: Symbol<PFN_nvmlDeviceGetMigDeviceHandleByIndex>
    let gpuInstanceID: Symbol<PFN_nvmlDeviceGetGpuInstanceId>
    let computeInstanceID: Symbol<PFN_nvmlDeviceGetComputeInstanceId>
    let gpuInstanceByID: Symbol<PFN_nvmlDeviceGetGpuInstanceById>
    let gpuInstanceInfo: Symbol<PFN_nvmlGpuInstanceGetInfo>

    init(_ library: borrowing DynamicLibrary) {
        maximum = library.first(of: "nvmlDeviceGetMaxMigDeviceCount")
        handleByIndex = library.first(of: "nvmlDeviceGetMigDeviceHandleByIndex")
        gpuInstanceID = library.first(of: "nvmlDeviceGetGpuInstanceId")
        computeInstanceID = library.first(of: "nvmlDeviceGetComputeInstanceId")
        gpuInstanceByID = library.first(of: "nvmlDeviceGetGpuInstanceById")
        gpuInstanceInfo = library.first(of: "nvmlGpuInstanceGetInfo")
    }
}
