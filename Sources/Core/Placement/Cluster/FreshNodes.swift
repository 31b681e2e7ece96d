/// Nodes that nothing ever touched, by kind of node: they score alike, so the first of each kind is enough.
struct FreshNodes: ~Copyable {
    private let nodeKinds: Int
    /// The nodes of each kind in order, one kind after the other.
    private let members: Block<Int32>
    /// Where each kind's nodes end in `members`, and the next that may be untouched.
    private let end: Block<Int32>
    private let cursor: Block<Int32>
    /// For each kind of request, the kinds of node that hold it, best first, and their scores; -1 ends the list.
    private let order: Block<Int16>
    private let scores: Block<UInt8>

    init(cluster: borrowing Cluster, kinds: Int) {
        nodeKinds = cluster.kinds.count
        members = Block(repeating: 0, count: cluster.count)
        end = Block(repeating: 0, count: nodeKinds)
        cursor = Block(repeating: 0, count: nodeKinds)
        order = Block(repeating: -1, count: kinds * (nodeKinds + 1))
        scores = Block(repeating: 0, count: kinds * (nodeKinds + 1))
        for node in 0..<cluster.count { end[Int(cluster[node].kind)] += 1 }
        for kind in 1..<max(nodeKinds, 1) { end[kind] += end[kind - 1] }
        for kind in 0..<nodeKinds { cursor[kind] = kind == 0 ? 0 : end[kind - 1] }
        let filled = Block<Int32>(repeating: 0, count: nodeKinds)
        for node in 0..<cluster.count {
            let kind = Int(cluster[node].kind)
            members[Int(cursor[kind] + filled[kind])] = Int32(node)
            filled[kind] += 1
        }
    }

    /// The first untouched node of a kind of node; nil when all were touched.
    @inline(__always)
    func first(of place: Int, stamps: borrowing Block<UInt64>) -> Int? {
        var next = cursor[place]
        let limit = end[place]
        while next < limit, stamps[Int(members[Int(next)])] != 0 { next &+= 1 }
        cursor[place] = next
        return next < limit ? Int(members[Int(next)]) : nil
    }

    /// Sets how well nodes of a kind hold a kind of request, best first; other kinds of node do not hold it.
    func set(_ kind: Int, to found: [(place: Int, score: UInt8)]) {
        let ordered = found.sorted { ($0.score, $1.place) > ($1.score, $0.place) }
        for (index, one) in ordered.enumerated() {
            order[kind * (nodeKinds + 1) + index] = Int16(one.place)
            scores[kind * (nodeKinds + 1) + index] = one.score
        }
        order[kind * (nodeKinds + 1) + ordered.count] = -1
    }

    /// The best untouched node for a kind of request, the first of equals.
    @inline(__always)
    func best(_ kind: Int, stamps: borrowing Block<UInt64>) -> (score: UInt8, node: Int)? {
        var best: (score: UInt8, node: Int)?
        var index = kind &* (nodeKinds &+ 1)
        while order[index] >= 0 {
            let place = Int(order[index])
            let score = scores[index]
            index &+= 1
            if let best, best.score > score { break }
            guard let node = first(of: place, stamps: stamps) else { continue }
            if let known = best, known.node < node { continue }
            best = (score, node)
        }
        return best
    }
}
