package import Fleet

extension Pool {
    /// The best place for a request by a policy; nil where it fits nowhere now. Changes nothing.
    ///
    /// A gang over nodes takes its nodes all or none. Where a range of GPUs is asked for, nodes that give more come
    /// first; then the policy decides, then the pool's order.
    package func find(_ request: Request, by policy: PolicyName) -> PoolPlacement? {
        find(Demand(request, in: self), by: policy)
    }

    func find(_ demand: Demand, by policy: PolicyName) -> PoolPlacement? {
        let chosen = chooseNodes(for: demand, by: policy)
        guard chosen.count == demand.request.nodes else { return nil }
        return PoolPlacement(
            parts: chosen.map { choice in
                PoolPlacement.Part(
                    node: choice.node,
                    grants: grants(choice.count, of: choice.fitting, on: choice.node, for: demand, by: policy))
            })
    }

    /// Whether a request would fit if everybody gave everything back.
    package func couldEverFit(_ request: Request) -> Bool {
        let demand = Demand(request, in: self)
        var fitting = 0
        for node in nodes.indices where !isHopeless(demand, on: node) {
            fitting += 1
            if fitting >= request.nodes { return true }
        }
        return false
    }

    /// Whether a request cannot fit on a node even when nobody uses it.
    func isHopeless(_ demand: Demand, on node: Int) -> Bool {
        let shape = catalog.shapeOf[node]
        if demand.named.isEmpty || demand.onShape[shape].isHopeless { return demand.onShape[shape].isHopeless }
        let eligible = demand.eligible(on: node, shape)
        return catalog.shapes[shape].most(
            demand.fewest(on: node, shape), atLeast: demand.fewest(on: node, shape), of: eligible,
            requiring: demand.requirement) == nil
    }

    /// A node that a request fits on.
    private struct Choice {
        let node: Int
        let fitting: GPUMask
        /// How many GPUs it gives.
        let count: Int
        /// Higher is better.
        let score: Int64

        func isBetter(than other: Choice, ranged: Bool) -> Bool {
            if ranged, count != other.count { return count > other.count }
            return (score, other.node) > (other.score, node)
        }
    }

    private func chooseNodes(for demand: Demand, by policy: PolicyName) -> [Choice] {
        let wanted = demand.request.nodes
        guard wanted <= nodes.count else { return [] }
        var best: Choice?
        var all: [Choice] = []
        let isGradient = policy == .fgd || policy == .divvy
        let looksAhead = isGradient && (measure != nil || demand.isForSlices)
        for node in 0..<nodes.count {
            let summary = summaries[node]
            let onShape = demand.onShape[Int(summary.shape)]
            if onShape.isHopeless || !mayFit(demand, onShape, summary) { continue }
            var score: Int64 = 0
            if !looksAhead {
                score = self.score(node, summary, onShape.kind, by: policy)
                // A node that is no better than the best needs no second look.
                if wanted == 1, !demand.isRanged, let best, score <= best.score { continue }
            }
            let fitting = fitting(demand, on: node)
            guard let count = count(demand, of: fitting, on: node) else { continue }
            if looksAhead, demand.isForSlices {
                score = sliceScore(demand, of: fitting, on: node, by: policy)
            } else if looksAhead, let measure {
                score = measure.score(count, of: fitting, on: node, for: demand, in: self, prices: policy == .divvy)
            }
            let choice = Choice(node: node, fitting: fitting, count: count, score: score)
            if wanted > 1 {
                all.append(choice)
            } else if best.map({ choice.isBetter(than: $0, ranged: demand.isRanged) }) ?? true {
                best = choice
            }
        }
        if wanted == 1 { return best.map { [$0] } ?? [] }
        guard all.count >= wanted else { return [] }
        all.sort { $0.isBetter(than: $1, ranged: demand.isRanged) }
        return all.prefix(wanted).sorted { $0.node < $1.node }
    }

    /// Whether a node may hold a request, by its summary: false says that it does not.
    @inline(__always)
    private func mayFit(_ demand: Demand, _ onShape: Demand.OnShape, _ summary: NodeSummary) -> Bool {
        if demand.isForSlices { return true }
        return switch demand.request.portion {
        case .whole: Int32(summary.full) >= onShape.kind.gpus
        case .share, .memory, .compute:
            summary.mostShare >= onShape.share && summary.mostMemory >= onShape.memory
        case .slice: true
        }
    }

    /// The GPUs of a node on which a piece can be had now.
    @inline(__always)
    func fitting(_ demand: Demand, on node: Int) -> GPUMask {
        guard !nodes[node].isDrained else { return 0 }
        let shape = Int(summaries[node].shape)
        var rest = demand.eligible(on: node, shape)
        if demand.request.antiAffinity != nil { rest &= ~nodes[node].avoided(by: demand.request.antiAffinity) }
        let kinds = catalog.shapes[shape].kinds
        let rooms = nodes[node].gpus
        var fitting: GPUMask = 0
        while rest != 0 {
            let position = rest.trailingZeroBitCount
            rest &= rest &- 1
            if demand.obstacle(kinds[position], in: rooms[position]) == nil { fitting |= 1 << GPUMask(position) }
        }
        return fitting
    }

    /// How many GPUs a node gives of those that fit; nil where it gives too few.
    func count(_ demand: Demand, of fitting: GPUMask, on node: Int) -> Int? {
        let shape = Int(summaries[node].shape)
        let fewest = demand.fewest(on: node, shape)
        return catalog.shapes[shape].most(
            max(demand.most, fewest), atLeast: fewest, of: fitting, requiring: demand.requirement)
    }

    /// How good a node is by the policies that need no mix; higher is better.
    @inline(__always)
    private func score(_ node: Int, _ summary: NodeSummary, _ kind: RequestKind, by policy: PolicyName) -> Int64 {
        switch policy {
        case .random: return Int64(bitPattern: draw(UInt64(node)) >> 1)
        case .roundRobin: return -Int64((node - turn + nodes.count) % nodes.count)
        default:
            let scan = policy.scan ?? .bestFit
            let view = PoolNodeView(summary: summary, rooms: nodes[node].gpus)
            return Int64(scan.score(kind, on: view, groups: summary.groups, group: kind.affinityGroup))
        }
    }

    /// A number of 64 bits that depends on the seed, the placements taken before, and `place`: SplitMix64.
    func draw(_ place: UInt64) -> UInt64 {
        func mix(_ value: UInt64) -> UInt64 {
            var word = value &+ 0x9E37_79B9_7F4A_7C15
            word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
            word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
            return word ^ (word >> 31)
        }
        return mix(mix(mix(seed) &+ draws) &+ place)
    }
}
