import Fleet

extension Pool {
    /// What a node gives: the GPUs by the policy, in the node's order.
    func grants(
        _ count: Int, of fitting: GPUMask, on node: Int, for demand: Demand, by policy: PolicyName
    ) -> [PoolPlacement.Grant] {
        var grants: [PoolPlacement.Grant] = []
        let shape = catalog.shapes[Int(summaries[node].shape)]
        var chosen = choose(count, of: fitting, on: node, for: demand, by: policy)
        while chosen != 0 {
            let position = chosen.trailingZeroBitCount
            chosen &= chosen &- 1
            let kind = shape.kinds[position]
            if demand.isForSlices, let slices = demand.slices[kind] {
                grants += slices.grants(gpu: position, beside: nodes[node].gpus[position].slices, by: gradients[kind])
                continue
            }
            let piece = demand.needs[kind].piece(from: nodes[node].gpus[position])
            grants.append(PoolPlacement.Grant(gpu: position, share: piece.share, memory: piece.memory))
        }
        return grants
    }

    /// How GPUs are joined decides where it is asked for, and between whole GPUs; between shares the policy does.
    private func choose(
        _ count: Int, of fitting: GPUMask, on node: Int, for demand: Demand, by policy: PolicyName
    ) -> GPUMask {
        guard fitting.nonzeroBitCount > count else { return fitting }
        // Unused GPUs are all alike but for how they are joined: also to those that remain.
        let isWhole = demand.request.portion == .whole && !demand.isForSlices
        let prefersLinks = demand.requirement != nil || (isWhole && policy != .random)
        let shape = Int(summaries[node].shape)
        if prefersLinks, let topology = catalog.shapes[shape].topology {
            let alone = withoutForeign(fitting, on: node)
            if demand.requirement == nil, let known = memory.best(count, in: alone, shape: shape) { return known }
            let best =
                topology.best(count, in: alone, requiring: demand.requirement)
                ?? topology.best(count, in: fitting, requiring: demand.requirement)
            if let best { return best }
        }
        return cheapest(count, of: fitting, on: node, for: demand, by: policy)
    }

    private func withoutForeign(_ set: GPUMask, on node: Int) -> GPUMask {
        var alone = set
        for position in 0..<min(nodes[node].gpus.count, NodeRoom.mostGPUs)
        where nodes[node].gpus[position].foreignMemory > .zero { alone &= ~(1 << GPUMask(position)) }
        return alone
    }

    /// How good a node is for slices by the policies that look ahead; higher is better.
    func sliceScore(_ demand: Demand, of fitting: GPUMask, on node: Int, by policy: PolicyName) -> Int64 {
        let shape = catalog.shapes[Int(summaries[node].shape)]
        var least = Int64.max
        var rest = fitting
        while rest != 0 {
            let position = rest.trailingZeroBitCount
            rest &= rest &- 1
            let kind = shape.kinds[position]
            guard let slices = demand.slices[kind] else { continue }
            least = min(least, slices.cost(beside: nodes[node].gpus[position].slices, by: policy, gradients[kind]))
        }
        return -least
    }

    /// The GPUs that cost the least by the policy; of equals those without foreign processes, then the first.
    private func cheapest(
        _ count: Int, of fitting: GPUMask, on node: Int, for demand: Demand, by policy: PolicyName
    ) -> GPUMask {
        let shape = catalog.shapes[Int(summaries[node].shape)]
        var candidates: [(cost: Int64, foreign: Bytes, position: Int)] = []
        candidates.reserveCapacity(fitting.nonzeroBitCount)
        var rest = fitting
        while rest != 0 {
            let position = rest.trailingZeroBitCount
            rest &= rest &- 1
            let room = nodes[node].gpus[position]
            let kind = shape.kinds[position]
            if policy != .random, demand.isForSlices, let slices = demand.slices[kind] {
                candidates.append((slices.cost(beside: room.slices, by: policy, gradients[kind]), .zero, position))
                continue
            }
            let piece = demand.needs[kind].piece(from: room)
            let cost: Int64
            switch policy {
            case .spread, .leastLoaded: cost = -room.leftAfter(piece)
            case .random: cost = Int64(bitPattern: draw(UInt64(node) << 8 | UInt64(position)) >> 1)
            case .fgd, .divvy:
                let score = measure?.score(
                    gpu: position, on: node, for: demand, in: self, prices: policy == .divvy)
                cost = score.map { -$0 } ?? room.leftAfter(piece)
            case .bestFit, .roundRobin, .dotProduct, .gpuPacking, .gpuClustering: cost = room.leftAfter(piece)
            }
            candidates.append((cost, room.foreignMemory, position))
        }
        candidates.sort { ($0.cost, $0.foreign, $0.position) < ($1.cost, $1.foreign, $1.position) }
        return candidates.prefix(count).reduce(0) { $0 | 1 << GPUMask($1.position) }
    }
}
