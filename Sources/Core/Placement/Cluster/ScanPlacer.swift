/// The published baselines: every node that fits is scored, the best score wins, the first of equals.
///
/// A decision looks at every node. That is what these policies are here for: to be compared with, and to be so plain
/// that there is nothing to doubt.
package struct ScanPlacer<Generator: RandomNumberGenerator>: ClusterPlacer, ~Copyable {
    private var cluster: Cluster
    private let kinds: [RequestKind]
    private let policy: ScanPolicy
    private var generator: Generator
    /// For each node, how many requests of each affinity group it holds: shares, then 1, 2, 4, 8 and other GPU counts.
    private var groups: [SIMD8<Int32>]
    private var nextInTurn = 0
    private var scores: [Int32] = []

    package init(_ policy: ScanPolicy, nodes: [NodeKind], kinds: [RequestKind], generator: Generator) {
        cluster = Cluster(nodes: nodes)
        self.kinds = kinds
        self.policy = policy
        self.generator = generator
        groups = Array(repeating: .zero, count: nodes.count)
    }

    package var allocatedMilli: Int64 { cluster.allocatedMilli }
    package var gangMilli: Int64 { cluster.gangMilli }

    package mutating func place(_ kind: Int) -> ClusterPlacement? {
        let request = kinds[kind]
        let found =
            switch policy {
            case .random: randomNode(for: request)
            case .roundRobin: nodeInTurn(for: request)
            case .bestFit: bestNormalised(for: request)
            default: bestNode(for: request)
            }
        guard let node = found else { return nil }
        let placement = ClusterPlacement(node: Int32(node), gpus: gpus(for: request, on: node))
        cluster.take(request, placement)
        if let group = request.affinityGroup { groups[node][group] += 1 }
        return placement
    }

    package mutating func giveBack(_ kind: Int, _ placement: ClusterPlacement) {
        cluster.giveBack(kinds[kind], placement)
        if let group = kinds[kind].affinityGroup { groups[Int(placement.node)][group] -= 1 }
    }

    private mutating func gpus(for request: RequestKind, on node: Int) -> UInt8 {
        let state = cluster[node]
        guard request.needsGPU else { return 0 }
        guard request.isShare else { return state.firstFull(request.gpus) }
        switch policy {
        case .random:
            var seen: UInt64 = 0
            var chosen: UInt8 = 0
            for gpu in 0..<8 where Int32(state.left[gpu]) >= request.gpuMilli {
                seen += 1
                if generator.next(upTo: seen) == 0 { chosen = 1 << UInt8(gpu) }
            }
            return chosen
        case .spread, .leastLoaded:
            var chosen = 0
            for gpu in 1..<8 where state.left[gpu] > state.left[chosen] { chosen = gpu }
            return 1 << UInt8(chosen)
        default: return state.tightest(request.gpuMilli)
        }
    }

    private mutating func randomNode(for request: RequestKind) -> Int? {
        var fitting: UInt64 = 0
        for node in 0..<cluster.count where cluster[node].fits(request) { fitting += 1 }
        guard fitting > 0 else { return nil }
        var chosen = generator.next(upTo: fitting)
        for node in 0..<cluster.count where cluster[node].fits(request) {
            if chosen == 0 { return node }
            chosen -= 1
        }
        return nil
    }

    private mutating func nodeInTurn(for request: RequestKind) -> Int? {
        for step in 0..<cluster.count {
            let node = (nextInTurn + step) % cluster.count
            if cluster[node].fits(request) {
                nextInTurn = node + 1
                return node
            }
        }
        return nil
    }

    private func bestNode(for request: RequestKind) -> Int? {
        var best: (node: Int, score: Int32)?
        for node in 0..<cluster.count where cluster[node].fits(request) {
            let score = policy.score(request, on: cluster[node], groups: groups[node], group: request.affinityGroup)
            if score > best?.score ?? .min { best = (node, score) }
        }
        return best?.node
    }

    /// As published, scores are stretched over 0 to 100 among the nodes that fit, in whole numbers; that makes ties.
    private mutating func bestNormalised(for request: RequestKind) -> Int? {
        var lowest = Int32.max
        var highest = Int32.min
        scores.removeAll(keepingCapacity: true)
        for node in 0..<cluster.count {
            guard cluster[node].fits(request) else {
                scores.append(.min)
                continue
            }
            let score = policy.score(request, on: cluster[node], groups: .zero, group: nil)
            scores.append(score)
            lowest = min(lowest, score)
            highest = max(highest, score)
        }
        guard highest >= lowest else { return nil }
        // Stretching keeps the order, and only the highest becomes 100: the first of the highest wins.
        return scores.firstIndex(of: highest)
    }
}

extension RandomNumberGenerator {
    /// A number below `bound`, the same on every machine and with every version of the standard library.
    package mutating func next(upTo bound: UInt64) -> UInt64 { next().multipliedFullWidth(by: bound).high }
}
