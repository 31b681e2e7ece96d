/// The best sets of nodes of 9 to 16 GPUs by the GPUs that are free, learned as GPUs are taken and given back; smaller
/// nodes have all answers in their tables, larger ones are not searched exactly.
struct TopologyMemory: Sendable {
    /// By kind of node and free GPUs: for each size the best set, 0 where there is none.
    private var answers: [UInt64: [UInt16]] = [:]

    /// How many are kept before all are forgotten.
    private static let limit = 4096

    private static func key(_ shape: Int, _ free: GPUMask) -> UInt64 { UInt64(shape) << 16 | free & 0xFFFF }

    /// Finds the best set of each size among the free GPUs of a node, unless they are known.
    mutating func learn(_ free: GPUMask, of tables: TopologyTables, shape: Int) {
        let key = Self.key(shape, free)
        guard answers[key] == nil else { return }
        if answers.count >= Self.limit { answers.removeAll(keepingCapacity: true) }
        answers[key] = (0...tables.count).map { size in tables.best(size, in: free).map { UInt16($0) } ?? 0 }
    }

    /// The best set of a size among the free GPUs; nil where it was not learned or where there is none.
    func best(_ size: Int, in free: GPUMask, shape: Int) -> GPUMask? {
        guard let sets = answers[Self.key(shape, free)], sets.indices.contains(size), sets[size] != 0 else {
            return nil
        }
        return GPUMask(sets[size])
    }
}
