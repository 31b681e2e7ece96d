import CSimulatedCUDA
import CSimulatedDriver

/// The compute instance of a GPU in MIG mode that this process computes on. CUDA shows a program one of them at most,
/// and then no other device.
enum Part {
    /// Whether the process computes on a part of that GPU.
    static func isOn(_ gpu: UInt32) -> Bool { process.pointee.partGPU == gpu + 1 }

    /// The size of the GPU instance that the part lies in.
    static func kind(_ gpu: UInt32) -> UnsafeMutablePointer<ModelSliceKind>? {
        guard isOn(gpu), let state = model_gpu(model, gpu) else { return nil }
        let code = model_partition_at(model_load_64(&state.pointee.partition), process.pointee.partSlot)
        // Somebody took the instance away.
        return code == 0 ? nil : model_slice_kind(state, code - 1)
    }

    /// The GPU instance's id.
    static func instance(_ gpu: UInt32) -> UInt32 {
        guard let kind = kind(gpu) else { return .max }
        return model_gpu_instance_id(model_gpu(model, gpu), kind, process.pointee.partSlot)
    }

    static func place(_ gpu: UInt32) -> ModelPlace {
        let served: UInt32 = Service.isJoined ? 1 : 0
        guard isOn(gpu) else { return ModelPlace(gpuInstance: 0, computeInstance: 0, served: served, reserved: 0) }
        return ModelPlace(
            gpuInstance: instance(gpu) &+ 1, computeInstance: process.pointee.partSlice + 1, served: served, reserved: 0
        )
    }

    /// Bytes for programs in the GPU instance: a little less than it takes of the GPU.
    static func memory(_ gpu: UInt32) -> UInt64 {
        guard let kind = kind(gpu) else { return 0 }
        return kind.pointee.memory - (12 << 20)
    }

    /// The multiprocessors that programs see: those of the part, or what a multi-process server grants of them.
    static func multiprocessors(_ gpu: UInt32) -> UInt32 { Service.granted(of: allMultiprocessors(gpu)) }

    /// Compute instances share the multiprocessors; one of all slices has those that the slices leave over, too.
    static func allMultiprocessors(_ gpu: UInt32) -> UInt32 {
        guard let state = model_gpu(model, gpu) else { return 0 }
        guard isOn(gpu) else { return state.pointee.multiprocessors }
        guard let kind = kind(gpu) else { return 0 }
        if process.pointee.partSlices == kind.pointee.computeSlices { return kind.pointee.multiprocessors }
        return model_slice_kind(state, 0).pointee.multiprocessors * process.pointee.partSlices
    }

    /// Parts of a GPU compute at the same time, each in its own turns.
    static func line(_ gpu: UInt32) -> UInt32 {
        isOn(gpu) ? 1 + process.pointee.partSlot + process.pointee.partSlice : 0
    }

    static func writeUUID(_ gpu: UInt32, to text: UnsafeMutablePointer<CChar>) {
        model_mig_uuid(
            model_gpu(model, gpu), instance(gpu), process.pointee.partSlice, process.pointee.partSlices, text)
    }

    /// Takes the first compute instance of a GPU whose UUID begins so, in the order of ids; any where none is named.
    static func choose(_ gpu: UInt32, named name: UnsafePointer<CChar>?, _ length: Int) -> Bool {
        guard let state = model_gpu(model, gpu), model_load_32(&state.pointee.migMode) != 0 else { return false }
        let partition = model_load_64(&state.pointee.partition)
        return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 48) { buffer in
            guard let text = buffer.baseAddress else { return false }
            for id in 0..<UInt32(2 * MODEL_SLICE_SLOTS) {
                let slot = model_gpu_instance_slot(state, partition, id)
                guard slot < UInt32(MODEL_SLICE_SLOTS) else { continue }
                let compute = model_load_64(model_compute_word(state, slot))
                for slice in 0..<UInt32(MODEL_SLICE_SLOTS) {
                    let slices = model_compute_at(compute, slice)
                    guard slices > 0 else { continue }
                    model_mig_uuid(state, id, slice, slices, text)
                    if let name, strncmp(text, name, length) != 0 { continue }
                    process.pointee.partGPU = gpu + 1
                    process.pointee.partSlot = slot
                    process.pointee.partSlice = slice
                    process.pointee.partSlices = slices
                    return true
                }
            }
            return false
        }
    }
}
