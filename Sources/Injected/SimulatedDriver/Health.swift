public import CNVML
import CSimulatedDriver

// What goes wrong with a GPU.

extension GPU {
    fileprivate func errors(_ kind: nvmlMemoryErrorType_t, _ counter: nvmlEccCounterType_t) -> UInt64? {
        guard state.pointee.eccSupported != 0, model_load_32(&state.pointee.eccMode) != 0 else { return nil }
        return model_load_64(
            model_ecc_counter(state, kind == NVML_MEMORY_ERROR_TYPE_UNCORRECTED, counter == NVML_AGGREGATE_ECC))
    }
}

@c public func nvmlDeviceGetTotalEccErrors(
    _ device: nvmlDevice_t?, _ kind: nvmlMemoryErrorType_t, _ counter: nvmlEccCounterType_t,
    _ count: UnsafeMutablePointer<UInt64>?
) -> nvmlReturn_t {
    answer(device, count) { $0.errors(kind, counter) }
}

/// All errors are in device memory (location 2); the other locations count none.
@c public func nvmlDeviceGetMemoryErrorCounter(
    _ device: nvmlDevice_t?, _ kind: nvmlMemoryErrorType_t, _ counter: nvmlEccCounterType_t, _ location: UInt32,
    _ count: UnsafeMutablePointer<UInt64>?
) -> nvmlReturn_t {
    answer(device, count) { gpu in
        guard let errors = gpu.errors(kind, counter) else { return nil }
        return location == 2 ? errors : 0
    }
}

/// No rows are remapped. Only GPUs with error correction can.
@c public func nvmlDeviceGetRemappedRows(
    _ device: nvmlDevice_t?, _ corrected: UnsafeMutablePointer<UInt32>?,
    _ uncorrected: UnsafeMutablePointer<UInt32>?, _ isPending: UnsafeMutablePointer<UInt32>?,
    _ hasFailed: UnsafeMutablePointer<UInt32>?
) -> nvmlReturn_t {
    withGPU(device) { gpu in
        guard let corrected, let uncorrected, let isPending, let hasFailed else { return NVML_ERROR_INVALID_ARGUMENT }
        guard gpu.state.pointee.eccSupported != 0 else { return NVML_ERROR_NOT_SUPPORTED }
        corrected.pointee = 0
        uncorrected.pointee = 0
        isPending.pointee = 0
        hasFailed.pointee = 0
        return NVML_SUCCESS
    }
}

// MARK: Not on these GPUs: rows are remapped instead of pages retired.

@c public func nvmlDeviceGetRetiredPages(
    _ device: nvmlDevice_t?, _ cause: UInt32, _ count: UnsafeMutablePointer<UInt32>?,
    _ addresses: UnsafeMutablePointer<UInt64>?
) -> nvmlReturn_t {
    unsupported(device)
}

@c(nvmlDeviceGetRetiredPages_v2) public func nvmlDeviceGetRetiredPages2(
    _ device: nvmlDevice_t?, _ cause: UInt32, _ count: UnsafeMutablePointer<UInt32>?,
    _ addresses: UnsafeMutablePointer<UInt64>?, _ times: UnsafeMutablePointer<UInt64>?
) -> nvmlReturn_t {
    unsupported(device)
}

@c public func nvmlDeviceGetRetiredPagesPendingStatus(
    _ device: nvmlDevice_t?, _ isPending: UnsafeMutablePointer<nvmlEnableState_t>?
) -> nvmlReturn_t {
    unsupported(device)
}

/// The board's own memory of its configuration is in order.
@c public func nvmlDeviceValidateInforom(_ device: nvmlDevice_t?) -> nvmlReturn_t {
    withGPU(device) { _ in NVML_SUCCESS }
}
