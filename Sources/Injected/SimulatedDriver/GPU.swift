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

    /// The GPU in whose part of the model an address lies, and how far into it; nil when it is none of ours or its GPU
    /// is not visible.
    static func locate(_ address: UInt, in mapped: MappedModel) -> (gpu: GPU, offset: Int)? {
        let first = UInt(bitPattern: model_gpu(mapped.model, 0))
        guard address >= first else { return nil }
        let stride = UInt(MemoryLayout<ModelGPU>.stride)
        let number = (address - first) / stride
        guard number < UInt(mapped.model.pointee.gpuCount), Driver.index(ofNumber: UInt32(number)) != nil else {
            return nil
        }
        return (GPU(mapped: mapped, number: UInt32(number)), Int((address - first) % stride))
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

/// Runs a call for the GPU or the MIG device that a handle means, if there is one and it can be reached.
/// - Parameter branch: the first driver that has the function; 0 for what all of them have.
@inline(__always)
func withDevice(
    _ device: nvmlDevice_t?, _ call: StaticString, since branch: UInt32 = 0,
    _ body: (GPU, MIGDevice?) -> nvmlReturn_t
) -> nvmlReturn_t {
    guard let mapped = Driver.current else { return NVML_ERROR_UNINITIALIZED }
    guard branch == 0 || mapped.knows(branch) else { return NVML_ERROR_FUNCTION_NOT_FOUND }
    if let failure = meetFault(call, in: mapped) { return failure }
    guard let (gpu, offset) = GPU.locate(UInt(bitPattern: device), in: mapped) else {
        return NVML_ERROR_INVALID_ARGUMENT
    }
    guard !gpu.isLost else { return NVML_ERROR_GPU_IS_LOST }
    if offset == 0 { return body(gpu, nil) }
    guard let part = MIGDevice(offset: offset, on: gpu) else { return NVML_ERROR_INVALID_ARGUMENT }
    return body(gpu, part)
}

/// Runs a call for the GPU that a handle means. What is said about whole GPUs is not said about MIG devices.
@inline(__always)
func withGPU(
    _ device: nvmlDevice_t?, since branch: UInt32 = 0, call: StaticString = #function,
    _ body: (GPU) -> nvmlReturn_t
) -> nvmlReturn_t {
    withDevice(device, call, since: branch) { gpu, part in part == nil ? body(gpu) : NVML_ERROR_NOT_SUPPORTED }
}

/// Stores one value about a GPU; nil is what this GPU does not support.
@inline(__always)
func answer<Value>(
    _ device: nvmlDevice_t?, _ result: UnsafeMutablePointer<Value>?, since branch: UInt32 = 0,
    call: StaticString = #function, _ value: (GPU) -> Value?
) -> nvmlReturn_t {
    withGPU(device, since: branch, call: call) { gpu in store(value(gpu), in: result) }
}

/// Stores one value about a GPU or, of its GPU, about a MIG device.
@inline(__always)
func answerForParts<Value>(
    _ device: nvmlDevice_t?, _ result: UnsafeMutablePointer<Value>?, call: StaticString = #function,
    _ value: (GPU, MIGDevice?) -> Value?
) -> nvmlReturn_t {
    withDevice(device, call) { gpu, part in store(value(gpu, part), in: result) }
}

@inline(__always)
func store<Value>(_ value: Value?, in result: UnsafeMutablePointer<Value>?) -> nvmlReturn_t {
    guard let result else { return NVML_ERROR_INVALID_ARGUMENT }
    guard let value else { return NVML_ERROR_NOT_SUPPORTED }
    result.pointee = value
    return NVML_SUCCESS
}

/// Runs a call about the machine as a whole.
@inline(__always)
func withMachine(
    since branch: UInt32 = 0, call: StaticString = #function, _ body: (MappedModel) -> nvmlReturn_t
) -> nvmlReturn_t {
    guard let mapped = Driver.current else { return NVML_ERROR_UNINITIALIZED }
    guard branch == 0 || mapped.knows(branch) else { return NVML_ERROR_FUNCTION_NOT_FOUND }
    if let failure = meetFault(call, in: mapped) { return failure }
    return body(mapped)
}

/// Runs a change for an administrator, and tells the others of the machine.
@inline(__always)
func change(
    _ device: nvmlDevice_t?, since branch: UInt32 = 0, call: StaticString = #function,
    _ body: (GPU) -> nvmlReturn_t
) -> nvmlReturn_t {
    withGPU(device, since: branch, call: call) { gpu in
        guard gpu.mapped.mayAdminister else { return NVML_ERROR_NO_PERMISSION }
        model_charge_energy(gpu.model, gpu.number)
        let result = body(gpu)
        if result == NVML_SUCCESS { model_edited(gpu.model) }
        return result
    }
}

/// Answers for a GPU that does not have the feature of a function that came with a branch of the driver.
func unsupported(_ device: nvmlDevice_t?, since branch: UInt32 = 0, call: StaticString = #function) -> nvmlReturn_t {
    withDevice(device, call, since: branch) { _, _ in NVML_ERROR_NOT_SUPPORTED }
}

/// Answers for a function that came with a branch of the driver and that this machine has no use for.
func absent(since branch: UInt32, call: StaticString = #function) -> nvmlReturn_t {
    withMachine(since: branch, call: call) { _ in NVML_ERROR_NOT_SUPPORTED }
}
