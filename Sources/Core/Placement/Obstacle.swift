/// Why a GPU does not take part in a placement; the first that applies, gravest first.
package enum Obstacle: Int, Hashable, Sendable, CaseIterable {
    case notNamed, otherModel, otherSize, tooSmall
    /// A share or a whole GPU is asked for, and the GPU is cut into slices; or the other way round.
    case inSlices, notInSlices
    case noSuchProfile
    /// Compute is asked for, and nobody knows how much the GPU has; or it has less.
    case unknownCompute, tooWeak
    /// The fence asked for is not to be had for a part of this GPU.
    case weakGrade
    /// Not enough GPUs of the node are joined as asked, even when nobody uses them.
    case notLinked, acrossNUMA
    /// The node has fewer GPUs that will do than are asked for on one node.
    case tooFewGPUs
    /// Fewer nodes will do than are asked for.
    case tooFewNodes

    case drained, unhealthy, antiAffinity, foreignProcesses
    /// Others share it by means that cannot be on one GPU with those of the request.
    case otherMeans
    case shareTaken, memoryTaken, slotsTaken
    /// It is free, but too few of those that are joined with it as asked.
    case linkedTaken, numaTaken
    /// It is free, but too few others of its node.
    case tooFewFree
    /// Its node would do, but too few others.
    case tooFewNodesFree

    /// Whether it can go away while the fleet stays as it is.
    package var isPassing: Bool { rawValue >= Obstacle.drained.rawValue }
}

extension Obstacle {
    /// What stands in the way, as the end of "3 of 8 GPUs ...".
    package var words: String { phrase.many }

    /// The same for one GPU: "1 of 8 GPUs ...".
    package var wordsForOne: String { phrase.one }

    private var phrase: (many: String, one: String) {
        switch self {
        case .notNamed: ("are not among those named", "is not among those named")
        case .otherModel: ("are of another model", "is of another model")
        case .otherSize: ("have another amount of memory", "has another amount of memory")
        case .tooSmall: ("are too small", "is too small")
        case .inSlices: ("are cut into slices (MIG is on)", "is cut into slices (MIG is on)")
        case .notInSlices: ("are not cut into slices (MIG is off)", "is not cut into slices (MIG is off)")
        case .noSuchProfile: ("have no slices of that profile", "has no slices of that profile")
        case .unknownCompute: ("are of a model whose compute is not known", "is of a model whose compute is not known")
        case .tooWeak: ("have less compute in all", "has less compute in all")
        case .weakGrade: ("cannot fence a part that strongly", "cannot fence a part that strongly")
        case .notLinked: ("are not joined as asked", "is not joined to others as asked")
        case .acrossNUMA: ("are too few on one NUMA node", "is not with enough others on one NUMA node")
        case .tooFewGPUs: ("are on nodes with too few GPUs", "is on a node with too few GPUs")
        case .tooFewNodes: ("are on too few nodes", "is on one node of too few")
        case .drained: ("are drained", "is drained")
        case .unhealthy: ("are unhealthy", "is unhealthy")
        case .antiAffinity: ("are held by those it keeps away from", "is held by those it keeps away from")
        case .foreignProcesses: ("are held by processes without a lease", "is held by processes without a lease")
        case .otherMeans: ("are shared by other means", "is shared by other means")
        case .shareTaken: ("are taken by leases", "is taken by leases")
        case .memoryTaken: ("have too little memory free", "has too little memory free")
        case .slotsTaken: ("have no place free for such slices", "has no place free for such slices")
        case .linkedTaken: ("are free, but not joined as asked", "is free, but not joined to others as asked")
        case .numaTaken:
            ("are free, but not enough on one NUMA node", "is free, but not enough others on its NUMA node")
        case .tooFewFree: ("are free, but too few on one node", "is free, but too few others of its node")
        case .tooFewNodesFree: ("are free, but on too few nodes", "is free, but on too few nodes")
        }
    }
}
