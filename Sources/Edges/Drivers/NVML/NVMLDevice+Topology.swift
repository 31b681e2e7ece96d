import CNVML
import Fleet

/// What an active NVLink of a GPU leads to.
enum NVLinkEnd: Hashable, Sendable {
    case gpu(PCIAddress)
    /// The driver tells only where it is: a GPU of this node, or else an NVSwitch.
    case device(PCIAddress)
    /// An NVSwitch, and so every GPU that has links to it.
    case fabric
    case other
}

extension NVMLDevice {
    private var symbols: NVMLSymbols { calls.nvml.symbols }

    /// The other ends of the GPU's active NVLinks; empty where there are none.
    func nvlinks() throws(NVMLError) -> [NVLinkEnd] {
        var ends: [NVLinkEnd] = []
        for link in 0..<UInt32(NVML_NVLINK_LIMIT) {
            do throws(NVMLError) {
                let state = try calls.read(symbols.nvlinkState, into: NVML_FEATURE_DISABLED) { $0(handle, link, $1) }
                if state == NVML_FEATURE_ENABLED { ends.append(try end(of: link)) }
            } catch  where error.isAny(of: NVML_ERROR_INVALID_ARGUMENT, NVML_ERROR_FUNCTION_NOT_FOUND) {
                break
            } catch  where error.isAny(of: NVML_ERROR_NOT_SUPPORTED) {
                // Without NVLink already the first is not supported; else single links can be missing.
                if link == 0 { break }
            }
        }
        return ends
    }

    private func end(of link: UInt32) throws(NVMLError) -> NVLinkEnd {
        var type = NVML_NVLINK_DEVICE_TYPE_UNKNOWN
        do throws(NVMLError) {
            type = try calls.read(symbols.nvlinkRemoteType, into: type) { $0(handle, link, $1) }
        } catch  where !error.isAny(of: NVML_ERROR_GPU_IS_LOST) {
            // Older drivers do not tell: the address decides.
        }
        if type == NVML_NVLINK_DEVICE_TYPE_SWITCH { return .fabric }
        if type == NVML_NVLINK_DEVICE_TYPE_IBMNPU { return .other }
        do throws(NVMLError) {
            let remote = PCIAddress(
                try calls.read(symbols.nvlinkRemotePCI, into: nvmlPciInfo_t()) { $0(handle, link, $1) })
            if remote.isNowhere { return .other }
            return type == NVML_NVLINK_DEVICE_TYPE_GPU ? .gpu(remote) : .device(remote)
        } catch  where !error.isAny(of: NVML_ERROR_GPU_IS_LOST) {
            return .other
        }
    }

    /// The nearest thing that both GPUs hang from.
    func path(to other: NVMLDevice) throws(NVMLError) -> Link.Path {
        let level = try calls.read(symbols.commonAncestor, into: NVML_TOPOLOGY_SYSTEM) {
            $0(handle, other.handle, $1)
        }
        return switch level {
        case NVML_TOPOLOGY_INTERNAL: .sameBoard
        case NVML_TOPOLOGY_SINGLE: .oneSwitch
        case NVML_TOPOLOGY_MULTIPLE: .severalSwitches
        case NVML_TOPOLOGY_HOSTBRIDGE: .hostBridge
        case NVML_TOPOLOGY_NODE: .sameNUMANode
        case NVML_TOPOLOGY_SYSTEM: .acrossNUMANodes
        default: .unknown
        }
    }

    /// The NUMA node whose memory is nearest to the GPU.
    ///
    /// `nvmlDeviceGetNumaNodeId` is of use only where the GPU's own memory is a NUMA node; the kernel comes last,
    /// because a simulated GPU has no device there.
    func numaNode(at pci: PCIAddress?) throws(NVMLError) -> Int? {
        do throws(NVMLError) {
            var nodes = [UInt](repeating: 0, count: 16)
            try calls.call(symbols.memoryAffinity) { function in
                nodes.withUnsafeMutableBufferPointer { function(handle, UInt32($0.count), $0.baseAddress, 0) }
            }
            if let first = Self.numbers(in: nodes).first { return first }
        } catch  where !error.isAny(of: NVML_ERROR_GPU_IS_LOST) {}
        do throws(NVMLError) {
            return Int(Int32(bitPattern: try calls.read(symbols.numaNode, into: UInt32(0)) { $0(handle, $1) }))
        } catch  where !error.isAny(of: NVML_ERROR_GPU_IS_LOST) {}
        let node = pci.flatMap { HostFiles.line("\($0.sysfs)/numa_node") }.flatMap { Int($0) }
        return node.flatMap { $0 < 0 ? nil : $0 }
    }

    /// CPUs near the GPU as a list such as `0-15,64-79`; empty when nobody tells.
    func cpuAffinity(at pci: PCIAddress?) throws(NVMLError) -> String {
        do throws(NVMLError) {
            // Room for 4096 CPUs.
            var words = [UInt](repeating: 0, count: 64)
            try calls.call(symbols.cpuAffinity) { function in
                words.withUnsafeMutableBufferPointer { function(handle, UInt32($0.count), $0.baseAddress) }
            }
            let cpus = Self.numbers(in: words)
            if !cpus.isEmpty { return Self.list(cpus) }
        } catch  where !error.isAny(of: NVML_ERROR_GPU_IS_LOST) {}
        return pci.flatMap { HostFiles.line("\($0.sysfs)/local_cpulist") } ?? ""
    }

    /// The numbers of the bits that are set, lowest first.
    static func numbers(in words: [UInt]) -> [Int] {
        words.enumerated().flatMap { index, word in
            (0..<UInt.bitWidth).filter { word >> $0 & 1 == 1 }.map { index * UInt.bitWidth + $0 }
        }
    }

    /// Ascending numbers as ranges: `0-15,64-79`.
    static func list(_ numbers: [Int]) -> String {
        var ranges: [ClosedRange<Int>] = []
        for number in numbers {
            if let last = ranges.last, last.upperBound + 1 == number {
                ranges[ranges.count - 1] = last.lowerBound...number
            } else {
                ranges.append(number...number)
            }
        }
        return ranges.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }
            .joined(separator: ",")
    }
}
