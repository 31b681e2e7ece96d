/// What the GPUs of each set are worth to whoever comes next: the best pairs, fours and eights that can be made of
/// them.
///
/// For each size it is the greatest sum of scores of sets of that size that do not overlap; GPUs that are left over
/// count nothing. Exact, by sets in ascending order: the lowest GPU is either left over or in one of the sets.
struct TopologyWorth {
    /// By set.
    let sum: [Int32]

    /// - Parameter scores: by set, of `count` GPUs, at most 16.
    init(scores: [Int32], count: Int) {
        let pairs = Self.pairs(scores)
        let fours = count < 4 ? [] : Self.fours(scores)
        // Whoever asks has taken a GPU already, and fifteen hold one eight at most.
        let eights = count < 8 ? [] : Self.largest(scores, size: 8)
        var sum = pairs
        for set in fours.indices { sum[set] += fours[set] }
        for set in eights.indices { sum[set] += eights[set] }
        self.sum = sum
    }

    private static func pairs(_ scores: [Int32]) -> [Int32] {
        var worths = [Int32](repeating: 0, count: scores.count)
        for set in 1..<max(scores.count, 1) {
            let lowest = set & -set
            let rest = set ^ lowest
            var best = worths[rest]
            var others = rest
            while others != 0 {
                let other = others & -others
                others ^= other
                best = max(best, scores[lowest | other] + worths[rest ^ other])
            }
            worths[set] = best
        }
        return worths
    }

    private static func fours(_ scores: [Int32]) -> [Int32] {
        var worths = largest(scores, size: 4)
        for set in worths.indices where set.nonzeroBitCount >= 8 {
            let lowest = set & -set
            let rest = set ^ lowest
            var best = worths[rest]
            var first = rest
            while first != 0 {
                let one = first & -first
                first ^= one
                var second = first
                while second != 0 {
                    let two = second & -second
                    second ^= two
                    var third = second
                    while third != 0 {
                        let three = third & -third
                        third ^= three
                        let four = lowest | one | two | three
                        best = max(best, scores[four] + worths[set ^ four])
                    }
                }
            }
            worths[set] = best
        }
        return worths
    }

    /// The highest score of a set of that size in each set.
    private static func largest(_ scores: [Int32], size: Int) -> [Int32] {
        var worths = [Int32](repeating: 0, count: scores.count)
        for set in scores.indices where set.nonzeroBitCount >= size {
            if set.nonzeroBitCount == size {
                worths[set] = scores[set]
                continue
            }
            var others = set
            while others != 0 {
                let other = others & -others
                others ^= other
                worths[set] = max(worths[set], worths[set ^ other])
            }
        }
        return worths
    }
}
