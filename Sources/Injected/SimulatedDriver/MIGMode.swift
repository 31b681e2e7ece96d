public import CNVML
import CSimulatedDriver

// Whether a GPU is in MIG mode, and what a reset does.

@c public func nvmlDeviceGetMigMode(
    _ device: nvmlDevice_t?, _ current: UnsafeMutablePointer<UInt32>?, _ pending: UnsafeMutablePointer<UInt32>?
) -> nvmlReturn_t {
    answerMode(device, current, pending) { gpu in
        guard gpu.state.pointee.migSupported != 0 else { return nil }
        return (model_load_32(&gpu.state.pointee.migMode), model_load_32(&gpu.state.pointee.migModePending))
    }
}

/// Asks for MIG mode, and gets it at once if nobody uses the GPU.
///
/// On Ampere the mode changes with a reset, which the call does when it can; on later GPUs without one. Where somebody
/// is in the way, the mode stays pending until a reset, and the second result says who: the GPU is in use.
@c public func nvmlDeviceSetMigMode(
    _ device: nvmlDevice_t?, _ mode: UInt32, _ activation: UnsafeMutablePointer<nvmlReturn_t>?
) -> nvmlReturn_t {
    change(device) { gpu in
        guard mode <= 1, let activation else { return NVML_ERROR_INVALID_ARGUMENT }
        guard gpu.state.pointee.migSupported != 0 else { return NVML_ERROR_NOT_SUPPORTED }
        model_store_32(&gpu.state.pointee.migModePending, mode)
        activation.pointee = NVML_SUCCESS
        guard model_load_32(&gpu.state.pointee.migMode) != mode else { return NVML_SUCCESS }
        guard !gpu.isInUse, mode == 1 || model_load_64(&gpu.state.pointee.partition) == 0 else {
            activation.pointee = NVML_ERROR_IN_USE
            return NVML_SUCCESS
        }
        if gpu.state.pointee.migNeedsReset != 0 {
            model_reset_gpu(gpu.state)
        } else {
            model_clear_partition(gpu.state)
            model_store_32(&gpu.state.pointee.migMode, mode)
        }
        gpu.publish(NVML_EVENT_MIG_CONFIG_CHANGE, UInt64(mode))
        return NVML_SUCCESS
    }
}

extension GPU {
    /// Whether a living process holds the GPU.
    var isInUse: Bool {
        dropDeadProcesses()
        for slot in 0..<UInt32(MODEL_PROCESS_LIMIT)
        where model_owner_is_on(model_load_64(&model_process(model, slot).pointee.owner), number) { return true }
        return false
    }

    func publish(_ kind: UInt64, _ data: UInt64) {
        _ = model_publish_event(model, number, kind, data)
        driver_wake_all(&model.pointee.newestEvent)
    }
}

// MARK: MIG devices

@c public func nvmlDeviceGetMaxMigDeviceCount(
    _ device: nvmlDevice_t?, _ count: UnsafeMutablePointer<UInt32>?
) -> nvmlReturn_t {
    answer(device, count) { gpu in
        guard gpu.state.pointee.migSupported != 0 else { return 0 }
        var most: UInt32 = 0
        for index in 0..<gpu.state.pointee.sliceKindCount {
            most = max(most, model_slice_kind(gpu.state, index).pointee.limit)
        }
        return most
    }
}

@c public func nvmlDeviceGetMigDeviceHandleByIndex(
    _ device: nvmlDevice_t?, _ index: UInt32, _ migDevice: UnsafeMutablePointer<nvmlDevice_t?>?
) -> nvmlReturn_t {
    withGPU(device) { gpu in
        guard let migDevice else { return NVML_ERROR_INVALID_ARGUMENT }
        guard gpu.state.pointee.migSupported != 0 else { return NVML_ERROR_NOT_SUPPORTED }
        var left = index
        var found: MIGDevice?
        gpu.forEachPart { part in
            if left == 0, found == nil { found = part }
            left &-= 1
        }
        guard let found else { return NVML_ERROR_NOT_FOUND }
        migDevice.pointee = found.handle
        return NVML_SUCCESS
    }
}

@c public func nvmlDeviceIsMigDeviceHandle(
    _ device: nvmlDevice_t?, _ isMigDevice: UnsafeMutablePointer<UInt32>?
) -> nvmlReturn_t {
    answerForParts(device, isMigDevice) { _, part in part == nil ? 0 : 1 }
}

@c public func nvmlDeviceGetDeviceHandleFromMigDeviceHandle(
    _ migDevice: nvmlDevice_t?, _ device: UnsafeMutablePointer<nvmlDevice_t?>?
) -> nvmlReturn_t {
    withDevice(migDevice, #function) { gpu, part in
        guard part != nil, let device else { return NVML_ERROR_INVALID_ARGUMENT }
        device.pointee = gpu.handle
        return NVML_SUCCESS
    }
}

@c public func nvmlDeviceGetGpuInstanceId(
    _ device: nvmlDevice_t?, _ id: UnsafeMutablePointer<UInt32>?
) -> nvmlReturn_t {
    answerForParts(device, id) { _, part in part?.instance.id }
}

@c public func nvmlDeviceGetComputeInstanceId(
    _ device: nvmlDevice_t?, _ id: UnsafeMutablePointer<UInt32>?
) -> nvmlReturn_t {
    answerForParts(device, id) { _, part in part?.id }
}
