import Fleet

/// The search for starts of several slices on one GPU: exact, for eight slots bound its depth.
struct SliceArrangement {
    let gradient: SliceGradient
    /// Largest first, where most is decided; each with its place in the request.
    private let order: [(profile: Int, place: Int)]
    private var chosen: [Int]
    private var best: (fragmentation: Int, starts: [Int])?

    init(gradient: SliceGradient, profiles: [Int]) {
        self.gradient = gradient
        let sizes = gradient.tables.geometry.profiles
        order = profiles.enumerated().map { (profile: $1, place: $0) }.sorted { left, right in
            let (mine, theirs) = (sizes[left.profile].memorySlices, sizes[right.profile].memorySlices)
            if mine != theirs { return mine > theirs }
            return left.profile == right.profile ? left.place < right.place : left.profile < right.profile
        }
        chosen = Array(repeating: 0, count: profiles.count)
    }

    /// The arrangement that leaves least fragmentation; nil where they do not all fit.
    mutating func best(in occupancy: SliceOccupancy) -> (fragmentation: Int, starts: [Int])? {
        let sizes = gradient.tables.geometry.profiles
        let slots = order.reduce(0) { $0 + sizes[$1.profile].memorySlices }
        guard slots <= gradient.tables.freeSlots(in: occupancy) else { return nil }
        descend(0, occupancy)
        return best
    }

    private mutating func descend(_ depth: Int, _ occupancy: SliceOccupancy) {
        guard depth < order.count else {
            let fragmentation = gradient.fragmentation(of: occupancy)
            if best.map({ fragmentation < $0.fragmentation }) ?? true { best = (fragmentation, chosen) }
            return
        }
        let (profile, place) = order[depth]
        // Equal slices stand in ascending order, for the others are the same arrangement again.
        let isTwin = depth > 0 && order[depth - 1].profile == profile
        let floor = isTwin ? chosen[order[depth - 1].place] + 1 : 0
        var feasible = gradient.tables.starts(of: profile, in: occupancy) & (.max << UInt8(floor))
        while feasible != 0 {
            chosen[place] = feasible.trailingZeroBitCount
            feasible &= feasible - 1
            descend(depth + 1, gradient.tables.adding(profile, at: chosen[place], to: occupancy))
        }
    }
}
