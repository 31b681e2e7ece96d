public import CNVML
import CSimulatedDriver

// Memory errors, and what was done about them.

extension GPU {
    func errors(isUncorrected: Bool, isAggregate: Bool) -> UInt64? {
        guard state.pointee.eccSupported != 0, model_load_32(&state.pointee.eccMode) != 0 else { return nil }
        return model_load_64(model_ecc_counter(state, isUncorrected, isAggregate))
    }

    fileprivate func errors(_ kind: nvmlMemoryErrorType_t, _ counter: nvmlEccCounterType_t) -> UInt64? {
        errors(
            isUncorrected: kind == NVML_MEMORY_ERROR_TYPE_UNCORRECTED, isAggregate: counter == NVML_AGGREGATE_ECC)
    }

    /// Whether rows are remapped (Ampere and later), or whether pages are retired (before).
    var remapsRows: Bool { state.pointee.eccSupported != 0 && state.pointee.rowRemapping != 0 }
    var retiresPages: Bool { state.pointee.eccSupported != 0 && state.pointee.rowRemapping == 0 }
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

@c public func nvmlDeviceGetDetailedEccErrors(
    _ device: nvmlDevice_t?, _ kind: nvmlMemoryErrorType_t, _ counter: nvmlEccCounterType_t,
    _ counts: UnsafeMutablePointer<nvmlEccErrorCounts_t>?
) -> nvmlReturn_t {
    answer(device, counts) { gpu in
        gpu.errors(kind, counter).map {
            nvmlEccErrorCounts_t(l1Cache: 0, l2Cache: 0, deviceMemory: $0, registerFile: 0)
        }
    }
}

/// On-chip memory fails too seldom to be simulated: it counts no errors.
@c public func nvmlDeviceGetSramEccErrorStatus(
    _ device: nvmlDevice_t?, _ status: UnsafeMutablePointer<nvmlEccSramErrorStatus_v1_t>?
) -> nvmlReturn_t {
    withGPU(device) { gpu in
        guard let status else { return NVML_ERROR_INVALID_ARGUMENT }
        guard gpu.remapsRows else { return NVML_ERROR_NOT_SUPPORTED }
        let version = structVersion(nvmlEccSramErrorStatus_v1_t.self, 1)
        guard status.pointee.version == version else { return NVML_ERROR_ARGUMENT_VERSION_MISMATCH }
        status.pointee = nvmlEccSramErrorStatus_v1_t()
        status.pointee.version = version
        return NVML_SUCCESS
    }
}

/// Sets counters back: the volatile (0) or the aggregate (1) ones.
@c public func nvmlDeviceClearEccErrorCounts(
    _ device: nvmlDevice_t?, _ counter: nvmlEccCounterType_t
) -> nvmlReturn_t {
    change(device) { gpu in
        guard gpu.state.pointee.eccSupported != 0 else { return NVML_ERROR_NOT_SUPPORTED }
        guard counter.rawValue <= 1 else { return NVML_ERROR_INVALID_ARGUMENT }
        model_store_64(model_ecc_counter(gpu.state, false, counter == NVML_AGGREGATE_ECC), 0)
        model_store_64(model_ecc_counter(gpu.state, true, counter == NVML_AGGREGATE_ECC), 0)
        return NVML_SUCCESS
    }
}

// MARK: Rows that were remapped

@c public func nvmlDeviceGetRemappedRows(
    _ device: nvmlDevice_t?, _ corrected: UnsafeMutablePointer<UInt32>?,
    _ uncorrected: UnsafeMutablePointer<UInt32>?, _ isPending: UnsafeMutablePointer<UInt32>?,
    _ hasFailed: UnsafeMutablePointer<UInt32>?
) -> nvmlReturn_t {
    withGPU(device) { gpu in
        guard let corrected, let uncorrected, let isPending, let hasFailed else { return NVML_ERROR_INVALID_ARGUMENT }
        guard gpu.remapsRows else { return NVML_ERROR_NOT_SUPPORTED }
        corrected.pointee = model_load_32(&gpu.state.pointee.remappedCorrected)
        uncorrected.pointee = model_load_32(&gpu.state.pointee.remappedUncorrected)
        isPending.pointee = model_load_32(&gpu.state.pointee.remapPending)
        hasFailed.pointee = model_load_32(&gpu.state.pointee.remapFailed)
        return NVML_SUCCESS
    }
}

/// Each bank has spare rows; one that was used leaves its bank with fewer.
@c public func nvmlDeviceGetRowRemapperHistogram(
    _ device: nvmlDevice_t?, _ histogram: UnsafeMutablePointer<nvmlRowRemapperHistogramValues_t>?
) -> nvmlReturn_t {
    answer(device, histogram) { gpu in
        guard gpu.remapsRows else { return nil }
        let banks = gpu.state.pointee.memoryBusWidth / 8
        let used = min(
            banks,
            model_load_32(&gpu.state.pointee.remappedCorrected)
                + model_load_32(&gpu.state.pointee.remappedUncorrected))
        let isOut = model_load_32(&gpu.state.pointee.remapFailed) != 0 ? min(used, 1) : 0
        return nvmlRowRemapperHistogramValues_t(max: banks - used, high: used - isOut, partial: 0, low: 0, none: isOut)
    }
}

// MARK: Pages that were retired

/// A simulated page has an address that follows from its number: the pages of single-bit errors (cause 0) and of
/// double-bit errors (1).
private func retiredPages(
    _ device: nvmlDevice_t?, _ cause: UInt32, _ count: UnsafeMutablePointer<UInt32>?,
    _ addresses: UnsafeMutablePointer<UInt64>?, _ times: UnsafeMutablePointer<UInt64>?,
    call: StaticString = #function
) -> nvmlReturn_t {
    withGPU(device, call: call) { gpu in
        guard let count, cause < 2 else { return NVML_ERROR_INVALID_ARGUMENT }
        guard gpu.retiresPages else { return NVML_ERROR_NOT_SUPPORTED }
        let found =
            cause == 0
            ? model_load_32(&gpu.state.pointee.remappedCorrected)
            : model_load_32(&gpu.state.pointee.remappedUncorrected)
        let room = addresses == nil ? 0 : count.pointee
        for index in 0..<min(found, room) {
            addresses?[Int(index)] = UInt64(index * 2 + cause) << 16
            times?[Int(index)] = 0
        }
        count.pointee = found
        return found <= room || addresses == nil && found == 0 ? NVML_SUCCESS : NVML_ERROR_INSUFFICIENT_SIZE
    }
}

@c public func nvmlDeviceGetRetiredPages(
    _ device: nvmlDevice_t?, _ cause: UInt32, _ count: UnsafeMutablePointer<UInt32>?,
    _ addresses: UnsafeMutablePointer<UInt64>?
) -> nvmlReturn_t {
    retiredPages(device, cause, count, addresses, nil, call: #function)
}

@c(nvmlDeviceGetRetiredPages_v2) public func nvmlDeviceGetRetiredPages2(
    _ device: nvmlDevice_t?, _ cause: UInt32, _ count: UnsafeMutablePointer<UInt32>?,
    _ addresses: UnsafeMutablePointer<UInt64>?, _ times: UnsafeMutablePointer<UInt64>?
) -> nvmlReturn_t {
    retiredPages(device, cause, count, addresses, times, call: #function)
}

@c public func nvmlDeviceGetRetiredPagesPendingStatus(
    _ device: nvmlDevice_t?, _ isPending: UnsafeMutablePointer<nvmlEnableState_t>?
) -> nvmlReturn_t {
    answer(device, isPending) { gpu in
        guard gpu.retiresPages else { return nil }
        return nvmlEnableState_t(model_load_32(&gpu.state.pointee.remapPending))
    }
}

/// What a reset would repair of memory channels; nothing is simulated of texture processors.
@c public func nvmlDeviceGetRepairStatus(
    _ device: nvmlDevice_t?, _ status: UnsafeMutablePointer<nvmlRepairStatus_v1_t>?
) -> nvmlReturn_t {
    withGPU(device, since: 580) { gpu in
        guard let status else { return NVML_ERROR_INVALID_ARGUMENT }
        guard gpu.remapsRows else { return NVML_ERROR_NOT_SUPPORTED }
        let version = structVersion(nvmlRepairStatus_v1_t.self, 1)
        guard status.pointee.version == version else { return NVML_ERROR_ARGUMENT_VERSION_MISMATCH }
        status.pointee.bChannelRepairPending = 0
        status.pointee.bTpcRepairPending = 0
        return NVML_SUCCESS
    }
}

/// The board's own memory of its configuration is in order.
@c public func nvmlDeviceValidateInforom(_ device: nvmlDevice_t?) -> nvmlReturn_t {
    withGPU(device) { _ in NVML_SUCCESS }
}
