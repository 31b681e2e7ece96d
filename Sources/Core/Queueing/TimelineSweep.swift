import Fleet
import Placement

/// What is free for so long from a moment that moves on, node by node.
///
/// As the moment moves on, what is free on a node grows only when a hold on it ends; otherwise it stays or shrinks. So
/// only the nodes where something ended are looked at anew, and others only once something would go there.
struct TimelineSweep {
    private let timeline: Timeline
    private let length: Span?
    private var pool: Pool
    /// What was taken out of each node of the empty pool.
    private var applied: [[(placement: PoolPlacement, request: Request)]]
    private var looked: [Moment]

    init(_ timeline: inout Timeline, lasting length: Span?, from start: Moment) {
        timeline.indexGPUs()
        pool = timeline.emptied()
        self.timeline = timeline
        self.length = length
        applied = Array(repeating: [], count: pool.nodes.count)
        looked = Array(repeating: .startOfTime, count: pool.nodes.count)
        for node in pool.nodes.indices { look(at: node, from: start) }
    }

    /// Takes over what is free on a node from a moment on.
    mutating func look(at node: Int, from start: Moment) {
        guard looked[node] != start else { return }
        looked[node] = start
        for (placement, request) in applied[node] { pool.giveBack(placement, of: request) }
        applied[node] = []
        let end = length.map { start + $0 } ?? .endOfTime
        var grants: [PoolPlacement.Grant] = []
        var others: [Int] = []
        for gpu in pool.nodes[node].gpus.indices {
            let uses = timeline.uses[timeline.firstGPUs[node] + gpu]
            var isUsed = false
            for use in uses where use.from < end && use.until > start {
                isUsed = true
                if timeline.takesMoreThanAmounts(use.hold), !others.contains(use.hold) { others.append(use.hold) }
            }
            guard isUsed else { continue }
            let most = Timeline.most(
                taken: Timeline.taken(by: uses, at: start), by: uses, from: start, until: end)
            grants.append(PoolPlacement.Grant(gpu: gpu, share: most.share, memory: most.memory))
        }
        if !grants.isEmpty { take(PoolPlacement(parts: [.init(node: node, grants: grants)]), for: .filler, on: node) }
        for hold in others {
            guard let placement = timeline.placement(hold), let request = timeline.request(hold) else { continue }
            let here = PoolPlacement(parts: placement.withoutAmounts.parts.filter { $0.node == node })
            take(here, for: request, on: node)
        }
    }

    private mutating func take(_ placement: PoolPlacement, for request: Request, on node: Int) {
        pool.take(placement, for: request)
        applied[node].append((placement, request))
    }

    /// A place from a moment on, which is not before any that was asked about, for as long as the sweep is for.
    mutating func find(_ request: Request, by policy: PolicyName, from start: Moment) -> PoolPlacement? {
        while let placement = pool.find(request, by: policy) {
            let old = placement.parts.map(\.node).filter { looked[$0] != start }
            if old.isEmpty { return placement }
            for node in old { look(at: node, from: start) }
        }
        return nil
    }
}

extension Timeline {
    func request(_ hold: Int) -> Request? {
        hold < running.count ? running[hold].request : added[hold - running.count]?.request
    }

    func takesMoreThanAmounts(_ hold: Int) -> Bool {
        if hold < running.count { return running[hold].request.takesMoreThanAmounts }
        return added[hold - running.count]?.request.takesMoreThanAmounts ?? false
    }
}
