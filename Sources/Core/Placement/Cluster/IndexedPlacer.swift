/// Finds the node with the best score, and the first among equals, as a search of all nodes would, without that search.
///
/// A decision has four steps. (1) The kind catches up: nodes that changed since its last decision, and that may hold
/// it, are scored again (`TouchGrid`). (2) Its best node is read off its buckets (`ScoreQueues`); one that no longer
/// holds it is taken out, and the next is read. (3) Nodes that nothing ever touched are in no bucket: all of one kind
/// of node score alike, so one score and the lowest index for each kind of node stand for them. (4) The placement is
/// taken, and the change of one node written down.
struct IndexedPlacer<Scorer: NodeScorer & ~Copyable>: ~Copyable {
    private(set) var cluster: Cluster
    private let kinds: [RequestKind]
    var scorer: Scorer
    private var queues: ScoreQueues
    private var grid: TouchGrid
    private let kindTable: Block<RequestKind>
    /// Kinds that differ in memory alone score alike: they are a family, and share one set of buckets.
    private let familyOf: Block<Int32>
    /// What the most modest of a family asks for.
    private let familyTable: Block<RequestKind>
    /// When a family last caught up.
    private let visited: Block<UInt64>
    private let start: Block<Int16>
    private var fresh: FreshNodes

    init(cluster: consuming Cluster, kinds: [RequestKind], scorer: consuming Scorer) {
        self.kinds = kinds
        let nodes = cluster.count
        let unset = RequestKind(cpuMilli: 0, memoryMiB: 0, gpuMilli: 0, gpus: 0)
        kindTable = Block(repeating: unset, count: kinds.count)
        familyOf = Block(repeating: 0, count: kinds.count)
        var places: [RequestKind: Int] = [:]
        var families: [RequestKind] = []
        for (index, kind) in kinds.enumerated() {
            let place = places[kind.with(memoryMiB: 0)] ?? families.count
            if place == families.count {
                places[kind.with(memoryMiB: 0)] = place
                families.append(kind)
            }
            if kind.memoryMiB < families[place].memoryMiB { families[place] = kind }
            kindTable[index] = kind
            familyOf[index] = Int32(place)
        }
        queues = ScoreQueues(kinds: families.count, nodes: nodes)
        grid = TouchGrid(nodes: nodes, kinds: kinds)
        visited = Block(repeating: 0, count: families.count)
        start = Block(repeating: 0, count: families.count)
        familyTable = Block(repeating: unset, count: families.count)
        for (index, family) in families.enumerated() {
            familyTable[index] = family
            let begin = grid.start(of: family)
            start[index] = Int16(begin.row * 8 + begin.column)
        }
        fresh = FreshNodes(cluster: cluster, kinds: kinds.count)
        self.cluster = cluster
        self.scorer = scorer
        scoreFresh()
    }

    /// Scores every node again, each kind when it is next asked for: the scorer judges otherwise from now on.
    mutating func scoreAgain() {
        for node in 0..<cluster.count where grid.stamp[node] > 0 { grid.touch(node, cluster.pointer(to: node)) }
        scoreFresh()
    }

    private mutating func scoreFresh() {
        for (index, kind) in kinds.enumerated() {
            var found: [(place: Int, score: UInt8)] = []
            for place in 0..<cluster.kinds.count {
                guard let node = fresh.first(of: place, stamps: grid.stamp),
                    cluster.pointer(to: node).pointee.fits(kind)
                else { continue }
                found.append((place, scorer.score(index, kind, on: node, cluster.pointer(to: node)).score))
            }
            fresh.set(index, to: found)
        }
    }

    /// Bytes of memory that grow with the number of nodes.
    var footprint: Int { queues.footprint + cluster.count * (MemoryLayout<NodeState>.stride + 8 + 4 + 4 + 1) }

    @inline(__always)
    mutating func choose(_ kind: Int) -> ClusterPlacement? {
        let request = kindTable[kind]
        let family = Int(familyOf[kind])
        let modest = familyTable[family]
        catchUp(family, modest)
        var best = queues.best(family)
        while let candidate = best, !cluster.pointer(to: candidate.node).pointee.fits(request) {
            best = queues.next(family, after: candidate)
            if !cluster.pointer(to: candidate.node).pointee.fits(modest) {
                queues.set(family, node: candidate.node, to: ScoreQueues.absent)
            }
        }
        let untouched = fresh.best(kind, stamps: grid.stamp)
        let node: Int
        switch (best, untouched) {
        case (nil, nil): return nil
        case (let one?, nil): node = one.node
        case (nil, let one?): node = one.node
        case (let old?, let new?):
            let newWins = new.score > old.score || (new.score == old.score && new.node < old.node)
            node = newWins ? new.node : old.node
        }
        let gpus = request.needsGPU ? scorer.score(kind, request, on: node, cluster.pointer(to: node)).gpus : 0
        return ClusterPlacement(node: Int32(truncatingIfNeeded: node), gpus: gpus)
    }

    @inline(__always)
    private mutating func catchUp(_ kind: Int, _ request: RequestKind) {
        let time = visited[kind]
        guard grid.clock > time else { return }
        visited[kind] = grid.clock
        let (row, column) = (Int(start[kind] >> 3), Int(start[kind] & 7))
        for row in row..<TouchGrid.rows where grid.newest(inRow: row) > time {
            for cell in (row &* TouchGrid.rows &+ column)..<(row &* TouchGrid.rows &+ TouchGrid.rows)
            where grid.newest(in: cell) > time {
                var node = grid.first(in: cell)
                while node >= 0, grid.stamp[node] > time {
                    let state = cluster.pointer(to: node)
                    let score =
                        state.pointee.fits(request)
                        ? scorer.score(kind, request, on: node, state).score : ScoreQueues.absent
                    queues.set(kind, node: node, to: score)
                    node = grid.next(after: node)
                }
            }
        }
    }

    @inline(__always)
    mutating func take(_ kind: Int, _ placement: ClusterPlacement) {
        let node = Int(placement.node)
        let before = cluster[node]
        cluster.take(kindTable[kind], placement)
        scorer.changed(node, from: before, to: cluster.pointer(to: node), gpus: placement.gpus)
        grid.touch(node, cluster.pointer(to: node))
    }

    @inline(__always)
    mutating func giveBack(_ kind: Int, _ placement: ClusterPlacement) {
        let node = Int(placement.node)
        let before = cluster[node]
        cluster.giveBack(kindTable[kind], placement)
        scorer.changed(node, from: before, to: cluster.pointer(to: node), gpus: placement.gpus)
        grid.touch(node, cluster.pointer(to: node))
    }
}
