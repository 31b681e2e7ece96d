import CNVML

/// A driver call that did not succeed.
struct NVMLError: Error, Hashable, Sendable {
    /// What the call returned.
    let code: UInt32
    /// The function's name, with its version.
    let call: String

    init(_ result: nvmlReturn_t, call: StaticString) {
        code = result.rawValue
        self.call = "\(call)"
    }

    func isAny(of results: nvmlReturn_t...) -> Bool { results.contains { $0.rawValue == code } }
}

extension NVMLError: CustomStringConvertible {
    /// Such as `nvmlInit_v2 failed: the driver's kernel module is not loaded (NVML code 9)`.
    var description: String { "\(call) failed: \(words) (NVML code \(code))" }

    private var words: String {
        switch nvmlReturn_t(rawValue: code) {
        case NVML_ERROR_UNINITIALIZED: "the library is not initialised"
        case NVML_ERROR_INVALID_ARGUMENT: "an argument is invalid"
        case NVML_ERROR_NOT_SUPPORTED: "this GPU or driver does not support it"
        case NVML_ERROR_NO_PERMISSION: "no permission"
        case NVML_ERROR_NOT_FOUND: "nothing was found"
        case NVML_ERROR_INSUFFICIENT_SIZE: "the buffer is too short"
        case NVML_ERROR_INSUFFICIENT_POWER: "a power cable is not connected"
        case NVML_ERROR_DRIVER_NOT_LOADED: "the driver's kernel module is not loaded"
        case NVML_ERROR_TIMEOUT: "the driver timed out"
        case NVML_ERROR_IRQ_ISSUE: "the kernel has an interrupt problem with a GPU"
        case NVML_ERROR_LIBRARY_NOT_FOUND: "a library that the driver needs was not found"
        case NVML_ERROR_FUNCTION_NOT_FOUND: "this driver does not have the function"
        case NVML_ERROR_CORRUPTED_INFOROM: "the GPU's infoROM is corrupted"
        case NVML_ERROR_GPU_IS_LOST: "the GPU has fallen off the bus"
        case NVML_ERROR_RESET_REQUIRED: "the GPU needs a reset"
        case NVML_ERROR_OPERATING_SYSTEM: "the operating system or a container blocks the GPU"
        case NVML_ERROR_LIB_RM_VERSION_MISMATCH: "the library and the kernel module are of different versions"
        case NVML_ERROR_IN_USE: "the GPU is in use"
        case NVML_ERROR_MEMORY: "the driver is out of memory"
        case NVML_ERROR_NO_DATA: "there is no data"
        case NVML_ERROR_INSUFFICIENT_RESOURCES: "resources are insufficient"
        case NVML_ERROR_ARGUMENT_VERSION_MISMATCH: "the driver does not know this version of a structure"
        case NVML_ERROR_DEPRECATED: "the function is no longer supported"
        case NVML_ERROR_NOT_READY: "the GPU is not ready"
        case NVML_ERROR_GPU_NOT_FOUND: "no GPU was found"
        case NVML_ERROR_INVALID_STATE: "the driver is in a state that does not allow it"
        case NVML_ERROR_UNKNOWN: "an internal driver error"
        default: "an error that is not known here"
        }
    }
}
