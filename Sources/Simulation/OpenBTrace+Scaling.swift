import Placement

extension OpenBTrace {
    /// The same mix of demand on a fleet of another size: nodes are repeated, or left out evenly, so that each kind
    /// keeps its part.
    package func scaled(toNodes count: Int) -> OpenBTrace {
        let ordered = nodes.sorted {
            ($0.model, $0.gpus, $0.cpuMilli, $0.memoryMiB) < ($1.model, $1.gpus, $1.cpuMilli, $1.memoryMiB)
        }
        return OpenBTrace(
            nodes: (0..<count).map { ordered[$0 * ordered.count / count] }, kinds: kinds, pods: pods, mix: mix)
    }
}
