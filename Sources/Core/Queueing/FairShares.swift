package import Fleet

/// How close tenants are to their fair share of a fleet, over the tree of queues with the tenants below their queues.
///
/// Queues share by their weights, the tenants of one queue alike. Usage is that of the dominant resource, decayed.
package struct FairShares: Sendable {
    private let positions: [QueueTenant: Int]
    private let fair: FairTree
    private let classic: ClassicFairShare

    /// Of all tenants that the book knows in leaves of the tree, and of `others`, who may have used nothing yet.
    package init(
        _ tree: QueueTree, usage: UsageBook, and others: [QueueTenant], capacity: Amount, at now: Moment, halfLife: Span
    ) {
        var own: [QueueTenant: DecayedUsage] = [:]
        var totals = Array(repeating: DecayedUsage.zero, count: tree.queues.count)
        for entry in usage.all(at: now, halfLife: halfLife) {
            guard let queue = tree.position(of: entry.queue), tree.queues[queue].path == entry.queue else { continue }
            for position in [queue] + tree.ancestors(of: queue) { totals[position] += entry.usage }
            // What was used in a queue that has others below it today counts for that queue alone.
            if tree.isLeaf(queue) { own[QueueTenant(queue: queue, tenant: entry.tenant)] = entry.usage }
        }
        for other in others where own[other] == nil { own[other] = .zero }
        let tenants = own.sorted { $0.key < $1.key }
        // Parts of what everybody has had, so that both formulas can read them.
        let all = totals[QueueTree.root].dominantSeconds(of: capacity)
        func part(_ usage: DecayedUsage) -> Double { all > 0 ? usage.dominantSeconds(of: capacity) / all : 0 }
        var members = tree.queues.indices.map { queue in
            ShareTree.Member(
                parent: tree.parents[queue], weight: tree.queues[queue].weight, usage: part(totals[queue]),
                isTenant: false)
        }
        var positions: [QueueTenant: Int] = [:]
        for (key, usage) in tenants {
            positions[key] = members.count
            members.append(ShareTree.Member(parent: key.queue, weight: 1, usage: part(usage), isTenant: true))
        }
        let shares = ShareTree(members)
        self.positions = positions
        fair = FairTree(shares)
        classic = ClassicFairShare(shares)
    }

    /// How many tenants come before one by Fair Tree, 0 for the first; equals have the same place.
    ///
    /// Of a tenant that was not named and has used nothing, the last place.
    package func place(of tenant: QueueTenant) -> Int {
        positions[tenant].map { fair.places[$0] } ?? positions.count
    }

    /// Fair Tree's factor: the rank over the number of tenants, 1 for whoever is first.
    package func factor(of tenant: QueueTenant) -> Double { positions[tenant].map(fair.factor(of:)) ?? 0 }

    /// The classic factor: a half for whoever has had exactly its share, 1 for whoever has had nothing.
    package func classicFactor(of tenant: QueueTenant) -> Double { positions[tenant].map { classic.factors[$0] } ?? 1 }
}
