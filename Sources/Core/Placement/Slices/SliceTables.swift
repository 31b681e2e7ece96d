package import Fleet

/// What fits on a GPU of one geometry, exactly, for everything that can have been taken of it.
///
/// A GPU has at most eight memory slots, so that all occupancies can be gone through once and then looked up.
package struct SliceTables: Sendable {
    package let geometry: MIGGeometry
    /// By profile and occupancy: one bit for each slot at which the profile can begin.
    private let feasible: [UInt8]
    /// By profile and occupancy: one bit for each slot that some feasible slice of the profile would cover.
    private let covered: [UInt8]

    package init(_ geometry: MIGGeometry) {
        self.geometry = geometry
        var feasible = [UInt8](repeating: 0, count: geometry.profiles.count * SliceOccupancy.count)
        var covered = feasible
        for (position, profile) in geometry.profiles.enumerated() {
            for index in 0..<SliceOccupancy.count {
                let occupancy = SliceOccupancy(index: index)
                guard occupancy.media.leavesRoom(for: profile.media) else { continue }
                for start in profile.starts {
                    let span = Self.span(of: profile, at: start)
                    guard occupancy.slots & span == 0 else { continue }
                    feasible[position * SliceOccupancy.count + index] |= 1 << UInt8(start)
                    covered[position * SliceOccupancy.count + index] |= span
                }
            }
        }
        self.feasible = feasible
        self.covered = covered
    }

    /// The slots that a slice would take, one bit each.
    static func span(of profile: MIGProfile, at start: Int) -> UInt8 {
        UInt8(truncatingIfNeeded: ((1 << profile.memorySlices) - 1) << start)
    }

    /// One bit for each slot at which the profile in a position can begin; 0 where it does not fit.
    package func starts(of profile: Int, in occupancy: SliceOccupancy) -> UInt8 {
        feasible[profile * SliceOccupancy.count + occupancy.index]
    }

    /// What is taken once a slice stands there too; the start must be one of `starts`.
    package func adding(_ profile: Int, at start: Int, to occupancy: SliceOccupancy) -> SliceOccupancy {
        let description = geometry.profiles[profile]
        return SliceOccupancy(
            slots: occupancy.slots | Self.span(of: description, at: start),
            media: occupancy.media.union(.init(of: description.media)))
    }

    /// What slices take together, each a profile's position and a start.
    package func occupancy(of slices: some Sequence<SliceStand>) -> SliceOccupancy {
        slices.reduce(.empty) { adding($1.profile, at: $1.start, to: $0) }
    }

    /// How many slots are free.
    package func freeSlots(in occupancy: SliceOccupancy) -> Int {
        geometry.memorySlices - occupancy.slots.nonzeroBitCount
    }

    /// Sum over profiles of how often each is asked for, times the free slots that no slice of it could cover.
    ///
    /// The measure of fragmentation of the gradient policy: what is free and yet of no use to the demand, with slots in
    /// the place of GPU fractions.
    package func fragmentation(of occupancy: SliceOccupancy, for mix: SliceMix) -> Int {
        let free = freeSlots(in: occupancy)
        return geometry.profiles.indices.reduce(0) { sum, profile in
            let useful = covered[profile * SliceOccupancy.count + occupancy.index].nonzeroBitCount
            return sum + Int(mix.counts[profile]) * (free - useful)
        }
    }
}

/// A slice and where it stands on its GPU.
package struct SliceStand: Hashable, Sendable, Codable {
    /// A position in the geometry's profiles.
    package let profile: Int
    /// The first memory slot.
    package let start: Int

    package init(profile: Int, start: Int) {
        self.profile = profile
        self.start = start
    }
}
