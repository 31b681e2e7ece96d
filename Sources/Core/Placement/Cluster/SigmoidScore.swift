/// The published score of a change of fragmentation: 100 / (1 + exp(-x / 1000)), cut to a whole number, where x is how
/// much fragmentation, in thousandths of a GPU, goes away.
///
/// The cut matters more than the curve: what scores alike is decided by the order of nodes, which keeps new nodes free.
/// Here x comes as a whole multiple of 1/C. Each score begins at one whole number, so the score is found by comparing,
/// and is the same on every machine.
struct SigmoidScore: ~Copyable {
    /// The least C * x that gives a score.
    private let begins: Block<Int64>
    /// The score at the lower end of each cell of 2^`shift` units of C * x, to begin the search at.
    private let hint: Block<UInt8>
    private let shift: Int64
    /// What is added so that cells begin at 0.
    private let reach: Int64

    init(total: Int64) {
        begins = Block(repeating: .max, count: 102)
        for (score, least) in Self.begins(total: total).enumerated() { begins[score] = least }
        // Cells of 8 to 16 thousandths: narrower than any score, so that the search takes a step or none.
        shift = Int64(63 - (16 * max(total, 1)).leadingZeroBitCount)
        reach = 5000 * total
        hint = Block(repeating: 0, count: Int((2 * reach) >> shift) + 1)
        for slot in 0..<hint.count {
            let x = Int64(slot) << shift - reach
            var score: UInt8 = 0
            while score < 99, begins[Int(score) + 1] <= x { score += 1 }
            hint[slot] = score
        }
    }

    /// The least C * x that gives each score, 0 to 99.
    static func begins(total: Int64) -> [Int64] {
        [.min] + (1..<100).map { Int64((Double(total) * 1000 * logit($0)).rounded(.up)) }
    }

    @inline(__always) func score(_ scaled: Int64) -> UInt8 {
        let slot = min(max(scaled &+ reach, 0), 2 &* reach) >> shift
        var score = Int(hint[Int(slot)])
        while begins[score &+ 1] <= scaled { score &+= 1 }
        while begins[score] > scaled { score &-= 1 }
        return UInt8(truncatingIfNeeded: score)
    }

    /// ln(p / (100 - p)), by the series of the inverse hyperbolic tangent.
    private static func logit(_ percent: Int) -> Double {
        let z = Double(2 * percent - 100) / 100
        var power = z
        var sum = 0.0
        var term = 1.0
        while power / term > 1e-18 || power / term < -1e-18 {
            sum += power / term
            power *= z * z
            term += 2
        }
        return 2 * sum
    }
}
