import CNVML
import Fleet

/// What one look at a GPU that is cut into MIG devices found of them.
struct SliceLook {
    let slices: [ExistingSlice]
    /// Who runs on each, in the order of `slices`: memory by pid, nil where the driver does not tell it.
    let processes: [[Int32: Bytes?]]

    /// Looks at all MIG devices of a GPU.
    ///
    /// - Parameter known: what an earlier look found; sizes of one that is the same are not read again.
    /// - Throws: why nobody can say which there are. One that goes while it is looked at is left out.
    init(
        of device: NVMLDevice, _ gpu: GPU, known: [ExistingSlice], _ capabilities: MIGCapabilities
    ) throws(NVMLError) {
        var found: [(index: Int, device: NVMLDevice, instances: (gpu: Int, compute: Int))] = []
        for (index, part) in try device.migDevices() {
            guard let instances = try Self.present({ () throws(NVMLError) in try part.instances() }) else { continue }
            found.append((index, part, instances))
        }
        var slices: [ExistingSlice] = []
        var processes: [[Int32: Bytes?]] = []
        for (index, part, instances) in found {
            let isAlone = found.count { $0.instances.gpu == instances.gpu } == 1
            let slice = try Self.present { () throws(NVMLError) in
                let uuid = try part.uuid()
                let place = try device.gpuInstance(instances.gpu)
                let before = known.first { slice in
                    slice.uuid == uuid && slice.index == index && slice.gpuInstance == instances.gpu
                        && slice.computeInstance == instances.compute && slice.profileID == place.profile
                        && slice.start == place.start && slice.isAlone == isAlone
                }
                if let before { return before }
                return try Self.slice(
                    part, of: gpu, index: index, uuid: uuid, instances: instances, place: place, isAlone: isAlone,
                    capabilities)
            }
            guard let slice else { continue }
            slices.append(slice)
            processes.append((try? part.processes()) ?? [:])
        }
        self.slices = slices
        self.processes = processes
    }

    /// What is read of a MIG device; nil where somebody has just taken it away.
    private static func present<Value>(_ read: () throws(NVMLError) -> Value) throws(NVMLError) -> Value? {
        do {
            return try read()
        } catch  where error.isAny(of: NVML_ERROR_NOT_FOUND, NVML_ERROR_INVALID_ARGUMENT) {
            return nil
        }
    }

    private static func slice(
        _ part: NVMLDevice, of gpu: GPU, index: Int, uuid: String, instances: (gpu: Int, compute: Int),
        place: (profile: Int, start: Int), isAlone: Bool, _ capabilities: MIGCapabilities
    ) throws(NVMLError) -> ExistingSlice {
        let sizes = try part.sizes()
        let memory = try part.memory().total
        return ExistingSlice(
            uuid: uuid, index: index, gpuInstance: instances.gpu, computeInstance: instances.compute,
            profile: name(try known { () throws(NVMLError) in try part.name() }, sizes, memory),
            profileID: place.profile,
            start: place.start, computeSlices: sizes.computeSlices, memory: memory,
            multiprocessors: sizes.multiprocessors,
            gpuInstanceMinor: capabilities.minor(gpu: gpu.minor, gpuInstance: instances.gpu),
            computeInstanceMinor: capabilities.minor(
                gpu: gpu.minor, gpuInstance: instances.gpu, computeInstance: instances.compute), isAlone: isAlone)
    }

    /// The profile that stands behind the word MIG in a device's name; from its sizes where none does.
    static func name(
        _ name: String?, _ sizes: (multiprocessors: Int, computeSlices: Int, ofGPUInstance: Int), _ memory: Bytes
    ) -> String {
        if let words = name?.split(separator: " "), words.count > 1, words[words.count - 2] == "MIG" {
            return words[words.count - 1].lowercased()
        }
        // Names round up: an instance of 4.75 GiB is called 5gb.
        let gigabytes = (memory.count + (1 << 30) - 1) >> 30
        let compute = sizes.computeSlices == sizes.ofGPUInstance ? "" : "\(sizes.computeSlices)c."
        return "\(compute)\(sizes.ofGPUInstance)g.\(gigabytes)gb"
    }
}
