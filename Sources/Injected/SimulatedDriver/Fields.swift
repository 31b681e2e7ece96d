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

private func fill(_ field: inout nvmlFieldValue_t, _ gpu: GPU) {
    field.timestamp = Int64(driver_wall_clock())
    field.latencyUsec = 0
    field.nvmlReturn = NVML_SUCCESS
    field.valueType = NVML_VALUE_TYPE_UNSIGNED_INT
    field.value.ullVal = 0
    switch Int(field.fieldId) {
    case NVML_FIELD_MEMORY_TEMPERATURE where gpu.state.pointee.temperatureMemoryMax > 0:
        field.value.uiVal = gpu.temperature + 6
    case NVML_FIELD_TOTAL_ENERGY:
        field.valueType = NVML_VALUE_TYPE_UNSIGNED_LONG_LONG
        field.value.ullVal = gpu.energy / 1000
    case NVML_FIELD_NVLINK_COUNT:
        field.value.uiVal = gpu.state.pointee.nvlinkCount
    case NVML_FIELD_NVLINK_SPEED_FIRST..<NVML_FIELD_NVLINK_SPEED_FIRST + 6:
        fillSpeed(&field, gpu, link: Int(field.fieldId) - NVML_FIELD_NVLINK_SPEED_FIRST)
    case NVML_FIELD_NVLINK_SPEED_SEVENTH..<NVML_FIELD_NVLINK_SPEED_SEVENTH + 6:
        fillSpeed(&field, gpu, link: Int(field.fieldId) - NVML_FIELD_NVLINK_SPEED_SEVENTH + 6)
    case NVML_FIELD_NVLINK_SWITCH_COUNT:
        field.value.uiVal = gpu.linksToSwitches
    case NVML_FIELD_NVLINK_SPEED:
        fillSpeed(&field, gpu, link: Int(field.scopeId))
    case NVML_FIELD_NVLINK_STATE where field.scopeId < gpu.state.pointee.nvlinkCount:
        field.value.uiVal = model_nvlink(gpu.state, field.scopeId).pointee.end == MODEL_LINK_NONE.rawValue ? 0 : 1
    case NVML_FIELD_NVLINK_VERSION where field.scopeId < gpu.state.pointee.nvlinkCount:
        field.value.uiVal = gpu.state.pointee.nvlinkVersion
    case NVML_FIELD_POWER_AVERAGE, NVML_FIELD_POWER_INSTANT:
        field.value.uiVal = gpu.power
    default:
        field.nvmlReturn = NVML_ERROR_NOT_SUPPORTED
    }
}

/// Megabytes per second of one link, one way.
private func fillSpeed(_ field: inout nvmlFieldValue_t, _ gpu: GPU, link: Int) {
    guard link < Int(gpu.state.pointee.nvlinkCount) else {
        field.nvmlReturn = NVML_ERROR_NOT_SUPPORTED
        return
    }
    field.value.uiVal = gpu.state.pointee.nvlinkSpeed
}

extension GPU {
    fileprivate var linksToSwitches: UInt32 {
        var count: UInt32 = 0
        for link in 0..<state.pointee.nvlinkCount
        where model_nvlink(state, link).pointee.end == MODEL_LINK_SWITCH.rawValue { count += 1 }
        return count
    }
}
