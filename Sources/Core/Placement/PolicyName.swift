package import Fleet

extension PolicyName {
    /// The policy that looks at one node at a time; nil for those that keep an index.
    package var scan: ScanPolicy? {
        switch self {
        case .random: .random
        case .roundRobin: .roundRobin
        case .leastLoaded: .leastLoaded
        case .spread: .spread
        case .bestFit: .bestFit
        case .dotProduct: .dotProduct
        case .gpuPacking: .gpuPacking
        case .gpuClustering: .gpuClustering
        case .fgd, .divvy: nil
        }
    }
}
