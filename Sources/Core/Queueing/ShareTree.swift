/// Who shares with whom, by what weights, and what they have had: queues with tenants below them.
///
/// Members come after their parents. What the root is like does not matter.
package struct ShareTree: Hashable, Sendable {
    package struct Member: Hashable, Sendable {
        /// The position of its parent; -1 for the root, which is the first.
        package let parent: Int
        /// Against its siblings' weights; above zero.
        package let weight: Int64
        /// What it has had, for a queue with all below it; in any unit.
        package let usage: Double
        package let isTenant: Bool

        package init(parent: Int, weight: Int64, usage: Double, isTenant: Bool) {
            self.parent = parent
            self.weight = weight
            self.usage = usage
            self.isTenant = isTenant
        }
    }

    package let members: [Member]
    let children: [[Int]]
    /// The part of its siblings' weights that is a member's own: its share.
    let shares: [Double]

    package init(_ members: [Member]) {
        var children: [[Int]] = Array(repeating: [], count: members.count)
        for (position, member) in members.enumerated() where member.parent >= 0 {
            children[member.parent].append(position)
        }
        self.members = members
        self.children = children
        shares = members.map { member in
            guard member.parent >= 0 else { return 1 }
            return Double(member.weight) / children[member.parent].reduce(0) { $0 + Double(members[$1].weight) }
        }
    }
}
