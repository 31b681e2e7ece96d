package import Fleet

/// GPUs of one node by their positions, one bit each, the lowest for the first.
package typealias GPUMask = UInt64

/// Which GPUs of a node belong together: the links between its GPUs, made ready for choosing sets of them.
///
/// A pair scores as in NVIDIA's device plugin for Kubernetes (go-gpuallocator): by the nearest thing that both hang
/// from, 10 across NUMA nodes, 20 on one NUMA node, 30 under one host bridge, 40 over several PCIe switches, 50 under
/// one, 60 on one board, and 100 for each NVLink between them. Links through an NVSwitch count like direct ones, which
/// that plugin leaves out. A set scores the sum of its pairs.
///
/// Nodes of up to 16 GPUs are searched exactly (`best`), larger ones greedily. A value of constant tables: 13 KiB for 8
/// GPUs, 1 MiB for 16; nodes with the same links can share one.
package struct TopologyTables: Sendable {
    /// The largest node whose sets are all gone through.
    package static let exactLimit = 16

    package let count: Int
    let joints: TopologyJoints
    /// nil for nodes above `exactLimit`.
    let sets: TopologySets?
    /// Every answer, for nodes of up to `eagerLimit` GPUs; else empty.
    private let answers: [UInt8]

    /// Up to here all answers fit into a few kilobytes.
    private static let eagerLimit = 8

    package init(_ node: Node) { self.init(links: node.links, numaNodes: node.gpus.map(\.numaNode)) }

    /// - Parameters:
    ///   - links: by the positions of two GPUs; of each pair the entry above the diagonal counts, and one that is
    ///     missing is unknown.
    ///   - numaNodes: one for each GPU. If any is nil, GPUs are taken to be on one NUMA node where their path says so.
    package init(links: [[Link]], numaNodes: [Int?]) {
        count = numaNodes.count
        joints = TopologyJoints(links: links, numaNodes: numaNodes)
        guard count <= Self.exactLimit else {
            (sets, answers) = (nil, [])
            return
        }
        let sets = TopologySets(joints)
        self.sets = sets
        guard count <= Self.eagerLimit else {
            answers = []
            return
        }
        var answers = [UInt8](repeating: 0, count: (1 << count) * (count + 1) * 4)
        for requirement in [nil] + TopologyRequirement.allCases {
            for size in 1..<max(count + 1, 2) {
                for free in 0..<1 << count {
                    guard let set = sets.best(size, in: UInt16(free), requiring: requirement) else { continue }
                    answers[Self.place(size, free, requirement, count)] = UInt8(set)
                }
            }
        }
        self.answers = answers
    }

    private static func place(_ size: Int, _ free: Int, _ requirement: TopologyRequirement?, _ count: Int) -> Int {
        (((requirement.map { Int($0.rawValue) + 1 } ?? 0) * (count + 1) + size) << count) | free
    }

    /// Whether answers are exact and not all in the tables.
    var answersAreSearched: Bool { sets != nil && answers.isEmpty }

    /// All GPUs of the node, or the first 64.
    package var everything: GPUMask { count >= GPUMask.bitWidth ? .max : (1 << GPUMask(count)) - 1 }

    /// The sum over the pairs of a set of how well they are joined.
    package func score(_ set: GPUMask) -> Int {
        let set = set & everything
        if let sets { return sets.score(UInt16(set)) }
        return joints.score(Self.positions(in: set))
    }

    /// Whether each GPU of a set is joined to each as required.
    package func meets(_ requirement: TopologyRequirement, _ set: GPUMask) -> Bool {
        joints.meets(requirement, Self.positions(in: set & everything))
    }

    /// The best set of so many GPUs out of those that are free; nil where there are too few, or none meets the
    /// requirement.
    ///
    /// Exact for up to 16 GPUs. Of all sets:
    /// 1. the one with most NVLinks in it; where none has any, the one with the highest score;
    /// 2. of those that are equal so far, the one for which its score and the best that others could make of the GPUs
    ///    that remain are most together, so that a set is not taken out of the middle of a better one. What remains is
    ///    worth the best partition of it into pairs, plus the best into fours, plus the best into eights. (The
    ///    published allocator maximises over partitions into sets of the size that is asked for.)
    /// 3. the one on the fewest NUMA nodes;
    /// 4. the one with the lowest positions.
    ///
    /// On larger nodes each free GPU starts a set that takes in, one by one, the GPU that adds most; the best of these
    /// sets is the answer. It need not be the best that there is. Where a requirement splits the GPUs into groups, as
    /// switches and NUMA nodes do, it is met whenever it can be.
    package func best(_ size: Int, in free: GPUMask, requiring requirement: TopologyRequirement? = nil) -> GPUMask? {
        let free = free & everything
        guard size > 0, size <= free.nonzeroBitCount else { return nil }
        if !answers.isEmpty {
            let answer = answers[Self.place(size, Int(free), requirement, count)]
            return answer == 0 ? nil : GPUMask(answer)
        }
        if let sets {
            return sets.best(size, in: UInt16(free), requiring: requirement).map { GPUMask($0) }
        }
        return joints.greedy(size, among: Self.positions(in: free), requiring: requirement)
            .map { set in set.reduce(GPUMask(0)) { $0 | 1 << GPUMask($1) } }
    }

    /// As with a mask, for nodes of any size; the answer is in ascending order.
    package func best(
        _ size: Int, among free: [Int], requiring requirement: TopologyRequirement? = nil
    ) -> [Int]? {
        guard size > 0 else { return nil }
        guard count > GPUMask.bitWidth else {
            let mask = free.reduce(GPUMask(0)) { $0 | 1 << GPUMask($1) }
            return best(size, in: mask, requiring: requirement).map(Self.positions(in:))
        }
        return joints.greedy(size, among: free.sorted(), requiring: requirement)
    }

    /// Whether a set of so many GPUs could meet the requirement if all were free.
    package func couldEver(_ size: Int, requiring requirement: TopologyRequirement? = nil) -> Bool {
        best(size, among: Array(0..<count), requiring: requirement) != nil
    }

    /// The positions in a mask, in ascending order.
    package static func positions(in mask: GPUMask) -> [Int] {
        var rest = mask
        var positions: [Int] = []
        while rest != 0 {
            positions.append(rest.trailingZeroBitCount)
            rest &= rest - 1
        }
        return positions
    }
}
