/// Why a request gets no place in a cluster, counted over all nodes.
package struct ClusterExplanation: Hashable, Sendable {
    /// What the nearest miss lacks.
    package struct NearestMiss: Hashable, Sendable {
        package let node: Int
        package let obstacle: NodeObstacle
        /// Thousandths of CPU, MiB, and thousandths of GPUs that would have to be given back there.
        package let missingCPUMilli: Int32
        package let missingMemoryMiB: Int32
        package let missingGPUMilli: Int32
    }

    package let nodes: Int
    /// Nodes on which it fits.
    package let fitting: Int
    /// Nodes by what stands in the way; together with `fitting` all nodes.
    package let obstacles: [NodeObstacle: Int]
    /// GPUs of those nodes by the same obstacles.
    package let gpus: [NodeObstacle: Int]
    /// The node that needs the least given back; nil when the request fits somewhere or can fit nowhere.
    package let nearest: NearestMiss?

    /// Whether it would fit if everybody gave everything back.
    package var couldEverFit: Bool { fitting > 0 || obstacles.contains { $0.key.isPassing && $0.value > 0 } }
}

extension Cluster {
    /// Says for a request what stands in the way on every node, by the test that decisions are made with.
    package func explain(_ request: RequestKind) -> ClusterExplanation {
        var fitting = 0
        var obstacles: [NodeObstacle: Int] = [:]
        var gpus: [NodeObstacle: Int] = [:]
        var nearest: (cost: Int64, miss: ClusterExplanation.NearestMiss)?
        for node in 0..<count {
            let state = self[node]
            let kind = kinds[Int(state.kind)]
            guard let obstacle = state.obstacle(to: request, on: kind) else {
                fitting += 1
                continue
            }
            obstacles[obstacle, default: 0] += 1
            gpus[obstacle, default: 0] += Int(state.gpus)
            guard obstacle.isPassing else { continue }
            let miss = miss(of: request, on: node, obstacle)
            let cost = Self.cost(of: miss, on: kind)
            if cost < nearest?.cost ?? .max { nearest = (cost, miss) }
        }
        return ClusterExplanation(
            nodes: count, fitting: fitting, obstacles: obstacles, gpus: gpus,
            nearest: fitting > 0 ? nil : nearest?.miss)
    }

    private func miss(
        of request: RequestKind, on node: Int, _ obstacle: NodeObstacle
    ) -> ClusterExplanation.NearestMiss {
        let state = self[node]
        // The GPUs that lack the least, as many as asked for.
        let lacking = (0..<Int(state.gpus)).map { max(request.gpuMilli - Int32(state.left[$0]), 0) }.sorted()
        return ClusterExplanation.NearestMiss(
            node: node, obstacle: obstacle, missingCPUMilli: max(request.cpuMilli - state.cpuLeft, 0),
            missingMemoryMiB: max(request.memoryMiB - state.memoryLeft, 0),
            missingGPUMilli: lacking.prefix(Int(request.gpus)).reduce(0, +))
    }

    /// What is missing in parts of the node, so that a GPU, CPU and memory can be compared.
    private static func cost(of miss: ClusterExplanation.NearestMiss, on kind: NodeKind) -> Int64 {
        func part(_ missing: Int32, of whole: Int32) -> Int64 { Int64(missing) * 1_000_000 / Int64(max(whole, 1)) }
        return part(miss.missingCPUMilli, of: kind.cpuMilli) + part(miss.missingMemoryMiB, of: kind.memoryMiB)
            + part(miss.missingGPUMilli, of: kind.gpus * 1000)
    }
}
