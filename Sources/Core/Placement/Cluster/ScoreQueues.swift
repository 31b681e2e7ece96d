/// For each kind of request, the nodes by score: finds the best node, and the first among equals, without looking at
/// any other.
///
/// Scores are small whole numbers, so a kind needs no heap: it has a bucket for each score in use, and a bucket is a
/// set of node indices as a bitmap of three levels. The first set bit is the tie rule. Changing a score is two bits.
struct ScoreQueues: ~Copyable {
    static let absent: UInt8 = 255
    private static let scores = 128

    private let nodes: Int
    private let words0: Int
    private let words1: Int
    private let words2: Int
    private let chunk: Int
    /// A kind's score of a node, or `absent`.
    private let scoreOf: Block<UInt8>
    /// Where the bitmap of a kind's score begins in the pool, in chunks; -1 until it is needed.
    private let bucket: Block<Int32>
    /// A bit for each score of a kind whose bucket is not empty.
    private let used: Block<UInt64>
    private var pool: UnsafeMutablePointer<UInt64>
    private var poolChunks: Int
    private var usedChunks = 0

    init(kinds: Int, nodes: Int) {
        self.nodes = nodes
        words0 = (nodes + 63) / 64
        words1 = (words0 + 63) / 64
        words2 = (words1 + 63) / 64
        chunk = words0 + words1 + words2
        scoreOf = Block(repeating: Self.absent, count: kinds * nodes)
        bucket = Block(repeating: -1, count: kinds * Self.scores)
        used = Block(repeating: 0, count: kinds * 2)
        poolChunks = max(kinds * 2, 1)
        pool = .allocate(capacity: poolChunks * chunk)
        pool.initialize(repeating: 0, count: poolChunks * chunk)
    }

    deinit { pool.deallocate() }

    /// Bytes of memory held.
    var footprint: Int { scoreOf.count + bucket.count * 4 + used.count * 8 + poolChunks * chunk * 8 }

    /// Sets the score of a node for a kind; `absent` takes it out.
    @inline(__always)
    mutating func set(_ kind: Int, node: Int, to score: UInt8) {
        let old = scoreOf[kind &* nodes &+ node]
        guard old != score else { return }
        scoreOf[kind &* nodes &+ node] = score
        if old != Self.absent { remove(kind, node, old) }
        if score != Self.absent { insert(kind, node, score) }
    }

    /// The highest score of a kind, and the first node that has it.
    @inline(__always)
    func best(_ kind: Int) -> (score: UInt8, node: Int)? {
        let high = used[kind &* 2 &+ 1]
        let low = used[kind &* 2]
        guard high | low != 0 else { return nil }
        let score = high != 0 ? 127 &- high.leadingZeroBitCount : 63 &- low.leadingZeroBitCount
        return first(kind, score)
    }

    /// The first node of a bucket that is not empty.
    @inline(__always)
    private func first(_ kind: Int, _ score: Int) -> (score: UInt8, node: Int) {
        let base = pool + Int(bucket[kind &* Self.scores &+ score]) &* chunk
        var top = 0
        while base[words0 &+ words1 &+ top] == 0 { top &+= 1 }
        let second = top &* 64 &+ base[words0 &+ words1 &+ top].trailingZeroBitCount
        let third = second &* 64 &+ base[words0 &+ second].trailingZeroBitCount
        return (UInt8(truncatingIfNeeded: score), third &* 64 &+ base[third].trailingZeroBitCount)
    }

    /// The best after one that does not do: the next node with the same score, or the first with the next lower one.
    func next(_ kind: Int, after candidate: (score: UInt8, node: Int)) -> (score: UInt8, node: Int)? {
        let base = pool + Int(bucket[kind &* Self.scores &+ Int(candidate.score)]) &* chunk
        let word0 = candidate.node >> 6
        if let bit = Self.firstBit(of: base[word0], above: candidate.node & 63) {
            return (candidate.score, word0 << 6 | bit)
        }
        if let bit = Self.firstBit(of: base[words0 &+ word0 >> 6], above: word0 & 63) {
            let word = (word0 >> 6) << 6 | bit
            return (candidate.score, word << 6 | base[word].trailingZeroBitCount)
        }
        var word1 = word0 >> 6 &+ 1
        while word1 < words1 {
            if base[words0 &+ word1] != 0 {
                let word = word1 << 6 | base[words0 &+ word1].trailingZeroBitCount
                return (candidate.score, word << 6 | base[word].trailingZeroBitCount)
            }
            word1 &+= 1
        }
        let score = Int(candidate.score)
        let high = score > 64 ? used[kind &* 2 &+ 1] & ((1 << UInt64(score &- 64)) &- 1) : 0
        let low = score >= 64 ? used[kind &* 2] : used[kind &* 2] & ((1 << UInt64(score)) &- 1)
        guard high | low != 0 else { return nil }
        return first(kind, high != 0 ? 127 &- high.leadingZeroBitCount : 63 &- low.leadingZeroBitCount)
    }

    @inline(__always)
    private static func firstBit(of word: UInt64, above bit: Int) -> Int? {
        let rest = bit == 63 ? 0 : word & ~((1 << UInt64(bit &+ 1)) &- 1)
        return rest == 0 ? nil : rest.trailingZeroBitCount
    }

    @inline(__always)
    private mutating func insert(_ kind: Int, _ node: Int, _ score: UInt8) {
        var place = Int(bucket[kind &* Self.scores &+ Int(score)])
        if place < 0 {
            place = newChunk()
            bucket[kind &* Self.scores &+ Int(score)] = Int32(place)
        }
        let base = pool + place &* chunk
        let (word0, word1, word2) = (node >> 6, node >> 12, node >> 18)
        base[word0] |= 1 << UInt64(node & 63)
        base[words0 &+ word1] |= 1 << UInt64(word0 & 63)
        base[words0 &+ words1 &+ word2] |= 1 << UInt64(word1 & 63)
        used[kind &* 2 &+ Int(score >> 6)] |= 1 << UInt64(score & 63)
    }

    @inline(__always)
    private func remove(_ kind: Int, _ node: Int, _ score: UInt8) {
        let base = pool + Int(bucket[kind &* Self.scores &+ Int(score)]) &* chunk
        let (word0, word1, word2) = (node >> 6, node >> 12, node >> 18)
        base[word0] &= ~(1 << UInt64(node & 63))
        guard base[word0] == 0 else { return }
        base[words0 &+ word1] &= ~(1 << UInt64(word0 & 63))
        guard base[words0 &+ word1] == 0 else { return }
        base[words0 &+ words1 &+ word2] &= ~(1 << UInt64(word1 & 63))
        for top in 0..<words2 where base[words0 &+ words1 &+ top] != 0 { return }
        used[kind &* 2 &+ Int(score >> 6)] &= ~(1 << UInt64(score & 63))
    }

    private mutating func newChunk() -> Int {
        if usedChunks == poolChunks {
            let larger = poolChunks * 2
            let grown = UnsafeMutablePointer<UInt64>.allocate(capacity: larger * chunk)
            grown.update(from: pool, count: poolChunks * chunk)
            (grown + poolChunks * chunk).initialize(repeating: 0, count: (larger - poolChunks) * chunk)
            pool.deallocate()
            (pool, poolChunks) = (grown, larger)
        }
        usedChunks += 1
        return usedChunks - 1
    }
}
