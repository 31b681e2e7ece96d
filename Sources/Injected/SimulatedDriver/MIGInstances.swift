public import CNVML
import CSimulatedDriver

// GPU instances: which there can be, which there are, and how they come and go.

extension GPU {
    /// The size of that number of NVML, or of that id.
    fileprivate func kind(_ matches: (ModelSliceKind) -> Bool) -> UInt32? {
        for index in 0..<state.pointee.sliceKindCount where matches(model_slice_kind(state, index).pointee) {
            return index
        }
        return nil
    }
}

/// Runs a call about GPU instances of a size, which exist in MIG mode only.
private func withKind(
    _ device: nvmlDevice_t?, id: UInt32, call: StaticString = #function, _ body: (GPU, UInt32) -> nvmlReturn_t
) -> nvmlReturn_t {
    withGPU(device, call: call) { gpu in
        guard gpu.state.pointee.migSupported != 0, gpu.isPartitioned else { return NVML_ERROR_NOT_SUPPORTED }
        guard let kind = gpu.kind({ $0.id == id }) else { return NVML_ERROR_INVALID_ARGUMENT }
        return body(gpu, kind)
    }
}

private func describe(
    _ device: nvmlDevice_t?, since branch: UInt32 = 0, call: StaticString, where matches: (ModelSliceKind) -> Bool,
    _ body: (GPU, UnsafeMutablePointer<ModelSliceKind>) -> nvmlReturn_t
) -> nvmlReturn_t {
    withGPU(device, since: branch, call: call) { gpu in
        guard let index = gpu.kind(matches) else { return NVML_ERROR_NOT_SUPPORTED }
        return body(gpu, model_slice_kind(gpu.state, index))
    }
}

@c public func nvmlDeviceGetGpuInstanceProfileInfo(
    _ device: nvmlDevice_t?, _ profile: UInt32, _ info: UnsafeMutablePointer<nvmlGpuInstanceProfileInfo_t>?
) -> nvmlReturn_t {
    guard profile < UInt32(NVML_GPU_INSTANCE_PROFILES) else { return NVML_ERROR_INVALID_ARGUMENT }
    return describe(device, call: #function, where: { $0.number == profile }) { gpu, kind in
        let kind = kind.pointee
        return store(
            nvmlGpuInstanceProfileInfo_t(
                id: kind.id, isP2pSupported: 0, sliceCount: kind.computeSlices, instanceCount: kind.limit,
                multiprocessorCount: kind.multiprocessors, copyEngineCount: kind.copyEngines,
                decoderCount: kind.decoders, encoderCount: kind.encoders, jpegCount: kind.jpegEngines,
                ofaCount: kind.opticalFlowEngines, memorySizeMB: kind.memory >> 20), in: info)
    }
}

/// With a name; the caller says by a version which of two layouts it wants.
@c public func nvmlDeviceGetGpuInstanceProfileInfoV(
    _ device: nvmlDevice_t?, _ profile: UInt32, _ info: UnsafeMutableRawPointer?
) -> nvmlReturn_t {
    guard profile < UInt32(NVML_GPU_INSTANCE_PROFILES) else { return NVML_ERROR_INVALID_ARGUMENT }
    return describe(device, call: #function, where: { $0.number == profile }) { _, kind in fill(info, kind) }
}

@c public func nvmlDeviceGetGpuInstanceProfileInfoByIdV(
    _ device: nvmlDevice_t?, _ id: UInt32, _ info: UnsafeMutableRawPointer?
) -> nvmlReturn_t {
    describe(device, since: 580, call: #function, where: { $0.id == id }) { _, kind in fill(info, kind) }
}

private func fill(
    _ info: UnsafeMutableRawPointer?, _ pointer: UnsafeMutablePointer<ModelSliceKind>
) -> nvmlReturn_t {
    guard let info else { return NVML_ERROR_INVALID_ARGUMENT }
    let kind = pointer.pointee
    switch info.load(as: UInt32.self) {
    case structVersion(nvmlGpuInstanceProfileInfo_v2_t.self, 2):
        let second = info.assumingMemoryBound(to: nvmlGpuInstanceProfileInfo_v2_t.self)
        second.pointee.id = kind.id
        second.pointee.isP2pSupported = 0
        second.pointee.sliceCount = kind.computeSlices
        second.pointee.instanceCount = kind.limit
        second.pointee.multiprocessorCount = kind.multiprocessors
        second.pointee.copyEngineCount = kind.copyEngines
        second.pointee.decoderCount = kind.decoders
        second.pointee.encoderCount = kind.encoders
        second.pointee.jpegCount = kind.jpegEngines
        second.pointee.ofaCount = kind.opticalFlowEngines
        second.pointee.memorySizeMB = kind.memory >> 20
        withUnsafeMutableBytes(of: &second.pointee.name) { writeSizeName(pointer, to: $0) }
    case structVersion(nvmlGpuInstanceProfileInfo_v3_t.self, 3):
        let third = info.assumingMemoryBound(to: nvmlGpuInstanceProfileInfo_v3_t.self)
        third.pointee.id = kind.id
        third.pointee.sliceCount = kind.computeSlices
        third.pointee.instanceCount = kind.limit
        third.pointee.multiprocessorCount = kind.multiprocessors
        third.pointee.copyEngineCount = kind.copyEngines
        third.pointee.decoderCount = kind.decoders
        third.pointee.encoderCount = kind.encoders
        third.pointee.jpegCount = kind.jpegEngines
        third.pointee.ofaCount = kind.opticalFlowEngines
        third.pointee.memorySizeMB = kind.memory >> 20
        third.pointee.capabilities = 0
        withUnsafeMutableBytes(of: &third.pointee.name) { writeSizeName(pointer, to: $0) }
    default:
        return NVML_ERROR_ARGUMENT_VERSION_MISMATCH
    }
    return NVML_SUCCESS
}

private func writeSizeName(_ kind: UnsafeMutablePointer<ModelSliceKind>, to bytes: UnsafeMutableRawBufferPointer) {
    guard let text = bytes.baseAddress?.assumingMemoryBound(to: CChar.self) else { return }
    writeSizeName(kind, slices: kind.pointee.computeSlices, to: text)
}

/// The version field of a versioned structure.
func structVersion<Structure>(_ type: Structure.Type, _ number: UInt32) -> UInt32 {
    UInt32(MemoryLayout<Structure>.size) | number << 24
}

/// Without a list, the number of placements.
@c(nvmlDeviceGetGpuInstancePossiblePlacements_v2) public func nvmlDeviceGetGpuInstancePossiblePlacements2(
    _ device: nvmlDevice_t?, _ id: UInt32, _ placements: UnsafeMutablePointer<nvmlGpuInstancePlacement_t>?,
    _ count: UnsafeMutablePointer<UInt32>?
) -> nvmlReturn_t {
    withKind(device, id: id) { gpu, index in
        guard let count else { return NVML_ERROR_INVALID_ARGUMENT }
        let kind = model_slice_kind(gpu.state, index).pointee
        var found: UInt32 = 0
        for slot in 0..<UInt32(MODEL_SLICE_SLOTS) where kind.starts >> slot & 1 != 0 {
            if let placements, found < count.pointee {
                placements[Int(found)] = nvmlGpuInstancePlacement_t(start: slot, size: kind.slots)
            }
            found += 1
        }
        let isTooShort = placements != nil && count.pointee < found
        count.pointee = found
        return isTooShort ? NVML_ERROR_INSUFFICIENT_SIZE : NVML_SUCCESS
    }
}

@c public func nvmlDeviceGetGpuInstancePossiblePlacements(
    _ device: nvmlDevice_t?, _ id: UInt32, _ placements: UnsafeMutablePointer<nvmlGpuInstancePlacement_t>?,
    _ count: UnsafeMutablePointer<UInt32>?
) -> nvmlReturn_t {
    nvmlDeviceGetGpuInstancePossiblePlacements2(device, id, placements, count)
}

@c public func nvmlDeviceGetGpuInstanceRemainingCapacity(
    _ device: nvmlDevice_t?, _ id: UInt32, _ count: UnsafeMutablePointer<UInt32>?
) -> nvmlReturn_t {
    withKind(device, id: id) { gpu, kind in
        store(model_partition_room(gpu.state, model_load_64(&gpu.state.pointee.partition), kind), in: count)
    }
}

// MARK: Coming and going

@c public func nvmlDeviceCreateGpuInstance(
    _ device: nvmlDevice_t?, _ id: UInt32, _ instance: UnsafeMutablePointer<nvmlGpuInstance_t?>?
) -> nvmlReturn_t {
    create(device, id, at: nil, instance)
}

@c public func nvmlDeviceCreateGpuInstanceWithPlacement(
    _ device: nvmlDevice_t?, _ id: UInt32, _ placement: UnsafePointer<nvmlGpuInstancePlacement_t>?,
    _ instance: UnsafeMutablePointer<nvmlGpuInstance_t?>?
) -> nvmlReturn_t {
    guard let placement else { return NVML_ERROR_INVALID_ARGUMENT }
    return create(device, id, at: placement.pointee, instance)
}

private func create(
    _ device: nvmlDevice_t?, _ id: UInt32, at placement: nvmlGpuInstancePlacement_t?,
    _ instance: UnsafeMutablePointer<nvmlGpuInstance_t?>?, call: StaticString = #function
) -> nvmlReturn_t {
    withKind(device, id: id, call: "nvmlDeviceCreateGpuInstance") { gpu, kind in
        guard let instance else { return NVML_ERROR_INVALID_ARGUMENT }
        guard gpu.mapped.mayAdminister else { return NVML_ERROR_NO_PERMISSION }
        while true {
            let partition = model_load_64(&gpu.state.pointee.partition)
            let slot = placement?.start ?? model_partition_best(gpu.state, partition, kind)
            if let placement {
                let size = model_slice_kind(gpu.state, kind).pointee
                guard slot < UInt32(MODEL_SLICE_SLOTS), size.starts >> slot & 1 != 0, placement.size == size.slots
                else { return NVML_ERROR_INVALID_ARGUMENT }
            }
            guard slot < UInt32(MODEL_SLICE_SLOTS), model_partition_fits(gpu.state, partition, kind, slot) else {
                return NVML_ERROR_INSUFFICIENT_RESOURCES
            }
            let after = model_partition_with(partition, slot, kind + 1)
            model_store_64(model_compute_word(gpu.state, slot), 0)
            guard model_exchange_64(&gpu.state.pointee.partition, partition, after) else { continue }
            model_edited(gpu.model)
            instance.pointee = GPUInstance(at: slot, on: gpu)?.handle
            gpu.publish(NVML_EVENT_MIG_CONFIG_CHANGE, 1)
            return NVML_SUCCESS
        }
    }
}

/// Runs a call about a GPU instance that is there.
func withInstance(
    _ handle: nvmlGpuInstance_t?, call: StaticString = #function, _ body: (GPUInstance) -> nvmlReturn_t
) -> nvmlReturn_t {
    withMachine(call: call) { mapped in
        guard let instance = GPUInstance(handle, in: mapped) else { return NVML_ERROR_INVALID_ARGUMENT }
        guard !instance.gpu.isLost else { return NVML_ERROR_GPU_IS_LOST }
        return body(instance)
    }
}

/// Refused while there are compute instances in it.
@c public func nvmlGpuInstanceDestroy(_ handle: nvmlGpuInstance_t?) -> nvmlReturn_t {
    withInstance(handle) { instance in
        let gpu = instance.gpu
        guard gpu.mapped.mayAdminister else { return NVML_ERROR_NO_PERMISSION }
        while true {
            guard instance.compute == 0 else { return NVML_ERROR_IN_USE }
            let partition = model_load_64(&gpu.state.pointee.partition)
            guard model_partition_at(partition, instance.slot) != 0 else { return NVML_ERROR_INVALID_ARGUMENT }
            let after = model_partition_with(partition, instance.slot, 0)
            guard model_exchange_64(&gpu.state.pointee.partition, partition, after) else { continue }
            model_edited(gpu.model)
            gpu.publish(NVML_EVENT_MIG_CONFIG_CHANGE, 0)
            return NVML_SUCCESS
        }
    }
}

// MARK: What there is

@c public func nvmlDeviceGetGpuInstances(
    _ device: nvmlDevice_t?, _ id: UInt32, _ instances: UnsafeMutablePointer<nvmlGpuInstance_t?>?,
    _ count: UnsafeMutablePointer<UInt32>?
) -> nvmlReturn_t {
    withKind(device, id: id) { gpu, _ in
        guard let count else { return NVML_ERROR_INVALID_ARGUMENT }
        var found: UInt32 = 0
        gpu.forEachInstance { instance in
            guard instance.kind.pointee.id == id else { return }
            instances?[Int(found)] = instance.handle
            found += 1
        }
        count.pointee = found
        return NVML_SUCCESS
    }
}

@c public func nvmlDeviceGetGpuInstanceById(
    _ device: nvmlDevice_t?, _ id: UInt32, _ instance: UnsafeMutablePointer<nvmlGpuInstance_t?>?
) -> nvmlReturn_t {
    withGPU(device) { gpu in
        guard let instance else { return NVML_ERROR_INVALID_ARGUMENT }
        guard gpu.isPartitioned else { return NVML_ERROR_NOT_SUPPORTED }
        let slot = model_gpu_instance_slot(gpu.state, model_load_64(&gpu.state.pointee.partition), id)
        guard let found = GPUInstance(at: slot, on: gpu) else { return NVML_ERROR_NOT_FOUND }
        instance.pointee = found.handle
        return NVML_SUCCESS
    }
}

@c public func nvmlGpuInstanceGetInfo(
    _ handle: nvmlGpuInstance_t?, _ info: UnsafeMutablePointer<nvmlGpuInstanceInfo_t>?
) -> nvmlReturn_t {
    withInstance(handle) { instance in
        store(
            nvmlGpuInstanceInfo_t(
                device: instance.gpu.handle, id: instance.id, profileId: instance.kind.pointee.id,
                placement: nvmlGpuInstancePlacement_t(start: instance.slot, size: instance.kind.pointee.slots)),
            in: info)
    }
}
