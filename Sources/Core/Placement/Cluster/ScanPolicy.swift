/// What a baseline sees of a node, of a cluster or of a pool.
protocol NodeView {
    /// Thousandths of free CPU.
    var cpuLeft: Int32 { get }
    /// Thousandths left of all its GPUs together, and of the one that has the most left.
    var totalLeft: Int32 { get }
    var largest: Int16 { get }
    /// GPUs that nobody uses, and all GPUs.
    var full: UInt8 { get }
    var gpus: UInt8 { get }
    /// What is left of the GPU with the least left among those on which the share fits.
    func tightestLeft(_ milli: Int32) -> Int32
}

/// The baselines that score one node at a time.
package enum ScanPolicy: Hashable, Sendable {
    case random, roundRobin, leastLoaded, spread, bestFit, dotProduct, gpuPacking, gpuClustering

    private static let mostCPU = 128_000.0
    private static let mostGPU = 8000.0

    /// How good a node is that fits; higher is better.
    ///
    /// `groups` counts, for clustering, the requests on the node by group; `group` is the request's.
    func score(_ request: RequestKind, on node: some NodeView, groups: SIMD8<Int32>, group: Int?) -> Int32 {
        switch self {
        case .random, .roundRobin: return 0
        case .leastLoaded:
            let capacity = max(Int32(node.gpus) * 1000, 1)
            return Int32(Int64(node.totalLeft) * 1_000_000 / Int64(capacity))
        case .spread: return request.needsGPU ? Int32(node.largest) * 10_000 + node.totalLeft : node.cpuLeft
        case .bestFit:
            let cpu = Double(node.cpuLeft - request.cpuMilli) / Self.mostCPU * 0.5
            let gpu = (Double(node.totalLeft) - Double(request.totalMilli)) / Self.mostGPU * 0.5
            return Int32((1 - (cpu + gpu)) * 100)
        case .dotProduct:
            let cpu = Double(node.cpuLeft) / Self.mostCPU * (Double(request.cpuMilli) / Self.mostCPU)
            let gpu = Double(node.totalLeft) / Self.mostGPU * (Double(request.totalMilli) / Self.mostGPU)
            return Int32(100 * (1 - (cpu + gpu) / 2))
        case .gpuPacking: return request.needsGPU ? Self.packing(request, on: node) : 0
        case .gpuClustering:
            guard let group else { return 0 }
            let inside = 25 * (8000 - node.totalLeft) / 8000
            let present = (0..<8).count { groups[$0] > 0 }
            if groups[group] > 0 { return inside + (present == 1 ? 75 : 50) }
            return present == 0 ? inside + 25 : inside
        }
    }

    /// GPUs in use first, then free GPUs of a node in use, then free nodes.
    private static func packing(_ request: RequestKind, on node: some NodeView) -> Int32 {
        let full = Int32(node.full)
        if node.full == node.gpus { return max(33 - full, full) }
        if request.isShare {
            let left = node.tightestLeft(request.gpuMilli)
            return left == 1000 ? max(50 - 1, 33) : max(100 - left * 100 / 1000 / 10, 50)
        }
        return max(50 - request.gpus, 33)
    }
}
