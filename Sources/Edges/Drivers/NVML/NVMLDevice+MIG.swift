import CNVML
import Fleet

extension NVMLDevice {
    private var symbols: MIGSymbols { calls.nvml.symbols.mig }

    /// The MIG devices of this GPU with their places in its list, which may have gaps.
    func migDevices() throws(NVMLError) -> [(index: Int, device: NVMLDevice)] {
        let maximum = try calls.read(symbols.maximum, into: UInt32(0)) { $0(handle, $1) }
        var devices: [(index: Int, device: NVMLDevice)] = []
        for index in 0..<maximum {
            do {
                let part: nvmlDevice_t? = try calls.read(symbols.handleByIndex, into: nil) { $0(handle, index, $1) }
                if let part { devices.append((Int(index), NVMLDevice(calls: calls, handle: part))) }
            } catch  where error.isAny(of: NVML_ERROR_NOT_FOUND, NVML_ERROR_INVALID_ARGUMENT) {
                continue
            }
        }
        return devices
    }

    /// Of a MIG device: the ids of the instances that it is made of.
    func instances() throws(NVMLError) -> (gpu: Int, compute: Int) {
        let gpu = try calls.read(symbols.gpuInstanceID, into: UInt32(0)) { $0(handle, $1) }
        let compute = try calls.read(symbols.computeInstanceID, into: UInt32(0)) { $0(handle, $1) }
        return (Int(gpu), Int(compute))
    }

    /// Of a GPU: the number of a GPU instance's profile, and the memory slot that it begins at.
    func gpuInstance(_ id: Int) throws(NVMLError) -> (profile: Int, start: Int) {
        let instance: nvmlGpuInstance_t? = try calls.read(symbols.gpuInstanceByID, into: nil) {
            $0(handle, UInt32(id), $1)
        }
        guard let instance else { throw NVMLError(NVML_ERROR_NOT_FOUND, call: symbols.gpuInstanceByID.name) }
        let info = try calls.read(symbols.gpuInstanceInfo, into: nvmlGpuInstanceInfo_t()) { $0(instance, $1) }
        return (Int(info.profileId), Int(info.placement.start))
    }

    /// Of a MIG device: its multiprocessors, and how many compute slices it and its GPU instance have.
    func sizes() throws(NVMLError) -> (multiprocessors: Int, computeSlices: Int, ofGPUInstance: Int) {
        let symbol = calls.nvml.symbols.attributes
        let attributes = try calls.read(symbol, into: nvmlDeviceAttributes_t()) { $0(handle, $1) }
        return (
            Int(attributes.multiprocessorCount), Int(attributes.computeInstanceSliceCount),
            Int(attributes.gpuInstanceSliceCount)
        )
    }
}
