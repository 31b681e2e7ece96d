import CNVML
import CSimulatedDriver

/// One GPU of the model, in this process.
struct GPU {
    let mapped: MappedModel
    /// Its place in the model, visible or not.
    let number: UInt32

    var model: UnsafeMutablePointer<DeviceModel> { mapped.model }
    var state: UnsafeMutablePointer<ModelGPU> { model_gpu(mapped.model, number) }

    init(mapped: MappedModel, number: UInt32) {
        self.mapped = mapped
        self.number = number
    }

    /// The GPU that a caller's handle means; nil when it is not one of ours or its GPU is not visible.
    init?(_ handle: nvmlDevice_t?, in mapped: MappedModel) {
        guard let handle else { return nil }
        let first = UInt(bitPattern: model_gpu(mapped.model, 0))
        let address = UInt(bitPattern: handle)
        let stride = UInt(MemoryLayout<ModelGPU>.stride)
        guard address >= first, (address - first) % stride == 0 else { return nil }
        let number = (address - first) / stride
        guard number < UInt(mapped.model.pointee.gpuCount), Driver.index(ofNumber: UInt32(number)) != nil else {
            return nil
        }
        self.init(mapped: mapped, number: UInt32(number))
    }

    /// What callers hold: the address of the GPU in the model.
    var handle: nvmlDevice_t { OpaquePointer(state) }

    /// Whether the GPU has fallen off the bus.
    var isLost: Bool { model_load_32(&state.pointee.lost) != 0 }

    func isAt(_ address: (domain: UInt32, bus: UInt32, device: UInt32)) -> Bool {
        let pci = state.pointee.pci
        return pci.domain == address.domain && pci.bus == address.bus && pci.device == address.device
    }

    /// How the GPU is joined to another one.
    func path(to other: GPU) -> ModelPath { model_path(model, number, other.number).pointee }
}

/// Runs a call for the GPU that a handle means, if there is one and it can be reached.
@inline(__always)
func withGPU(_ device: nvmlDevice_t?, _ body: (GPU) -> nvmlReturn_t) -> nvmlReturn_t {
    guard let mapped = Driver.current else { return NVML_ERROR_UNINITIALIZED }
    guard let gpu = GPU(device, in: mapped) else { return NVML_ERROR_INVALID_ARGUMENT }
    guard !gpu.isLost else { return NVML_ERROR_GPU_IS_LOST }
    return body(gpu)
}

/// Stores one value about a GPU; nil is what this GPU does not support.
@inline(__always)
func answer<Value>(
    _ device: nvmlDevice_t?, _ result: UnsafeMutablePointer<Value>?, _ value: (GPU) -> Value?
) -> nvmlReturn_t {
    withGPU(device) { gpu in
        guard let result else { return NVML_ERROR_INVALID_ARGUMENT }
        guard let value = value(gpu) else { return NVML_ERROR_NOT_SUPPORTED }
        result.pointee = value
        return NVML_SUCCESS
    }
}

/// Answers for a GPU that does not have the feature.
func unsupported(_ device: nvmlDevice_t?) -> nvmlReturn_t {
    withGPU(device) { _ in NVML_ERROR_NOT_SUPPORTED }
}
