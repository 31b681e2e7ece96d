/// Fair Tree: whoever is below the queue furthest below its share is first (Cox and Morrison; Slurm's default).
///
/// Among siblings the level fairshare is S/U: the part of their weights that is a member's own over the part of their
/// usage that is, infinite where it has used nothing. Members are gone through by that, largest first, and all that is
/// below one before the next. What a queue has used therefore never counts against the tenants of a sibling.
package struct FairTree: Hashable, Sendable {
    /// How many tenants are before each, 0 for the first; equals count as one place. -1 for queues.
    package private(set) var places: [Int]
    /// S/U of each, by position; larger goes first.
    package let levelFairshares: [Double]
    private let tenants: Int

    package init(_ tree: ShareTree) {
        tenants = tree.members.count { $0.isTenant }
        places = Array(repeating: -1, count: tree.members.count)
        levelFairshares = tree.members.enumerated().map { position, member in
            guard member.parent >= 0, member.usage > 0 else { return .infinity }
            let all = tree.children[member.parent].reduce(0) { $0 + tree.members[$1].usage }
            return tree.shares[position] / (member.usage / all)
        }
        var place = 0
        if let root = tree.children.first { rank(root, of: tree, from: &place) }
    }

    /// Gives places to tenants; queues that are equal are gone through as one.
    private mutating func rank(_ siblings: [Int], of tree: ShareTree, from place: inout Int) {
        let sorted = siblings.sorted { (levelFairshares[$1], $0) < (levelFairshares[$0], $1) }
        var rest = sorted[...]
        while let first = rest.first {
            let equals = rest.prefix { levelFairshares[$0] == levelFairshares[first] }
            rest = rest.dropFirst(equals.count)
            let tenantsHere = equals.filter { tree.members[$0].isTenant }
            for tenant in tenantsHere { places[tenant] = place }
            place += tenantsHere.count
            let below = equals.flatMap { tree.children[$0] }
            if !below.isEmpty { rank(below, of: tree, from: &place) }
        }
    }

    /// A tenant's rank over the number of tenants: 1 for whoever is first.
    package func factor(of tenant: Int) -> Double {
        places[tenant] < 0 ? 0 : Double(tenants - places[tenant]) / Double(tenants)
    }
}
