/// How much of a GPU is expected to stay idle, by what is left of it and by how much CPU its node has left for it.
///
/// A part that is left is worth what the requests to come can make of it. The fragmentation measure asks whether the
/// next request of the mix fits; this asks what will still be idle at the end, which nobody can write down, but which
/// can be learned: fill the cluster with requests of the mix, and see (`StrandingLearner`).
package struct StrandingTable: Sendable {
    /// Free CPU, in thousandths, for each whole GPU that is left: where the table has values. Between, it is a line.
    static let knots: [Float] = [
        0, 1000, 2000, 4000, 6000, 8000, 10_000, 12_000, 16_000, 24_000, 48_000, 120_000,
    ]
    /// Parts of a GPU are told apart by hundredths.
    static let lefts = 101
    static let cellsPerGroup = lefts * knots.count

    /// Which group of nodes a model belongs to.
    let groupOf: [UInt8]
    let groups: Int
    /// Expected idle thousandths: group, then left, then knot.
    var values: [Float]

    init(groupOf: [UInt8]) {
        self.groupOf = groupOf
        groups = Int(groupOf.max() ?? 0) + 1
        values = Array(repeating: 0, count: groups * Self.cellsPerGroup)
    }

    /// A place between two knots.
    struct Position: BitwiseCopyable {
        let knot: Int
        let weight: Float
    }

    /// Where a node stands with this much CPU for this much GPU.
    @inline(__always)
    static func position(cpu: Int32, left: Int32, knots: borrowing Block<Float>, last: Int) -> Position {
        guard left > 0 else { return Position(knot: 0, weight: 0) }
        let ratio = Float(cpu) * 1000 / Float(left)
        var knot = 0
        while knot < last &- 1, knots[knot &+ 1] <= ratio { knot &+= 1 }
        let weight = (ratio - knots[knot]) / (knots[knot &+ 1] - knots[knot])
        return Position(knot: knot, weight: min(weight, 1))
    }
}
