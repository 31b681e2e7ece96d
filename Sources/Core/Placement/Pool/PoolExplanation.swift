package import Fleet

/// Why a request does not fit on a pool, or that it does: how many nodes and GPUs failed on what, what the nearest miss
/// lacks, what would unblock it, and the one reason a person would give.
package struct PoolExplanation: Hashable, Sendable {
    /// GPUs that failed on one thing, and the nodes that they are on.
    package struct Count: Hashable, Sendable {
        package let obstacle: Obstacle
        package let nodes: Int
        package let gpus: Int

        package init(obstacle: Obstacle, nodes: Int, gpus: Int) {
            self.obstacle = obstacle
            self.nodes = nodes
            self.gpus = gpus
        }
    }

    /// The node that lacks the least.
    package struct NearestMiss: Hashable, Sendable {
        package let node: Int
        /// What stands in the way of most of its GPUs that are missing.
        package let obstacle: Obstacle
        /// How many more GPUs of it would have to fit.
        package let gpus: Int
        /// What would have to be given back on them in all.
        package let share: Share
        package let memory: Bytes
    }

    /// Whether it fits now; everything below is about why not, and says nothing then.
    package let fits: Bool
    /// Whether it would fit if everybody gave everything back.
    package let couldEverFit: Bool
    package let nodes: Int
    package let gpus: Int
    /// Nodes that could give their part now, and GPUs on which a piece can be had now.
    package let fittingNodes: Int
    package let fittingGPUs: Int
    /// Most GPUs first. A GPU that fails by itself counts once; one that fits, but not with enough others, counts for
    /// what its node lacks.
    package let counts: [Count]
    /// Nil when it fits, and when it never does.
    package let nearest: NearestMiss?
    /// Nil when nothing on this fleet would.
    package let unblocks: String?
    /// The one reason a person would give.
    package let summary: String

    /// What stands in the way of most GPUs; nil exactly when it fits.
    package var obstacle: Obstacle? { fits ? nil : counts.first?.obstacle ?? .tooFewNodes }
}

/// What a pool says to a request, node by node: what explanations are put into words from.
struct Survey {
    /// By node, and there by GPU; nil where a piece can be had.
    private(set) var obstacles: [[Obstacle?]] = []
    /// What stands in the way of a node whose GPUs fit one by one; nil also where none does.
    private(set) var nodeObstacles: [Obstacle?] = []
    private(set) var fittingNodes = 0
    /// Nodes that could give their part if nobody used them.
    private(set) var hopefulNodes = 0
    /// The most GPUs of a node that will do when nobody uses them, and that fit now.
    private(set) var mostEligible = 0
    private(set) var mostFitting = 0
    /// GPUs that will do when nobody uses them.
    private(set) var eligible = 0
    let demand: Demand

    init(_ request: Request, of pool: Pool) {
        demand = Demand(request, in: pool)
        for node in pool.nodes.indices {
            obstacles.append(pool.obstacles(to: demand, on: node))
            nodeObstacles.append(pool.obstacle(to: demand, on: node))
            let eligible = pool.eligible(demand, on: node)
            let fitting = pool.fitting(demand, on: node).nonzeroBitCount
            if nodeObstacles[node] == nil { fittingNodes += 1 }
            if !pool.isHopeless(demand, on: node) { hopefulNodes += 1 }
            self.eligible += eligible
            mostEligible = max(mostEligible, eligible)
            mostFitting = max(mostFitting, fitting)
        }
    }

    var fits: Bool { fittingNodes >= demand.request.nodes }
    var couldEverFit: Bool { hopefulNodes >= demand.request.nodes }
    var fittingGPUs: Int { obstacles.reduce(0) { $0 + $1.count { $0 == nil } } }
    /// How many GPUs it needs of a node; of `all`, those of the node that has most.
    var fewest: Int {
        let request = demand.request
        return request.count.isAll || demand.namesSlices
            ? max(mostEligible, 1) : max(request.count.lower, request.devices.count)
    }

    /// GPUs by what they fail on by themselves, most first.
    func counts(alone: Bool) -> [PoolExplanation.Count] {
        var nodes = [Int](repeating: 0, count: Obstacle.allCases.count)
        var gpus = nodes
        let lacking: Obstacle = couldEverFit ? .tooFewNodesFree : .tooFewNodes
        for node in obstacles.indices {
            var here = Set<Int>()
            let own = fits ? nil : nodeObstacles[node] ?? lacking
            for obstacle in obstacles[node] {
                guard let reason = obstacle ?? (alone ? nil : own) else { continue }
                gpus[reason.rawValue] += 1
                here.insert(reason.rawValue)
            }
            for reason in here { nodes[reason] += 1 }
        }
        return Obstacle.allCases
            .map { PoolExplanation.Count(obstacle: $0, nodes: nodes[$0.rawValue], gpus: gpus[$0.rawValue]) }
            .filter { $0.gpus > 0 }
            .sorted { ($1.gpus, $0.obstacle.rawValue) < ($0.gpus, $1.obstacle.rawValue) }
    }
}

extension Pool {
    /// Says for a request what stands in the way, node by node and GPU by GPU, by the tests that decisions are made with.
    package func explain(_ request: Request) -> PoolExplanation {
        let survey = Survey(request, of: self)
        let couldEverFit = survey.couldEverFit
        let nearest = survey.fits || !couldEverFit ? nil : nearestMiss(survey)
        return PoolExplanation(
            fits: survey.fits, couldEverFit: couldEverFit, nodes: nodes.count,
            gpus: survey.obstacles.reduce(0) { $0 + $1.count }, fittingNodes: survey.fittingNodes,
            fittingGPUs: survey.fittingGPUs, counts: survey.counts(alone: false), nearest: nearest,
            unblocks: survey.fits || !couldEverFit ? nil : survey.unblocks(nearest: nearest, in: self),
            summary: survey.fits ? "it fits" : survey.summary(in: self))
    }

    /// GPUs of a node that will do when nobody uses them.
    func eligible(_ demand: Demand, on node: Int) -> Int {
        demand.eligible(on: node, catalog.shapeOf[node]).nonzeroBitCount
    }

    /// What stands in the way of each GPU by itself.
    func obstacles(to demand: Demand, on node: Int) -> [Obstacle?] {
        let shape = catalog.shapes[catalog.shapeOf[node]]
        let avoided = nodes[node].avoided(by: demand.request.antiAffinity)
        return shape.kinds.indices.map { position in
            if !demand.named.isEmpty, demand.named[node] >> GPUMask(position) & 1 == 0 { return .notNamed }
            let need = demand.needs[shape.kinds[position]]
            if let obstacle = need.obstacle { return obstacle }
            if nodes[node].isDrained { return .drained }
            let room = nodes[node].gpus[position]
            if room.isUsable, avoided >> GPUMask(position) & 1 == 1 { return .antiAffinity }
            return demand.obstacle(shape.kinds[position], in: room)
        }
    }

    /// Why a node cannot give its part; nil where it can.
    func obstacle(to demand: Demand, on node: Int) -> Obstacle? {
        let fitting = fitting(demand, on: node)
        if count(demand, of: fitting, on: node) != nil { return nil }
        let isNUMA = demand.requirement == .sameNUMA
        let fewest = demand.fewest(on: node, catalog.shapeOf[node])
        if eligible(demand, on: node) < fewest { return .tooFewGPUs }
        if isHopeless(demand, on: node) { return isNUMA ? .acrossNUMA : .notLinked }
        if fitting.nonzeroBitCount < fewest { return .tooFewFree }
        return isNUMA ? .numaTaken : .linkedTaken
    }

    /// The node that lacks the least: the fewest GPUs, then the least of them.
    private func nearestMiss(_ survey: Survey) -> PoolExplanation.NearestMiss? {
        var best: (rank: (Int, Int64, Int), miss: PoolExplanation.NearestMiss)?
        for node in nodes.indices {
            guard let own = survey.nodeObstacles[node], !isHopeless(survey.demand, on: node) else { continue }
            let lacks = lacks(survey, on: node)
            let fewest = survey.demand.fewest(on: node, catalog.shapeOf[node])
            let fitting = survey.obstacles[node].count { $0 == nil }
            let missing = lacks.prefix(max(fewest - fitting, 0))
            let share = missing.reduce(Share.zero) { $0 + $1.share }
            let memory = missing.reduce(Bytes.zero) { $0 + $1.memory }
            let rank = (max(fewest - fitting, 0), missing.reduce(Int64(0)) { $0 + $1.rank }, node)
            if let best, best.rank <= rank { continue }
            let obstacle = missing.first?.obstacle ?? own
            best = (
                rank,
                PoolExplanation.NearestMiss(
                    node: node, obstacle: obstacle, gpus: missing.count, share: share, memory: memory)
            )
        }
        return best?.miss
    }

    private struct Lack {
        let obstacle: Obstacle
        let share: Share
        let memory: Bytes
        let rank: Int64
    }

    /// What GPUs lack that would do if nobody used them, the least first.
    private func lacks(_ survey: Survey, on node: Int) -> [Lack] {
        let shape = catalog.shapes[catalog.shapeOf[node]]
        let lacks = survey.obstacles[node].enumerated().compactMap { position, obstacle -> Lack? in
            guard let obstacle, obstacle.isPassing else { return nil }
            let kind = catalog.kinds[shape.kinds[position]]
            let (need, room) = (survey.demand.needs[shape.kinds[position]], nodes[node].gpus[position])
            let wanted = need.manner == .slice ? Share(milli: need.milli) : need.share
            let share = max(wanted - room.freeShare, .zero)
            let memory = max((need.manner == .whole ? kind.allocatable : need.least) - room.freeMemory, .zero)
            let part = kind.allocatable.count > 0 ? memory.count / max(kind.allocatable.count / 1000, 1) : 0
            // What no lease can give back is further away than anything that one can.
            let isOutside = obstacle.rawValue < Obstacle.foreignProcesses.rawValue
            return Lack(
                obstacle: obstacle, share: share, memory: memory,
                rank: Int64(share.milli) + part + (isOutside ? 1_000_000 : 0))
        }
        return lacks.sorted { ($0.rank, $0.obstacle.rawValue) < ($1.rank, $1.obstacle.rawValue) }
    }
}
