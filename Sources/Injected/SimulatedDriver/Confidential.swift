public import CNVML
import CSimulatedDriver

// Confidential computing: what the machine can do, and what its driver does.

/// Whether the driver runs the GPUs in confidential mode (1).
@c public func nvmlSystemGetConfComputeState(
    _ state: UnsafeMutablePointer<nvmlConfComputeSystemState_t>?
) -> nvmlReturn_t {
    withMachine { mapped in
        let model = mapped.model
        return store(
            nvmlConfComputeSystemState_t(
                environment: model_load_32(&model.pointee.confidentialEnvironment),
                ccFeature: model_load_32(&model.pointee.confidentialFeature),
                devToolsMode: model_load_32(&model.pointee.confidentialDeveloperTools)), in: state)
    }
}

/// What the processors (0 nothing, 1 AMD SEV, 2 Intel TDX) and the GPUs (1) can.
@c public func nvmlSystemGetConfComputeCapabilities(
    _ capabilities: UnsafeMutablePointer<nvmlConfComputeSystemCaps_t>?
) -> nvmlReturn_t {
    withMachine { mapped in
        let model = mapped.model
        return store(
            nvmlConfComputeSystemCaps_t(
                cpuCaps: model_load_32(&model.pointee.confidentialCPU),
                gpusCaps: model_load_32(&model.pointee.confidentialGPU)), in: capabilities)
    }
}

@c public func nvmlSystemGetConfComputeSettings(
    _ settings: UnsafeMutablePointer<nvmlSystemConfComputeSettings_v1_t>?
) -> nvmlReturn_t {
    withMachine(since: 550) { mapped in
        guard let settings else { return NVML_ERROR_INVALID_ARGUMENT }
        guard settings.pointee.version == structVersion(nvmlSystemConfComputeSettings_v1_t.self, 1) else {
            return NVML_ERROR_ARGUMENT_VERSION_MISMATCH
        }
        let model = mapped.model
        settings.pointee.environment = model_load_32(&model.pointee.confidentialEnvironment)
        settings.pointee.ccFeature = model_load_32(&model.pointee.confidentialFeature)
        settings.pointee.devToolsMode = model_load_32(&model.pointee.confidentialDeveloperTools)
        settings.pointee.multiGpuMode = model_load_32(&model.pointee.confidentialMultiGPU)
        return NVML_SUCCESS
    }
}

/// Whether the GPUs take work: in confidential mode only after somebody attested them and said so.
@c public func nvmlSystemGetConfComputeGpusReadyState(_ isReady: UnsafeMutablePointer<UInt32>?) -> nvmlReturn_t {
    withMachine { mapped in
        guard model_load_32(&mapped.model.pointee.confidentialFeature) != 0 else { return NVML_ERROR_NOT_SUPPORTED }
        return store(model_load_32(&mapped.model.pointee.confidentialReady), in: isReady)
    }
}

@c public func nvmlSystemSetConfComputeGpusReadyState(_ isReady: UInt32) -> nvmlReturn_t {
    withMachine { mapped in
        guard model_load_32(&mapped.model.pointee.confidentialFeature) != 0 else { return NVML_ERROR_NOT_SUPPORTED }
        guard mapped.mayAdminister else { return NVML_ERROR_NO_PERMISSION }
        guard isReady <= 1 else { return NVML_ERROR_INVALID_ARGUMENT }
        model_store_32(&mapped.model.pointee.confidentialReady, isReady)
        model_edited(mapped.model)
        return NVML_SUCCESS
    }
}

/// Kibibytes of a GPU's memory that are protected: all in confidential mode, else none.
@c public func nvmlDeviceGetConfComputeMemSizeInfo(
    _ device: nvmlDevice_t?, _ info: UnsafeMutablePointer<nvmlConfComputeMemSizeInfo_t>?
) -> nvmlReturn_t {
    answer(device, info) { gpu in
        guard model_load_32(&gpu.model.pointee.confidentialGPU) != 0 else { return nil }
        let size = gpu.state.pointee.memoryTotal >> 10
        let isOn = model_load_32(&gpu.model.pointee.confidentialFeature) != 0
        return nvmlConfComputeMemSizeInfo_t(
            protectedMemSizeKib: isOn ? size : 0, unprotectedMemSizeKib: isOn ? 0 : size)
    }
}

/// Bytes of protected memory; none where the driver does not work confidentially.
@c public func nvmlDeviceGetConfComputeProtectedMemoryUsage(
    _ device: nvmlDevice_t?, _ memory: UnsafeMutablePointer<nvmlMemory_t>?
) -> nvmlReturn_t {
    answer(device, memory) { gpu in
        guard model_load_32(&gpu.model.pointee.confidentialGPU) != 0 else { return nil }
        guard model_load_32(&gpu.model.pointee.confidentialFeature) != 0 else {
            return nvmlMemory_t(total: 0, free: 0, used: 0)
        }
        let total = gpu.state.pointee.memoryTotal
        let used = min(total, gpu.memoryUsed + gpu.state.pointee.memoryReserved)
        return nvmlMemory_t(total: total, free: total - used, used: used)
    }
}
