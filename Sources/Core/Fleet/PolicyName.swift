/// The placement policies by the names that people choose them by, the same for a cluster and for a pool.
package enum PolicyName: String, Hashable, Sendable, Codable, CaseIterable {
    case random
    case roundRobin = "round-robin"
    case leastLoaded = "least-loaded"
    case spread
    case bestFit = "best-fit"
    case dotProduct = "dot-product"
    case gpuPacking = "gpu-packing"
    case gpuClustering = "gpu-clustering"
    case fgd
    case divvy

    package var summary: String {
        switch self {
        case .random: "any node that fits"
        case .roundRobin: "the next node that fits, in turn"
        case .leastLoaded: "the node with the largest part of its GPUs free"
        case .spread: "the emptiest GPU"
        case .bestFit: "the node with the least CPU and GPU left afterwards"
        case .dotProduct: "the node whose free parts are least like the request"
        case .gpuPacking: "GPUs in use before free GPUs before free nodes"
        case .gpuClustering: "nodes that hold requests of the same size"
        case .fgd: "the node where fragmentation falls the most"
        case .divvy: "our own: fragmentation, expected stranding and scarce models"
        }
    }
}
