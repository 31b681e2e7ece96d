import Fleet

/// How slices find their GPU.
package enum SlicePolicy: String, Hashable, Sendable, CaseIterable {
    /// The emptiest GPU.
    case spread
    /// The first GPU on which it fits.
    case firstFit = "first-fit"
    /// The fullest GPU on which it fits.
    case bestFit = "best-fit"
    /// The GPU and start that add least fragmentation for the demand, then the fullest.
    case gradient = "fgd"
}

/// Where a slice goes among GPUs of one geometry.
package struct SlicePlace: Hashable, Sendable {
    package let gpu: Int
    package let slice: SliceStand

    package init(gpu: Int, slice: SliceStand) {
        self.gpu = gpu
        self.slice = slice
    }
}

/// GPUs of one geometry and the slices on them: chooses where the next one goes. A value: copy it to ask "what if".
package struct SlicePlacer: Sendable {
    package let gradient: SliceGradient
    package let policy: SlicePolicy
    /// By GPU, in the order they came.
    package private(set) var slices: [[SliceStand]]
    package private(set) var occupancies: [SliceOccupancy]

    /// - Parameter gpus: how many, all empty.
    package init(_ gradient: SliceGradient, gpus: Int, by policy: SlicePolicy = .gradient) {
        self.gradient = gradient
        self.policy = policy
        slices = Array(repeating: [], count: gpus)
        occupancies = Array(repeating: .empty, count: gpus)
    }

    /// Where a slice of that profile would go: of equally good GPUs the lowest, of equally good starts the lowest; nil
    /// where it fits nowhere.
    package func find(_ profile: Int) -> SlicePlace? {
        var best = (rank: Int.max, gpu: -1)
        for gpu in occupancies.indices {
            let rank = rank(of: profile, in: occupancies[gpu])
            if rank < best.rank {
                best = (rank, gpu)
                if policy == .firstFit { break }
            }
        }
        guard best.gpu >= 0, let start = start(of: profile, in: occupancies[best.gpu]) else { return nil }
        return SlicePlace(gpu: best.gpu, slice: SliceStand(profile: profile, start: start))
    }

    private func rank(of profile: Int, in occupancy: SliceOccupancy) -> Int {
        if policy == .gradient { return gradient.rank(of: profile, in: occupancy) }
        guard gradient.tables.starts(of: profile, in: occupancy) != 0 else { return .max }
        switch policy {
        case .spread: return occupancy.slots.nonzeroBitCount
        case .bestFit: return gradient.tables.freeSlots(in: occupancy)
        case .firstFit, .gradient: return 0
        }
    }

    private func start(of profile: Int, in occupancy: SliceOccupancy) -> Int? {
        if policy == .gradient { return gradient.start(of: profile, in: occupancy) }
        let feasible = gradient.tables.starts(of: profile, in: occupancy)
        return feasible == 0 ? nil : feasible.trailingZeroBitCount
    }

    /// Finds a place for a slice and takes it; nil where it fits nowhere.
    package mutating func place(_ profile: Int) -> SlicePlace? {
        guard let place = find(profile) else { return nil }
        take(place)
        return place
    }

    /// Takes a place that is free: what `find` found, or what was decided before.
    package mutating func take(_ place: SlicePlace) {
        slices[place.gpu].append(place.slice)
        occupancies[place.gpu] = gradient.tables.adding(
            place.slice.profile, at: place.slice.start, to: occupancies[place.gpu])
    }

    /// Gives a slice's slots and engines back; false when no such slice stands there.
    @discardableResult
    package mutating func giveBack(_ place: SlicePlace) -> Bool {
        guard let position = slices[place.gpu].firstIndex(of: place.slice) else { return false }
        slices[place.gpu].remove(at: position)
        occupancies[place.gpu] = gradient.tables.occupancy(of: slices[place.gpu])
        return true
    }
}
