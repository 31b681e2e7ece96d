extension Obstacle {
    /// What stands in the way, as the end of "3 of 8 GPUs ...".
    package var words: String {
        switch self {
        case .notNamed: "are not among those named"
        case .otherModel: "are of another model"
        case .otherSize: "have another amount of memory"
        case .tooSmall: "are too small"
        case .inSlices: "are cut into slices (MIG is on)"
        case .unhealthy: "are unhealthy"
        case .foreignProcesses: "are held by processes without a lease"
        case .shareTaken: "are taken by leases"
        case .memoryTaken: "have too little memory free"
        }
    }

    /// The same for one GPU: "1 of 8 GPUs ...".
    package var wordsForOne: String {
        switch self {
        case .notNamed: "is not among those named"
        case .otherModel: "is of another model"
        case .otherSize: "has another amount of memory"
        case .tooSmall: "is too small"
        case .inSlices: "is cut into slices (MIG is on)"
        case .unhealthy: "is unhealthy"
        case .foreignProcesses: "is held by processes without a lease"
        case .shareTaken: "is taken by leases"
        case .memoryTaken: "has too little memory free"
        }
    }
}
