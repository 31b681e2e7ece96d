import Foundation
import Placement

/// The fragmentation gradient written down as its definition says, with a search of every node, every GPU and every
/// group of the mix: what the fast one is held against.
struct NaiveGradient {
    struct Node {
        var cpu: Int64
        var memory: Int64
        var left: [Int64]
        let model: UInt8
    }

    var nodes: [Node]
    let mix: RequestMix

    init(_ kinds: [NodeKind], mix: RequestMix) {
        nodes = kinds.map {
            Node(
                cpu: Int64($0.cpuMilli), memory: Int64($0.memoryMiB),
                left: Array(repeating: 1000, count: Int($0.gpus)), model: $0.model)
        }
        self.mix = mix
    }

    func fits(_ request: RequestKind, _ node: Node) -> Bool {
        guard node.cpu >= request.cpuMilli, node.memory >= request.memoryMiB else { return false }
        guard request.gpus > 0 else { return true }
        guard request.models >> UInt64(node.model) & 1 == 1 else { return false }
        return node.left.count { $0 >= request.gpuMilli } >= request.gpus
    }

    /// Fragmentation times the sum of the mix's counts.
    func fragmentation(_ node: Node) -> Int64 {
        mix.groups.reduce(0) { sum, group in
            let all = node.left.reduce(0, +)
            let request = group.request
            guard request.gpus > 0, fits(request, node) else { return sum + group.count * all }
            return sum + group.count * node.left.reduce(0) { $0 + ($1 < request.gpuMilli ? $1 : 0) }
        }
    }

    func score(before: Int64, after: Int64) -> Int {
        let x = Double(before - after) / Double(mix.total) / 1000
        return Int(100 / (1 + exp(-x)))
    }

    private func taking(_ request: RequestKind, _ gpus: UInt8, from node: Node) -> Node {
        var node = node
        node.cpu -= Int64(request.cpuMilli)
        node.memory -= Int64(request.memoryMiB)
        for gpu in node.left.indices where gpus >> UInt8(gpu) & 1 == 1 { node.left[gpu] -= Int64(request.gpuMilli) }
        return node
    }

    func choose(_ request: RequestKind) -> ClusterPlacement? {
        var best: (score: Int, placement: ClusterPlacement)?
        for (index, node) in nodes.enumerated() where fits(request, node) {
            let before = fragmentation(node)
            var options: [UInt8] = []
            if request.gpus == 0 {
                options = [0]
            } else if request.isShare {
                options = node.left.indices.filter { node.left[$0] >= request.gpuMilli }.map { 1 << UInt8($0) }
            } else {
                let free = node.left.indices.filter { node.left[$0] == 1000 }.prefix(Int(request.gpus))
                options = [free.reduce(0) { $0 | 1 << UInt8($1) }]
            }
            for gpus in options {
                let score = score(before: before, after: fragmentation(taking(request, gpus, from: node)))
                if score > best?.score ?? -1 {
                    best = (score, ClusterPlacement(node: Int32(index), gpus: gpus))
                }
            }
        }
        return best?.placement
    }

    mutating func take(_ request: RequestKind, _ placement: ClusterPlacement) {
        nodes[Int(placement.node)] = taking(request, placement.gpus, from: nodes[Int(placement.node)])
    }

    mutating func giveBack(_ request: RequestKind, _ placement: ClusterPlacement) {
        nodes[Int(placement.node)].cpu += Int64(request.cpuMilli)
        nodes[Int(placement.node)].memory += Int64(request.memoryMiB)
        for gpu in nodes[Int(placement.node)].left.indices where placement.gpus >> UInt8(gpu) & 1 == 1 {
            nodes[Int(placement.node)].left[gpu] += Int64(request.gpuMilli)
        }
    }
}
