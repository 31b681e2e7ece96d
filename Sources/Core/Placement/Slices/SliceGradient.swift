import Fleet

/// The best start for each profile on each occupancy, for one mix of demand: the one that adds least fragmentation.
package struct SliceGradient: Sendable {
    package let tables: SliceTables
    package let mix: SliceMix
    /// By occupancy.
    private let fragmentation: [Int]
    /// By profile and occupancy; -1 where the profile does not fit.
    private let starts: [Int8]
    /// By profile and occupancy; `Int.max` where the profile does not fit.
    private let ranks: [Int]

    package init(_ tables: SliceTables, for mix: SliceMix) {
        self.tables = tables
        self.mix = mix
        let fragmentation = (0..<SliceOccupancy.count).map {
            tables.fragmentation(of: SliceOccupancy(index: $0), for: mix)
        }
        var starts = [Int8](repeating: -1, count: tables.geometry.profiles.count * SliceOccupancy.count)
        var ranks = [Int](repeating: .max, count: starts.count)
        for (position, profile) in tables.geometry.profiles.enumerated() {
            for index in 0..<SliceOccupancy.count {
                let occupancy = SliceOccupancy(index: index)
                let feasible = tables.starts(of: position, in: occupancy)
                guard feasible != 0 else { continue }
                for start in profile.starts where feasible >> UInt8(start) & 1 == 1 {
                    let after = fragmentation[tables.adding(position, at: start, to: occupancy).index]
                    let rank = Self.rank(added: after - fragmentation[index], free: tables.freeSlots(in: occupancy))
                    guard rank < ranks[position * SliceOccupancy.count + index] else { continue }
                    ranks[position * SliceOccupancy.count + index] = rank
                    starts[position * SliceOccupancy.count + index] = Int8(start)
                }
            }
        }
        self.fragmentation = fragmentation
        self.starts = starts
        self.ranks = ranks
    }

    /// The start that adds least fragmentation, the lowest of equal ones; nil where the profile does not fit.
    package func start(of profile: Int, in occupancy: SliceOccupancy) -> Int? {
        let start = starts[profile * SliceOccupancy.count + occupancy.index]
        return start < 0 ? nil : Int(start)
    }

    /// Orders GPUs for a profile, smallest first: by the fragmentation that its best start adds, then the fullest;
    /// `Int.max` where it does not fit.
    package func rank(of profile: Int, in occupancy: SliceOccupancy) -> Int {
        ranks[profile * SliceOccupancy.count + occupancy.index]
    }

    /// How much of what is free the demand cannot use; the unit is that of the mix.
    package func fragmentation(of occupancy: SliceOccupancy) -> Int { fragmentation[occupancy.index] }

    /// Starts for several profiles on one GPU, in the order of `profiles`, so that they leave least fragmentation; of
    /// equal arrangements the one with the lowest starts, the largest profile's first. Nil where they do not all fit.
    package func starts(of profiles: [Int], in occupancy: SliceOccupancy) -> [Int]? {
        var search = SliceArrangement(gradient: self, profiles: profiles)
        return search.best(in: occupancy)?.starts
    }

    /// Orders GPUs for several profiles that go together on one, as `rank` does for one profile.
    package func rank(of profiles: [Int], in occupancy: SliceOccupancy) -> Int {
        if profiles.count == 1 { return rank(of: profiles[0], in: occupancy) }
        var search = SliceArrangement(gradient: self, profiles: profiles)
        guard let best = search.best(in: occupancy) else { return .max }
        let added = best.fragmentation - fragmentation[occupancy.index]
        return Self.rank(added: added, free: tables.freeSlots(in: occupancy))
    }

    /// First by what is added, then by how many slots are free; these are always fewer than 16.
    private static func rank(added: Int, free: Int) -> Int { added * 16 + free }
}
