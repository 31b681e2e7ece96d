import CNVML
import Fleet

/// What is read of a GPU once, not at every scan.
struct GPUFacts: Sendable {
    /// The slices that it is cut into are looked at anew at every scan.
    private(set) var gpu: GPU
    let pci: PCIAddress?
    /// CPUs near the GPU: `0-15,64-79`.
    let cpuAffinity: String
    let nvlinks: [NVLinkEnd]

    /// Reads all of it.
    ///
    /// What the driver does not tell is nil or empty; a GPU that is gone is an error.
    init(of device: NVMLDevice, uuid: String, index: Int, mig: GPU.MIGMode) throws(NVMLError) {
        let pci = try known { () throws(NVMLError) in try device.pci() }
        let memory = try known { () throws(NVMLError) in try device.memory() }
        let capability = try known { () throws(NVMLError) in try device.computeCapability() }
        self.pci = pci
        gpu = GPU(
            id: GPUID(uuid), index: index,
            minor: try known { () throws(NVMLError) in try device.minor() } ?? index,
            name: try known { () throws(NVMLError) in try device.name() } ?? "NVIDIA GPU",
            memory: GPU.Memory(total: memory?.total ?? .zero, reserved: memory?.reserved ?? .zero),
            computeCapability: capability.map { "\($0.major).\($0.minor)" },
            multiprocessors: try Self.multiprocessors(of: device, capability: capability),
            pciAddress: pci?.text ?? "",
            numaNode: try device.numaNode(at: pci), mig: mig)
        cpuAffinity = try device.cpuAffinity(at: pci)
        nvlinks = try known { () throws(NVMLError) in try device.nvlinks() } ?? []
    }

    /// The same of a GPU that is cut into these slices.
    func with(slices: [ExistingSlice]) -> GPUFacts {
        var facts = self
        facts.gpu = gpu.with(slices: slices)
        return facts
    }

    private static func multiprocessors(
        of device: NVMLDevice, capability: (major: Int, minor: Int)?
    ) throws(NVMLError) -> Int? {
        if let count = try known({ () throws(NVMLError) in try device.multiprocessors() }), count > 0 { return count }
        guard let cores = try known({ () throws(NVMLError) in try device.cores() }), let capability,
            let each = coresPerMultiprocessor(capability), cores % each == 0
        else { return nil }
        return cores / each
    }

    /// CUDA C++ Programming Guide, "Compute Capabilities": FP32 cores of one multiprocessor.
    static func coresPerMultiprocessor(_ capability: (major: Int, minor: Int)) -> Int? {
        switch capability {
        case (3, _): 192
        case (5, _): 128
        case (6, 0): 64
        case (6, _): 128
        case (7, _): 64
        case (8, 0): 64
        case (8, _), (9, _), (10, _), (11, _), (12, _): 128
        default: nil
        }
    }
}

/// What `read` gives; nil when the driver cannot tell.
///
/// That the GPU is gone is passed on: nothing else will be known.
func known<Value>(_ read: () throws(NVMLError) -> Value) throws(NVMLError) -> Value? {
    do {
        return try read()
    } catch  where !error.isAny(of: NVML_ERROR_GPU_IS_LOST, NVML_ERROR_UNINITIALIZED) {
        return nil
    }
}

/// How the GPUs of a node are joined, from the facts of each and the paths between them.
func linkMatrix(_ facts: [GPUFacts], paths: [[Link.Path]]) -> [[Link]] {
    let addresses = facts.compactMap(\.pci)
    func isFabric(_ end: NVLinkEnd) -> Bool {
        switch end {
        case .fabric: true
        case .device(let address): !addresses.contains { $0.isSameSlot(as: address) }
        case .gpu, .other: false
        }
    }
    let toFabric = facts.map { $0.nvlinks.count(where: isFabric) }
    return facts.indices.map { row in
        facts.indices.map { column in
            guard row != column else { return Link(path: .unknown, nvlinks: 0) }
            let direct = facts[row].nvlinks.count { end in
                switch end {
                case .gpu(let address), .device(let address):
                    facts[column].pci.map { $0.isSameSlot(as: address) } ?? false
                case .fabric, .other: false
                }
            }
            // Through a switch each GPU reaches each other one with all of its links.
            let nvlinks = direct > 0 ? direct : min(toFabric[row], toFabric[column])
            let path = paths.indices.contains(row) ? paths[row][column] : .unknown
            return Link(path: path, nvlinks: nvlinks)
        }
    }
}
