public import CNVML
import CSimulatedDriver

// The library and the driver as a whole.

@c public func nvmlInit() -> nvmlReturn_t { Driver.initialize() }

@c(nvmlInit_v2) public func nvmlInit2() -> nvmlReturn_t { Driver.initialize() }

/// The flags ask for less than a full start; a simulated machine starts fully at once.
@c public func nvmlInitWithFlags(_ flags: UInt32) -> nvmlReturn_t { Driver.initialize() }

@c public func nvmlShutdown() -> nvmlReturn_t { Driver.shutDown() }

@c public func nvmlErrorString(_ result: nvmlReturn_t) -> UnsafePointer<CChar>? {
    let text: StaticString =
        switch result {
        case NVML_SUCCESS: "Success"
        case NVML_ERROR_UNINITIALIZED: "Uninitialized"
        case NVML_ERROR_INVALID_ARGUMENT: "Invalid Argument"
        case NVML_ERROR_NOT_SUPPORTED: "Not Supported"
        case NVML_ERROR_NO_PERMISSION: "Insufficient Permissions"
        case NVML_ERROR_ALREADY_INITIALIZED: "Already Initialized"
        case NVML_ERROR_NOT_FOUND: "Not Found"
        case NVML_ERROR_INSUFFICIENT_SIZE: "Insufficient Size"
        case NVML_ERROR_INSUFFICIENT_POWER: "Insufficient External Power"
        case NVML_ERROR_DRIVER_NOT_LOADED: "Driver Not Loaded"
        case NVML_ERROR_TIMEOUT: "Timeout"
        case NVML_ERROR_LIB_RM_VERSION_MISMATCH: "Driver/library version mismatch"
        case NVML_ERROR_NOT_READY: "System is not in ready state"
        case NVML_ERROR_GPU_NOT_FOUND: "No GPUs were found"
        case NVML_ERROR_INVALID_STATE: "Invalid State"
        case NVML_ERROR_OPERATING_SYSTEM: "GPU access blocked by the operating system"
        case NVML_ERROR_CORRUPTED_INFOROM: "Corrupted infoROM"
        case NVML_ERROR_IRQ_ISSUE: "Interrupt Request Issue"
        case NVML_ERROR_FUNCTION_NOT_FOUND: "Function Not Found"
        case NVML_ERROR_GPU_IS_LOST: "GPU is lost"
        case NVML_ERROR_RESET_REQUIRED: "GPU requires reset"
        case NVML_ERROR_IN_USE: "In use by another client"
        case NVML_ERROR_MEMORY: "Insufficient Memory"
        case NVML_ERROR_NO_DATA: "No data"
        case NVML_ERROR_INSUFFICIENT_RESOURCES: "Insufficient Resources"
        case NVML_ERROR_ARGUMENT_VERSION_MISMATCH: "Version mismatch"
        default: "Unknown Error"
        }
    return UnsafeRawPointer(text.utf8Start).assumingMemoryBound(to: CChar.self)
}

@c public func nvmlSystemGetDriverVersion(
    _ version: UnsafeMutablePointer<CChar>?, _ length: UInt32
) -> nvmlReturn_t {
    withMachine { mapped in copy(model_driver_version(mapped.model), to: version, length) }
}

@c public func nvmlSystemGetNVMLVersion(_ version: UnsafeMutablePointer<CChar>?, _ length: UInt32) -> nvmlReturn_t {
    withMachine { mapped in copy(model_nvml_version(mapped.model), to: version, length) }
}

@c public func nvmlSystemGetCudaDriverVersion(_ version: UnsafeMutablePointer<Int32>?) -> nvmlReturn_t {
    guard let version else { return NVML_ERROR_INVALID_ARGUMENT }
    guard let mapped = Driver.current else { return NVML_ERROR_UNINITIALIZED }
    version.pointee = Int32(mapped.model.pointee.cudaVersion)
    return NVML_SUCCESS
}

@c(nvmlSystemGetCudaDriverVersion_v2) public func nvmlSystemGetCudaDriverVersion2(
    _ version: UnsafeMutablePointer<Int32>?
) -> nvmlReturn_t {
    nvmlSystemGetCudaDriverVersion(version)
}

/// The first word of the process's command line.
@c public func nvmlSystemGetProcessName(
    _ pid: UInt32, _ name: UnsafeMutablePointer<CChar>?, _ length: UInt32
) -> nvmlReturn_t {
    guard Driver.current != nil else { return NVML_ERROR_UNINITIALIZED }
    guard let name, length > 0 else { return NVML_ERROR_INVALID_ARGUMENT }
    return process_name(pid, name, Int(length)) ? NVML_SUCCESS : NVML_ERROR_NOT_FOUND
}

/// The branch: `r535`.
@c public func nvmlSystemGetDriverBranch(_ info: UnsafeMutableRawPointer?, _ length: UInt32) -> nvmlReturn_t {
    withMachine(since: 560) { mapped in
        guard let info else { return NVML_ERROR_INVALID_ARGUMENT }
        guard length >= 12 else { return NVML_ERROR_INSUFFICIENT_SIZE }
        guard info.load(as: UInt32.self) == 84 | 1 << 24 else { return NVML_ERROR_ARGUMENT_VERSION_MISMATCH }
        let text = (info + 4).assumingMemoryBound(to: CChar.self)
        text[0] = 114
        memcpy(text + 1, model_driver_version(mapped.model), 3)
        text[4] = 0
        return NVML_SUCCESS
    }
}
