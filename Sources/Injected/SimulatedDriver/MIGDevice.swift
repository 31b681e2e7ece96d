import CNVML
import CSimulatedDriver

/// A GPU instance: a part of a GPU with memory of its own.
struct GPUInstance {
    let gpu: GPU
    /// The memory slot at which it begins.
    let slot: UInt32
    let kind: UnsafeMutablePointer<ModelSliceKind>

    /// The instance that begins at a slot; nil when there is none.
    init?(at slot: UInt32, on gpu: GPU) {
        guard slot < UInt32(MODEL_SLICE_SLOTS) else { return nil }
        let code = model_partition_at(model_load_64(&gpu.state.pointee.partition), slot)
        guard code > 0, code <= gpu.state.pointee.sliceKindCount else { return nil }
        self.gpu = gpu
        self.slot = slot
        kind = model_slice_kind(gpu.state, code - 1)
    }

    /// The instance that a caller's handle means.
    init?(_ handle: nvmlGpuInstance_t?, in mapped: MappedModel) {
        guard let (gpu, offset) = GPU.locate(UInt(bitPattern: handle), in: mapped) else { return nil }
        let first = UInt(bitPattern: model_compute_word(gpu.state, 0)) - UInt(bitPattern: gpu.state)
        guard offset >= Int(first), (offset - Int(first)) % 8 == 0 else { return nil }
        self.init(at: UInt32((offset - Int(first)) / 8), on: gpu)
    }

    var handle: nvmlGpuInstance_t { OpaquePointer(model_compute_word(gpu.state, slot)) }
    var id: UInt32 { model_gpu_instance_id(gpu.state, kind, slot) }
    var computeSlices: UInt32 { kind.pointee.computeSlices }
    /// The compute instances, as a word of the model.
    var compute: UInt64 { model_load_64(model_compute_word(gpu.state, slot)) }

    /// Compute instances share the multiprocessors; one of all slices has those that the slices leave over, too.
    func multiprocessors(ofSlices slices: UInt32) -> UInt32 {
        if slices == computeSlices { return kind.pointee.multiprocessors }
        let smallest = model_slice_kind(gpu.state, 0).pointee.multiprocessors
        return smallest * slices
    }
}

/// A compute instance and so a MIG device: a part of a GPU instance with multiprocessors of its own.
struct MIGDevice {
    let instance: GPUInstance
    /// The compute slice of the GPU instance at which it begins, which is its id.
    let slice: UInt32
    /// How many slices it has.
    let slices: UInt32

    var gpu: GPU { instance.gpu }
    var id: UInt32 { slice }

    init?(at slice: UInt32, in instance: GPUInstance) {
        guard slice < UInt32(MODEL_SLICE_SLOTS) else { return nil }
        let slices = model_compute_at(instance.compute, slice)
        guard slices > 0 else { return nil }
        self.instance = instance
        self.slice = slice
        self.slices = slices
    }

    /// The device whose handle lies so far into the GPU's part of the model.
    init?(offset: Int, on gpu: GPU) {
        let first = Int(UInt(bitPattern: model_device_handle(gpu.state, 0, 0)) - UInt(bitPattern: gpu.state))
        self.init(place: offset - first, on: gpu)
    }

    /// The compute instance that a caller's handle means.
    init?(_ handle: nvmlComputeInstance_t?, in mapped: MappedModel) {
        guard let (gpu, offset) = GPU.locate(UInt(bitPattern: handle), in: mapped) else { return nil }
        let first = Int(UInt(bitPattern: model_compute_handle(gpu.state, 0, 0)) - UInt(bitPattern: gpu.state))
        self.init(place: offset - first, on: gpu)
    }

    private init?(place: Int, on gpu: GPU) {
        let slots = Int(MODEL_SLICE_SLOTS)
        guard place >= 0, place < slots * slots, let instance = GPUInstance(at: UInt32(place / slots), on: gpu) else {
            return nil
        }
        self.init(at: UInt32(place % slots), in: instance)
    }

    var handle: nvmlDevice_t { OpaquePointer(model_device_handle(gpu.state, instance.slot, slice)) }
    var computeHandle: nvmlComputeInstance_t {
        OpaquePointer(model_compute_handle(gpu.state, instance.slot, slice))
    }

    var multiprocessors: UInt32 { instance.multiprocessors(ofSlices: slices) }

    /// Bytes that processes of the GPU instance hold.
    var memoryUsed: UInt64 { model_instance_memory(gpu.model, gpu.number, instance.id) }

    /// Writes the UUID: 41 characters with the zero.
    func writeUUID(to text: UnsafeMutablePointer<CChar>) {
        model_mig_uuid(gpu.state, instance.id, slice, slices, text)
    }
}

extension GPU {
    /// Calls the body for each GPU instance, in the order of ids.
    func forEachInstance(_ body: (GPUInstance) -> Void) {
        let partition = model_load_64(&state.pointee.partition)
        for id in 0..<UInt32(2 * MODEL_SLICE_SLOTS) {
            let slot = model_gpu_instance_slot(state, partition, id)
            guard let instance = GPUInstance(at: slot, on: self) else { continue }
            body(instance)
        }
    }

    /// Calls the body for each MIG device, in the order of ids.
    func forEachPart(_ body: (MIGDevice) -> Void) {
        forEachInstance { instance in
            for slice in 0..<UInt32(MODEL_SLICE_SLOTS) {
                if let part = MIGDevice(at: slice, in: instance) { body(part) }
            }
        }
    }

    /// Whether the GPU is in MIG mode now.
    var isPartitioned: Bool { model_load_32(&state.pointee.migMode) != 0 }
}

/// Writes `MIG ` and a size; of a compute instance that is smaller than its GPU instance `MIG 1c.` and the size.
/// The buffer holds 96 bytes.
func writeSizeName(_ kind: UnsafeMutablePointer<ModelSliceKind>, slices: UInt32, to text: UnsafeMutablePointer<CChar>) {
    // Letter by letter: a literal for a C function would bring Swift's strings into the library.
    text[0] = 77
    text[1] = 73
    text[2] = 71
    text[3] = 32
    var end = text + 4
    if slices != kind.pointee.computeSlices {
        end[0] = CChar(truncatingIfNeeded: 48 + slices)
        end[1] = 99
        end[2] = 46
        end += 3
    }
    guard let name = model_slice_name(kind) else { return }
    memcpy(end, name, strlen(name) + 1)
}
