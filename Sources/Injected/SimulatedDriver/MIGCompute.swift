public import CNVML
import CSimulatedDriver

// Compute instances: which there can be in a GPU instance, which there are, and how they come and go.

/// How many slices the compute instances of NVML's numbers have; the number is their id, too.
private func slices(ofProfile profile: UInt32) -> UInt32? {
    switch profile {
    case 0: 1
    case 1: 2
    case 2: 3
    case 3: 4
    case 4: 7
    default: nil
    }
}

/// The number of the compute instances of so many slices.
private func profile(ofSlices slices: UInt32) -> UInt32 { slices == 7 ? 4 : slices - 1 }

extension GPUInstance {
    /// Whether it can be cut into compute instances of so many slices: any number that fits, and the whole.
    fileprivate func canHold(_ slices: UInt32) -> Bool {
        slices == computeSlices || (slices < computeSlices && !(slices == 3 && computeSlices == 4))
    }

    /// How many of them fit into an empty GPU instance.
    fileprivate func limit(ofSlices slices: UInt32) -> UInt32 { computeSlices / slices }
}

private func withProfile(
    _ handle: nvmlGpuInstance_t?, _ profile: UInt32, call: StaticString = #function,
    _ body: (GPUInstance, UInt32) -> nvmlReturn_t
) -> nvmlReturn_t {
    withInstance(handle, call: call) { instance in
        guard profile < UInt32(NVML_COMPUTE_INSTANCE_PROFILES) else { return NVML_ERROR_INVALID_ARGUMENT }
        guard let slices = slices(ofProfile: profile), instance.canHold(slices) else {
            return NVML_ERROR_NOT_SUPPORTED
        }
        return body(instance, slices)
    }
}

private func description(_ instance: GPUInstance, _ slices: UInt32) -> nvmlComputeInstanceProfileInfo_t {
    let kind = instance.kind.pointee
    return nvmlComputeInstanceProfileInfo_t(
        id: profile(ofSlices: slices), sliceCount: slices, instanceCount: instance.limit(ofSlices: slices),
        multiprocessorCount: instance.multiprocessors(ofSlices: slices), sharedCopyEngineCount: kind.copyEngines,
        sharedDecoderCount: kind.decoders, sharedEncoderCount: kind.encoders, sharedJpegCount: kind.jpegEngines,
        sharedOfaCount: kind.opticalFlowEngines)
}

@c public func nvmlGpuInstanceGetComputeInstanceProfileInfo(
    _ handle: nvmlGpuInstance_t?, _ profile: UInt32, _ engines: UInt32,
    _ info: UnsafeMutablePointer<nvmlComputeInstanceProfileInfo_t>?
) -> nvmlReturn_t {
    guard engines == 0 else { return NVML_ERROR_NOT_SUPPORTED }
    return withProfile(handle, profile) { instance, slices in store(description(instance, slices), in: info) }
}

@c public func nvmlGpuInstanceGetComputeInstanceProfileInfoV(
    _ handle: nvmlGpuInstance_t?, _ profile: UInt32, _ engines: UInt32, _ info: UnsafeMutableRawPointer?
) -> nvmlReturn_t {
    guard engines == 0 else { return NVML_ERROR_NOT_SUPPORTED }
    return withProfile(handle, profile) { instance, slices in
        guard let info else { return NVML_ERROR_INVALID_ARGUMENT }
        let version = info.load(as: UInt32.self)
        let isThird = version == structVersion(nvmlComputeInstanceProfileInfo_v3_t.self, 3)
        guard isThird || version == structVersion(nvmlComputeInstanceProfileInfo_v2_t.self, 2) else {
            return NVML_ERROR_ARGUMENT_VERSION_MISMATCH
        }
        var first = description(instance, slices)
        memcpy(info + 4, &first, MemoryLayout<nvmlComputeInstanceProfileInfo_t>.size)
        writeSizeName(instance.kind, slices: slices, to: (info + 40).assumingMemoryBound(to: CChar.self))
        if isThird { (info + 136).storeBytes(of: 0, as: UInt32.self) }
        return NVML_SUCCESS
    }
}

@c public func nvmlGpuInstanceGetComputeInstanceRemainingCapacity(
    _ handle: nvmlGpuInstance_t?, _ profile: UInt32, _ count: UnsafeMutablePointer<UInt32>?
) -> nvmlReturn_t {
    withProfile(handle, profile) { instance, slices in
        store(model_compute_room(instance.compute, instance.computeSlices, slices), in: count)
    }
}

@c public func nvmlGpuInstanceGetComputeInstancePossiblePlacements(
    _ handle: nvmlGpuInstance_t?, _ profile: UInt32,
    _ placements: UnsafeMutablePointer<nvmlComputeInstancePlacement_t>?, _ count: UnsafeMutablePointer<UInt32>?
) -> nvmlReturn_t {
    withProfile(handle, profile) { instance, slices in
        guard let count else { return NVML_ERROR_INVALID_ARGUMENT }
        var found: UInt32 = 0
        for slice in 0...(instance.computeSlices - slices) {
            if let placements, found < count.pointee {
                placements[Int(found)] = nvmlComputeInstancePlacement_t(start: slice, size: slices)
            }
            found += 1
        }
        let isTooShort = placements != nil && count.pointee < found
        count.pointee = found
        return isTooShort ? NVML_ERROR_INSUFFICIENT_SIZE : NVML_SUCCESS
    }
}

// MARK: Coming and going

@c public func nvmlGpuInstanceCreateComputeInstance(
    _ handle: nvmlGpuInstance_t?, _ profile: UInt32, _ compute: UnsafeMutablePointer<nvmlComputeInstance_t?>?
) -> nvmlReturn_t {
    create(handle, profile, at: nil, compute)
}

@c public func nvmlGpuInstanceCreateComputeInstanceWithPlacement(
    _ handle: nvmlGpuInstance_t?, _ profile: UInt32, _ placement: UnsafePointer<nvmlComputeInstancePlacement_t>?,
    _ compute: UnsafeMutablePointer<nvmlComputeInstance_t?>?
) -> nvmlReturn_t {
    guard let placement else { return NVML_ERROR_INVALID_ARGUMENT }
    return create(handle, profile, at: placement.pointee.start, compute)
}

private func create(
    _ handle: nvmlGpuInstance_t?, _ profile: UInt32, at place: UInt32?,
    _ compute: UnsafeMutablePointer<nvmlComputeInstance_t?>?
) -> nvmlReturn_t {
    withProfile(handle, profile, call: "nvmlGpuInstanceCreateComputeInstance") { instance, slices in
        guard let compute else { return NVML_ERROR_INVALID_ARGUMENT }
        guard instance.gpu.mapped.mayAdminister else { return NVML_ERROR_NO_PERMISSION }
        while true {
            let before = instance.compute
            guard let slice = instance.room(for: slices, at: place, beside: before) else {
                return NVML_ERROR_INSUFFICIENT_RESOURCES
            }
            let word = model_compute_word(instance.gpu.state, instance.slot)
            guard model_exchange_64(word, before, model_compute_with(before, slice, slices)) else { continue }
            // The GPU instance may have gone meanwhile, and its word with it.
            guard GPUInstance(at: instance.slot, on: instance.gpu) != nil else {
                model_store_64(word, 0)
                return NVML_ERROR_INVALID_ARGUMENT
            }
            model_edited(instance.gpu.model)
            compute.pointee = MIGDevice(at: slice, in: instance)?.computeHandle
            instance.gpu.publish(NVML_EVENT_MIG_CONFIG_CHANGE, 1)
            return NVML_SUCCESS
        }
    }
}

extension GPUInstance {
    /// The slice at which a compute instance can begin: the wanted one, or the first.
    fileprivate func room(for slices: UInt32, at place: UInt32?, beside compute: UInt64) -> UInt32? {
        if let place { return model_compute_fits(compute, computeSlices, slices, place) ? place : nil }
        for slice in 0..<computeSlices where model_compute_fits(compute, computeSlices, slices, slice) { return slice }
        return nil
    }
}

private func withCompute(
    _ handle: nvmlComputeInstance_t?, call: StaticString = #function, _ body: (MIGDevice) -> nvmlReturn_t
) -> nvmlReturn_t {
    withMachine(call: call) { mapped in
        guard let part = MIGDevice(handle, in: mapped) else { return NVML_ERROR_INVALID_ARGUMENT }
        guard !part.gpu.isLost else { return NVML_ERROR_GPU_IS_LOST }
        return body(part)
    }
}

/// Refused while a process runs in it.
@c public func nvmlComputeInstanceDestroy(_ handle: nvmlComputeInstance_t?) -> nvmlReturn_t {
    withCompute(handle) { part in
        guard part.gpu.mapped.mayAdminister else { return NVML_ERROR_NO_PERMISSION }
        var isInUse = false
        part.gpu.forEachProcess(of: part) { _, _ in isInUse = true }
        guard !isInUse else { return NVML_ERROR_IN_USE }
        let word = model_compute_word(part.gpu.state, part.instance.slot)
        while true {
            let before = model_load_64(word)
            guard model_compute_at(before, part.slice) != 0 else { return NVML_ERROR_INVALID_ARGUMENT }
            guard model_exchange_64(word, before, model_compute_with(before, part.slice, 0)) else { continue }
            model_edited(part.gpu.model)
            part.gpu.publish(NVML_EVENT_MIG_CONFIG_CHANGE, 0)
            return NVML_SUCCESS
        }
    }
}

// MARK: What there is

@c public func nvmlGpuInstanceGetComputeInstances(
    _ handle: nvmlGpuInstance_t?, _ profile: UInt32,
    _ instances: UnsafeMutablePointer<nvmlComputeInstance_t?>?, _ count: UnsafeMutablePointer<UInt32>?
) -> nvmlReturn_t {
    withProfile(handle, profile) { instance, slices in
        guard let count else { return NVML_ERROR_INVALID_ARGUMENT }
        var found: UInt32 = 0
        for slice in 0..<instance.computeSlices {
            guard let part = MIGDevice(at: slice, in: instance), part.slices == slices else { continue }
            instances?[Int(found)] = part.computeHandle
            found += 1
        }
        count.pointee = found
        return NVML_SUCCESS
    }
}

@c public func nvmlGpuInstanceGetComputeInstanceById(
    _ handle: nvmlGpuInstance_t?, _ id: UInt32, _ compute: UnsafeMutablePointer<nvmlComputeInstance_t?>?
) -> nvmlReturn_t {
    withInstance(handle) { instance in
        guard let compute else { return NVML_ERROR_INVALID_ARGUMENT }
        guard let part = MIGDevice(at: id, in: instance) else { return NVML_ERROR_NOT_FOUND }
        compute.pointee = part.computeHandle
        return NVML_SUCCESS
    }
}

@c(nvmlComputeInstanceGetInfo_v2) public func nvmlComputeInstanceGetInfo2(
    _ handle: nvmlComputeInstance_t?, _ info: UnsafeMutablePointer<nvmlComputeInstanceInfo_t>?
) -> nvmlReturn_t {
    withCompute(handle) { part in
        store(
            nvmlComputeInstanceInfo_t(
                // Older drivers tell the GPU here, and `nvidia-smi` 535 shows its index; newer ones the MIG device.
                device: part.gpu.mapped.knows(570) ? part.handle : part.gpu.handle,
                gpuInstance: part.instance.handle, id: part.id,
                profileId: profile(ofSlices: part.slices),
                placement: nvmlComputeInstancePlacement_t(start: part.slice, size: part.slices)),
            in: info)
    }
}

@c public func nvmlComputeInstanceGetInfo(
    _ handle: nvmlComputeInstance_t?, _ info: UnsafeMutablePointer<nvmlComputeInstanceInfo_t>?
) -> nvmlReturn_t {
    nvmlComputeInstanceGetInfo2(handle, info)
}
