public import CNVML
import CSimulatedDriver

// Settings of a GPU, and who may change them.

/// Stores a setting and what it will be after the next reset; only where the GPU has it.
func answerMode<Mode>(
    _ device: nvmlDevice_t?, _ current: UnsafeMutablePointer<Mode>?, _ pending: UnsafeMutablePointer<Mode>?,
    call: StaticString = #function, _ modes: (GPU) -> (current: Mode, pending: Mode)?
) -> nvmlReturn_t {
    withGPU(device, call: call) { gpu in
        guard let current, let pending else { return NVML_ERROR_INVALID_ARGUMENT }
        guard let modes = modes(gpu) else { return NVML_ERROR_NOT_SUPPORTED }
        current.pointee = modes.current
        pending.pointee = modes.pending
        return NVML_SUCCESS
    }
}

// MARK: Power limit, in milliwatts

@c public func nvmlDeviceGetPowerManagementMode(
    _ device: nvmlDevice_t?, _ mode: UnsafeMutablePointer<nvmlEnableState_t>?
) -> nvmlReturn_t {
    answer(device, mode) { _ in NVML_FEATURE_ENABLED }
}

@c public func nvmlDeviceGetPowerManagementLimit(
    _ device: nvmlDevice_t?, _ limit: UnsafeMutablePointer<UInt32>?
) -> nvmlReturn_t {
    answer(device, limit) { model_load_32(&$0.state.pointee.powerLimit) }
}

@c public func nvmlDeviceGetEnforcedPowerLimit(
    _ device: nvmlDevice_t?, _ limit: UnsafeMutablePointer<UInt32>?
) -> nvmlReturn_t {
    nvmlDeviceGetPowerManagementLimit(device, limit)
}

@c public func nvmlDeviceGetPowerManagementDefaultLimit(
    _ device: nvmlDevice_t?, _ limit: UnsafeMutablePointer<UInt32>?
) -> nvmlReturn_t {
    answer(device, limit) { $0.state.pointee.powerDefault }
}

@c public func nvmlDeviceGetPowerManagementLimitConstraints(
    _ device: nvmlDevice_t?, _ least: UnsafeMutablePointer<UInt32>?, _ most: UnsafeMutablePointer<UInt32>?
) -> nvmlReturn_t {
    answerMode(device, least, most) { ($0.state.pointee.powerMin, $0.state.pointee.powerMax) }
}

@c public func nvmlDeviceSetPowerManagementLimit(_ device: nvmlDevice_t?, _ limit: UInt32) -> nvmlReturn_t {
    change(device) { gpu in
        guard limit >= gpu.state.pointee.powerMin, limit <= gpu.state.pointee.powerMax else {
            return NVML_ERROR_INVALID_ARGUMENT
        }
        model_store_32(&gpu.state.pointee.powerLimit, limit)
        return NVML_SUCCESS
    }
}

// MARK: Persistence, compute mode, display

@c public func nvmlDeviceGetPersistenceMode(
    _ device: nvmlDevice_t?, _ mode: UnsafeMutablePointer<nvmlEnableState_t>?
) -> nvmlReturn_t {
    answer(device, mode) { nvmlEnableState_t(model_load_32(&$0.state.pointee.persistenceMode)) }
}

@c public func nvmlDeviceSetPersistenceMode(_ device: nvmlDevice_t?, _ mode: nvmlEnableState_t) -> nvmlReturn_t {
    change(device) { gpu in
        guard mode.rawValue <= 1 else { return NVML_ERROR_INVALID_ARGUMENT }
        model_store_32(&gpu.state.pointee.persistenceMode, mode.rawValue)
        return NVML_SUCCESS
    }
}

@c public func nvmlDeviceGetComputeMode(
    _ device: nvmlDevice_t?, _ mode: UnsafeMutablePointer<nvmlComputeMode_t>?
) -> nvmlReturn_t {
    answer(device, mode) { nvmlComputeMode_t(model_load_32(&$0.state.pointee.computeMode)) }
}

@c public func nvmlDeviceSetComputeMode(_ device: nvmlDevice_t?, _ mode: nvmlComputeMode_t) -> nvmlReturn_t {
    change(device) { gpu in
        guard mode.rawValue <= NVML_COMPUTEMODE_EXCLUSIVE_PROCESS.rawValue else { return NVML_ERROR_INVALID_ARGUMENT }
        model_store_32(&gpu.state.pointee.computeMode, mode.rawValue)
        return NVML_SUCCESS
    }
}

@c public func nvmlDeviceGetDisplayActive(
    _ device: nvmlDevice_t?, _ active: UnsafeMutablePointer<nvmlEnableState_t>?
) -> nvmlReturn_t {
    answer(device, active) { _ in NVML_FEATURE_DISABLED }
}

@c public func nvmlDeviceGetDisplayMode(
    _ device: nvmlDevice_t?, _ mode: UnsafeMutablePointer<nvmlEnableState_t>?
) -> nvmlReturn_t {
    answer(device, mode) { $0.state.pointee.displaySupported != 0 ? NVML_FEATURE_ENABLED : NVML_FEATURE_DISABLED }
}

@c public func nvmlDeviceGetAccountingMode(
    _ device: nvmlDevice_t?, _ mode: UnsafeMutablePointer<nvmlEnableState_t>?
) -> nvmlReturn_t {
    answer(device, mode) { _ in NVML_FEATURE_DISABLED }
}

@c public func nvmlDeviceGetVirtualizationMode(
    _ device: nvmlDevice_t?, _ mode: UnsafeMutablePointer<UInt32>?
) -> nvmlReturn_t {
    answer(device, mode) { _ in 0 }
}

// MARK: Error correction

@c public func nvmlDeviceGetEccMode(
    _ device: nvmlDevice_t?, _ current: UnsafeMutablePointer<nvmlEnableState_t>?,
    _ pending: UnsafeMutablePointer<nvmlEnableState_t>?
) -> nvmlReturn_t {
    answerMode(device, current, pending) { gpu in
        guard gpu.state.pointee.eccSupported != 0 else { return nil }
        return (
            nvmlEnableState_t(model_load_32(&gpu.state.pointee.eccMode)),
            nvmlEnableState_t(model_load_32(&gpu.state.pointee.eccModePending))
        )
    }
}

/// Takes effect with the next reset.
@c public func nvmlDeviceSetEccMode(_ device: nvmlDevice_t?, _ mode: nvmlEnableState_t) -> nvmlReturn_t {
    change(device) { gpu in
        guard gpu.state.pointee.eccSupported != 0 else { return NVML_ERROR_NOT_SUPPORTED }
        guard mode.rawValue <= 1 else { return NVML_ERROR_INVALID_ARGUMENT }
        model_store_32(&gpu.state.pointee.eccModePending, mode.rawValue)
        return NVML_SUCCESS
    }
}

@c public func nvmlDeviceGetDefaultEccMode(
    _ device: nvmlDevice_t?, _ mode: UnsafeMutablePointer<nvmlEnableState_t>?
) -> nvmlReturn_t {
    answer(device, mode) { $0.state.pointee.eccSupported != 0 ? NVML_FEATURE_ENABLED : nil }
}

/// The display driver model is an idea of Windows.
@c public func nvmlDeviceGetDriverModel(
    _ device: nvmlDevice_t?, _ current: UnsafeMutablePointer<UInt32>?, _ pending: UnsafeMutablePointer<UInt32>?
) -> nvmlReturn_t {
    unsupported(device)
}

@c(nvmlDeviceGetDriverModel_v2) public func nvmlDeviceGetDriverModel2(
    _ device: nvmlDevice_t?, _ current: UnsafeMutablePointer<UInt32>?, _ pending: UnsafeMutablePointer<UInt32>?
) -> nvmlReturn_t {
    unsupported(device, since: 555)
}
