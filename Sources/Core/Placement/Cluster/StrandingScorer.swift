/// The score of the policy `divvy`: fragmentation now and expected stranding later, in one number.
struct StrandingScorer: NodeScorer, ~Copyable {
    private var fragmentation: FragmentationScorer
    private let knots: Block<Float>
    private let values: Block<Float>
    private let groupOf: Block<UInt8>
    private let tuning: DivvyPolicy.Tuning
    /// Nodes that were scored in another regime have to be scored again.
    var regime = DivvyRegime.filling {
        didSet { (weight, quantum) = tuning.blend(in: regime) }
    }
    /// How much of the score is expected stranding; the rest is the fragmentation gradient.
    private var weight: Float
    /// How much gain, in thousandths of a GPU, one step of the score stands for.
    private var quantum: Float
    private let last: Int

    init(_ mix: RequestMix, cluster: borrowing Cluster, policy: DivvyPolicy) {
        let table = policy.table
        fragmentation = FragmentationScorer(mix, cluster: cluster, prices: policy.prices)
        last = StrandingTable.knots.count - 1
        knots = Block(repeating: 0, count: last + 1)
        for (index, knot) in StrandingTable.knots.enumerated() { knots[index] = knot }
        values = Block(repeating: 0, count: table.values.count)
        for (index, value) in table.values.enumerated() { values[index] = value }
        groupOf = Block(repeating: 0, count: 64)
        for (model, group) in table.groupOf.enumerated() { groupOf[model] = group }
        tuning = policy.tuning
        (weight, quantum) = tuning.blend(in: .filling)
    }

    @inline(__always)
    mutating func changed(_ node: Int, from before: NodeState, to after: NodePointer, gpus: UInt8) {
        fragmentation.changed(node, from: before, to: after, gpus: gpus)
    }

    @inline(__always)
    private func value(_ group: Int, _ left: Int16, _ position: StrandingTable.Position) -> Float {
        let cell = (group &* StrandingTable.lefts &+ Int(left) / 10) &* (last &+ 1) &+ position.knot
        let low = values[cell]
        return low + (values[cell &+ 1] - low) * position.weight
    }

    @inline(__always)
    private func sum(_ group: Int, _ state: NodePointer, _ position: StrandingTable.Position) -> Float {
        var sum: Float = 0
        for gpu in 0..<Int(state.pointee.gpus) { sum += value(group, state.left(gpu), position) }
        return sum
    }

    @inline(__always)
    func score(_ kind: Int, _ request: RequestKind, on node: Int, _ state: NodePointer) -> NodeScore {
        guard regime != .turnover else { return fragmentation.score(kind, request, on: node, state) }
        let group = Int(groupOf[Int(state.pointee.model)])
        let left = state.pointee.totalLeft
        let now = StrandingTable.position(cpu: state.pointee.cpuLeft, left: left, knots: knots, last: last)
        let before = sum(group, state, now)
        let then = StrandingTable.position(
            cpu: state.pointee.cpuLeft &- request.cpuMilli, left: left &- request.gpuMilli &* request.gpus,
            knots: knots,
            last: last)
        let rest = sum(group, state, then)
        if !request.needsGPU {
            let gain = weight * (before - rest) + (1 - weight) * fragmentation.gain(request, on: node, state, gpu: 0)
            return NodeScore(score: quantised(gain), gpus: 0)
        }
        if !request.isShare {
            let after = rest + Float(request.gpus) * (value(group, 0, then) - value(group, 1000, then))
            let gain = weight * (before - after) + (1 - weight) * fragmentation.gain(request, on: node, state, gpu: 0)
            return NodeScore(score: quantised(gain), gpus: state.pointee.firstFull(request.gpus))
        }
        var best: Float = -.infinity
        var chosen = 0
        var seen: Int16 = -1
        for gpu in 0..<Int(state.pointee.gpus) {
            let here = state.left(gpu)
            guard Int32(here) >= request.gpuMilli, here != seen else { continue }
            seen = here
            let after = rest + value(group, here &- Int16(request.gpuMilli), then) - value(group, here, then)
            let gain = weight * (before - after) + (1 - weight) * fragmentation.gain(request, on: node, state, gpu: gpu)
            if gain > best {
                best = gain
                chosen = gpu
            }
        }
        return NodeScore(score: quantised(best), gpus: 1 << UInt8(chosen))
    }

    @inline(__always)
    private func quantised(_ gain: Float) -> UInt8 {
        UInt8(min(max(gain / quantum + 64, 0), 126))
    }
}
