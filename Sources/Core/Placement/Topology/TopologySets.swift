import Fleet

/// Every set of a node's GPUs, up to 16, with what it is worth.
struct TopologySets: Sendable {
    private let count: Int
    /// By set, as are the others.
    private let scores: [Int32]
    /// What sets of one size are first compared by: the NVLinks inside, or the score where there are none.
    private let firsts: [Int32]
    /// The best that can be made of the GPUs of a set: see `TopologyTables.best`.
    private let worths: [Int32]
    /// One bit for each requirement that the set meets.
    private let met: [UInt8]
    private let numaNodes: [UInt8]
    /// All sets by size, each size in descending order of `firsts`, then the lowest positions first.
    private let order: [UInt16]
    /// Where the sets of a size begin in `order`.
    private let begins: [Int]

    /// More than any sum of paths, so that one NVLink weighs more than all of them.
    private static let linkWeight: Int32 = 1 << 14

    init(_ joints: TopologyJoints) {
        let (count, total) = (joints.count, 1 << joints.count)
        var scores = [Int32](repeating: 0, count: total)
        var links = scores
        var met = [UInt8](repeating: .max, count: total)
        var nodes = [UInt16](repeating: 0, count: total)
        for set in 1..<max(total, 1) {
            let lowest = set.trailingZeroBitCount
            var rest = set & (set - 1)
            (scores[set], links[set], met[set]) = (scores[rest], links[rest], met[rest])
            nodes[set] = nodes[rest] | 1 << UInt16(joints.numaGroups[lowest])
            while rest != 0 {
                let other = rest.trailingZeroBitCount
                rest &= rest - 1
                let pair = joints.nvlinks(lowest, other)
                links[set] += pair
                scores[set] += pair * TopologyJoints.pointsForNVLink + joints.path(lowest, other)
                met[set] &= joints.met(lowest, other)
            }
        }
        let firsts = links.indices.map { links[$0] > 0 ? links[$0] * Self.linkWeight : scores[$0] }
        var keys: [UInt64] = []
        keys.reserveCapacity(total)
        for set in 0..<total {
            // Reversed, the set with the lowest positions is the largest number.
            let reversed = UInt16(set).reversedBits
            let size = UInt64(set.nonzeroBitCount)
            keys.append(size << 48 | UInt64(UInt32(Int32.max - firsts[set])) << 16 | UInt64(~reversed))
        }
        keys.sort()
        order = keys.map { (~UInt16(truncatingIfNeeded: $0)).reversedBits }
        begins = (0...count + 1).map { size in keys.partitioningIndex { $0 >> 48 >= UInt64(size) } }
        worths = TopologyWorth(scores: scores, count: count).sum
        (self.count, self.scores, self.firsts, self.met) = (count, scores, firsts, met)
        numaNodes = nodes.map { UInt8($0.nonzeroBitCount) }
    }

    func score(_ set: UInt16) -> Int { Int(scores[Int(set)]) }

    /// See `TopologyTables.best`.
    func best(_ size: Int, in free: UInt16, requiring requirement: TopologyRequirement?) -> UInt16? {
        guard size > 0, size <= count else { return nil }
        let wanted: UInt8 = requirement.map { 1 << $0.rawValue } ?? 0
        var best: UInt16?
        var (bestFirst, bestTotal, bestNodes) = (Int32.min, Int32.min, UInt8.max)
        for place in begins[size]..<begins[size + 1] {
            let set = order[place]
            guard set & ~free == 0, met[Int(set)] & wanted == wanted else { continue }
            if firsts[Int(set)] < bestFirst { break }
            let total = scores[Int(set)] + worths[Int(free ^ set)]
            let nodes = numaNodes[Int(set)]
            guard total > bestTotal || (total == bestTotal && nodes < bestNodes) else { continue }
            (best, bestFirst, bestTotal, bestNodes) = (set, firsts[Int(set)], total, nodes)
        }
        return best
    }
}

extension UInt16 {
    /// The lowest bit first becomes the highest.
    fileprivate var reversedBits: UInt16 {
        var (word, reversed) = (self, UInt16(0))
        for _ in 0..<16 {
            reversed = reversed << 1 | word & 1
            word >>= 1
        }
        return reversed
    }
}

extension [UInt64] {
    /// The first index from which on all are as wanted; the array is sorted so.
    fileprivate func partitioningIndex(_ isWanted: (UInt64) -> Bool) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if isWanted(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
