/// What of a GPU does not change while it is plugged in.
package struct GPU: Hashable, Sendable, Codable {
    package struct Memory: Hashable, Sendable, Codable {
        package let total: Bytes
        /// What the driver keeps for itself; not to be sold.
        package let reserved: Bytes

        package init(total: Bytes, reserved: Bytes) {
            self.total = total
            self.reserved = reserved
        }

        /// What leases can be granted from.
        package var allocatable: Bytes { max(total - reserved, .zero) }
    }

    package enum MIGMode: String, Hashable, Sendable, Codable { case unsupported, off, on }

    package let id: GPUID
    /// Position in the driver's order, for display; it can change at any reboot.
    package let index: Int
    /// The number in `/dev/nvidiaN`.
    package let minor: Int
    /// The product name as the driver tells it: `NVIDIA A100-SXM4-40GB`.
    package let name: String
    package let memory: Memory
    /// `8.0` is major 8, minor 0; nil when the driver does not tell.
    package let computeCapability: String?
    /// Streaming multiprocessors; nil when the driver does not tell.
    package let multiprocessors: Int?
    /// `00000000:07:00.0`, as NVML writes it.
    package let pciAddress: String
    package let numaNode: Int?
    package let mig: MIGMode
    /// The slices that it is cut into, in the driver's order: leases get these and no others. Nil where it is not cut,
    /// and where slices are cut as leases need them.
    package let slices: [ExistingSlice]?

    package init(
        id: GPUID, index: Int, minor: Int, name: String, memory: Memory, computeCapability: String?,
        multiprocessors: Int?, pciAddress: String, numaNode: Int?, mig: MIGMode, slices: [ExistingSlice]? = nil
    ) {
        self.slices = slices
        self.id = id
        self.index = index
        self.minor = minor
        self.name = name
        self.memory = memory
        self.computeCapability = computeCapability
        self.multiprocessors = multiprocessors
        self.pciAddress = pciAddress
        self.numaNode = numaNode
        self.mig = mig
    }

    /// The same GPU, cut into these slices.
    package func with(slices: [ExistingSlice]?) -> GPU {
        GPU(
            id: id, index: index, minor: minor, name: name, memory: memory, computeCapability: computeCapability,
            multiprocessors: multiprocessors, pciAddress: pciAddress, numaNode: numaNode, mig: mig, slices: slices)
    }

    /// The model's words in lower case, which requests are matched against: `a100-sxm4-40gb`.
    package var model: String {
        var words = name.lowercased().split(separator: " ").map(String.init)
        words.removeAll { ["nvidia", "geforce", "tesla"].contains($0) }
        return words.joined(separator: "-")
    }

    /// Whether a request for `wanted` means this model: the whole name, or whole words of it, `a100` or `a100-sxm4`.
    package func matches(model wanted: String) -> Bool {
        let mine = model.split(separator: "-")
        let asked = wanted.lowercased().split { $0 == "-" || $0 == " " || $0 == "_" }
        guard !asked.isEmpty, asked.count <= mine.count else { return false }
        return (0...(mine.count - asked.count)).contains { start in
            asked.indices.allSatisfy { mine[start + $0] == asked[$0] }
        }
    }
}

/// Whether new leases may be put on a GPU.
package enum Health: Hashable, Sendable, Codable {
    case healthy
    /// The driver or an operator says no, with the reason in words.
    case unhealthy(reason: String)
    /// It is gone, fallen off the bus or out of the driver's list: what ran on it has ended.
    case lost(reason: String)

    package var isHealthy: Bool { self == .healthy }
}

/// How two GPUs of a node are joined.
package struct Link: Hashable, Sendable, Codable {
    /// The nearest thing that both hang from, nearest first, in the letters of `nvidia-smi topo -m`.
    package enum Path: String, Hashable, Sendable, Codable, CaseIterable {
        case sameBoard = "INT"
        case oneSwitch = "PIX"
        case severalSwitches = "PXB"
        case hostBridge = "PHB"
        case sameNUMANode = "NODE"
        case acrossNUMANodes = "SYS"
        case unknown = "?"
    }

    package let path: Path
    /// Bonded NVLinks between the two; 0 when there are none.
    package let nvlinks: Int

    package init(path: Path, nvlinks: Int) {
        self.path = path
        self.nvlinks = nvlinks
    }

    /// `NV12` where there are NVLinks, else the letters of the path.
    package var letters: String { nvlinks > 0 ? "NV\(nvlinks)" : path.rawValue }
}
