/// How good a node is for a request, and which of its GPUs it would give.
struct NodeScore: BitwiseCopyable {
    /// 0 to 127; higher is better.
    let score: UInt8
    let gpus: UInt8
}

/// A policy that an index can hold: the score of a node depends on that node and the kind alone.
protocol NodeScorer: ~Copyable {
    /// Follows a node that changed, in CPU, memory and these GPUs.
    mutating func changed(_ node: Int, from before: NodeState, to after: NodePointer, gpus: UInt8)

    /// Scores a node on which the kind fits.
    func score(_ kind: Int, _ request: RequestKind, on node: Int, _ state: NodePointer) -> NodeScore
}
