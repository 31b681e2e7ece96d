public import CNVML
import CSimulatedDriver

/// A list of measurements by number; each has a result of its own.
@c public func nvmlDeviceGetFieldValues(
    _ device: nvmlDevice_t?, _ count: Int32, _ values: UnsafeMutablePointer<nvmlFieldValue_t>?
) -> nvmlReturn_t {
    withGPU(device) { gpu in
        guard let values, count > 0 else { return NVML_ERROR_INVALID_ARGUMENT }
        for index in 0..<Int(count) { fill(&values[index], gpu) }
        return NVML_SUCCESS
    }
}

/// Sets counters back; a simulated GPU has none among its fields that can be.
@c public func nvmlDeviceClearFieldValues(
    _ device: nvmlDevice_t?, _ count: Int32, _ values: UnsafeMutablePointer<nvmlFieldValue_t>?
) -> nvmlReturn_t {
    withGPU(device) { gpu in
        guard let values, count > 0 else { return NVML_ERROR_INVALID_ARGUMENT }
        for index in 0..<Int(count) { values[index].nvmlReturn = NVML_ERROR_NOT_SUPPORTED }
        return NVML_SUCCESS
    }
}

private func fill(_ field: inout nvmlFieldValue_t, _ gpu: GPU) {
    field.timestamp = Int64(driver_wall_clock())
    field.latencyUsec = 0
    field.nvmlReturn = NVML_SUCCESS
    field.valueType = NVML_VALUE_TYPE_UNSIGNED_INT
    field.value.ullVal = 0
    let id = Int(field.fieldId)
    // Fields have come with drivers as functions have.
    guard gpu.mapped.knows(firstBranch(ofField: id)) else {
        field.nvmlReturn = NVML_ERROR_NOT_SUPPORTED
        return
    }
    if let value = gpu.longField(id) ?? gpu.traffic(id, link: field.scopeId) {
        field.valueType = NVML_VALUE_TYPE_UNSIGNED_LONG_LONG
        field.value.ullVal = value
    } else if let value = gpu.field(id, scope: field.scopeId) {
        field.value.uiVal = value
    } else {
        field.nvmlReturn = NVML_ERROR_NOT_SUPPORTED
    }
}

private func firstBranch(ofField id: Int) -> UInt32 {
    switch id {
    case ..<200: 535
    case ..<226: 560
    case ..<273: 570
    default: 590
    }
}

extension GPU {
    /// Counters.
    fileprivate func longField(_ id: Int) -> UInt64? {
        switch id {
        // Corrected and uncorrected errors since the reset and ever; then the same of device memory alone.
        case 3, 11: errors(isUncorrected: false, isAggregate: false)
        case 4, 12: errors(isUncorrected: true, isAggregate: false)
        case 5, 22: errors(isUncorrected: false, isAggregate: true)
        case 6, 23: errors(isUncorrected: true, isAggregate: true)
        // Of caches, registers and textures.
        case 7...10, 13...21, 24...28: errors(isUncorrected: false, isAggregate: false) == nil ? nil : 0
        case NVML_FIELD_TOTAL_ENERGY, 191: energy / 1000
        // Errors of NVLinks: packets, data, replays, recoveries.
        case 32...59, 96...119, 148...163: state.pointee.nvlinkCount > 0 ? 0 : nil
        // Nanoseconds for which power, heat and so on held the clocks down.
        case 74...81, 269...271: 0
        default: nil
        }
    }

    /// Kibibytes over one NVLink or all of them (`UInt32.max`): a kernel that runs is simulated to use a quarter of what
    /// the links can, sent and received, data (138, 139) and with all that is sent around it (140, 141).
    fileprivate func traffic(_ id: Int, link: UInt32) -> UInt64? {
        guard (138...141).contains(id), link == .max || link < state.pointee.nvlinkCount,
            state.pointee.nvlinkCount > 0
        else { return nil }
        _ = energy
        let links = link == .max ? UInt64(state.pointee.nvlinkCount) : 1
        // Per cent times microseconds, times megabytes per second which are bytes per microsecond.
        let bytes = model_load_64(&state.pointee.work) / 400 * UInt64(state.pointee.nvlinkSpeed) * links
        return bytes / 1024 * (id >= 140 ? 9 : 8) / 8
    }

    fileprivate func field(_ id: Int, scope: UInt32) -> UInt32? {
        let hasErrorCorrection = state.pointee.eccSupported != 0
        switch id {
        case 1: return hasErrorCorrection ? model_load_32(&state.pointee.eccMode) : nil
        case 2: return hasErrorCorrection ? model_load_32(&state.pointee.eccModePending) : nil
        case 29: return retiresPages ? model_load_32(&state.pointee.remappedCorrected) : nil
        case 30: return retiresPages ? model_load_32(&state.pointee.remappedUncorrected) : nil
        case 31: return retiresPages ? model_load_32(&state.pointee.remapPending) : nil
        case NVML_FIELD_MEMORY_TEMPERATURE: return state.pointee.temperatureMemoryMax > 0 ? temperature + 6 : nil
        case 94, 95, 169, 173...183: return 0
        case 142: return remapsRows ? model_load_32(&state.pointee.remappedCorrected) : nil
        case 143: return remapsRows ? model_load_32(&state.pointee.remappedUncorrected) : nil
        case 144: return remapsRows ? model_load_32(&state.pointee.remapPending) : nil
        case 145: return remapsRows ? model_load_32(&state.pointee.remapFailed) : nil
        case NVML_FIELD_IS_RESETLESS_MIG_SUPPORTED:
            return state.pointee.migSupported != 0 && state.pointee.migNeedsReset == 0 ? 1 : 0
        // The scope is the GPU; a module or memory that measures apart is not simulated.
        case NVML_FIELD_POWER_AVERAGE...192 where scope != 0: return nil
        case NVML_FIELD_POWER_AVERAGE, NVML_FIELD_POWER_INSTANT: return power
        case 187: return state.pointee.powerMin
        case 188: return state.pointee.powerMax
        case 189: return state.pointee.powerDefault
        case 190, 192: return model_load_32(&state.pointee.powerLimit)
        // Whether a reset is needed, and whether to drain the GPU first.
        case 226: return recovery == UInt32(NVML_RECOVERY_GPU_RESET) ? 1 : 0
        case 227: return recovery == UInt32(NVML_RECOVERY_DRAIN_AND_RESET) ? 1 : 0
        case NVML_FIELD_RECOVERY_ACTION: return recovery
        default: return linkField(id, scope: scope)
        }
    }

    private var recovery: UInt32 { model_load_32(&state.pointee.recoveryAction) }

    private func linkField(_ id: Int, scope: UInt32) -> UInt32? {
        switch id {
        case NVML_FIELD_NVLINK_SPEED_FIRST..<NVML_FIELD_NVLINK_SPEED_FIRST + 6:
            linkSpeed(id - NVML_FIELD_NVLINK_SPEED_FIRST)
        case NVML_FIELD_NVLINK_SPEED_SEVENTH..<NVML_FIELD_NVLINK_SPEED_SEVENTH + 6:
            linkSpeed(id - NVML_FIELD_NVLINK_SPEED_SEVENTH + 6)
        // What all links have in common.
        case 90: linkSpeed(0)
        case NVML_FIELD_NVLINK_COUNT: state.pointee.nvlinkCount
        case NVML_FIELD_NVLINK_SWITCH_COUNT: linksToSwitches
        case NVML_FIELD_NVLINK_SPEED: linkSpeed(Int(scope))
        case NVML_FIELD_NVLINK_STATE where scope < state.pointee.nvlinkCount:
            model_nvlink(state, scope).pointee.end == MODEL_LINK_NONE.rawValue ? 0 : 1
        case NVML_FIELD_NVLINK_VERSION where scope < state.pointee.nvlinkCount: state.pointee.nvlinkVersion
        default: nil
        }
    }

    /// Megabytes per second of one link, one way.
    private func linkSpeed(_ link: Int) -> UInt32? {
        link < Int(state.pointee.nvlinkCount) ? state.pointee.nvlinkSpeed : nil
    }

    private var linksToSwitches: UInt32 {
        var count: UInt32 = 0
        for link in 0..<state.pointee.nvlinkCount
        where model_nvlink(state, link).pointee.end == MODEL_LINK_SWITCH.rawValue { count += 1 }
        return count
    }
}
