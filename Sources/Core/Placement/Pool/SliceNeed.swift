import Fleet

/// The slices that a request asks of one GPU, for GPUs of one kind.
struct SliceNeed: Sendable {
    /// Positions in the geometry's profiles, as the request names them.
    let profiles: [Int]
    private let gradient: SliceGradient

    /// Nil where the kind has no such profiles.
    init?(_ request: Request, of kind: GPUKind) {
        guard case .slice(let names) = request.portion, let gradient = kind.slices, !names.isEmpty else { return nil }
        let found = names.compactMap(gradient.tables.geometry.position(of:))
        guard found.count == names.count else { return nil }
        profiles = found
        self.gradient = gradient
    }

    private var geometry: MIGGeometry { gradient.tables.geometry }

    /// Whether they all fit on a GPU that nobody uses.
    var fitsEmpty: Bool { fits(.empty) }

    /// Whether they all fit beside what is there.
    func fits(_ taken: SliceOccupancy) -> Bool {
        profiles.count == 1
            ? gradient.tables.starts(of: profiles[0], in: taken) != 0 : gradient.starts(of: profiles, in: taken) != nil
    }

    /// What the smallest of them has.
    var leastMemory: Bytes { profiles.map { geometry.profiles[$0].memory }.min() ?? .zero }

    /// Thousandths of the GPU's compute that they have together.
    var milli: Int32 { profiles.reduce(0) { $0 + share(of: $1).milli } }

    func share(of profile: Int) -> Share {
        Share(milli: Int32(geometry.profiles[profile].computeSlices * 1000 / max(geometry.computeSlices, 1)))
    }

    /// What it takes of a GPU, each slice by itself, at the starts that do the least harm; they fit.
    func grants(gpu: Int, beside taken: SliceOccupancy, by gradient: SliceGradient) -> [PoolPlacement.Grant] {
        let starts = gradient.starts(of: profiles, in: taken) ?? []
        return zip(profiles, starts).map { profile, start in
            let description = geometry.profiles[profile]
            return PoolPlacement.Grant(
                gpu: gpu, share: share(of: profile), memory: description.memory,
                slice: SliceSpot(profile: description.id, start: start))
        }
    }

    /// What it costs to take them beside what is there, smaller is better.
    func cost(beside taken: SliceOccupancy, by policy: PolicyName, _ gradient: SliceGradient) -> Int64 {
        let free = Int64(gradient.tables.freeSlots(in: taken))
        switch policy {
        case .spread, .leastLoaded: return -free
        case .fgd, .divvy: return Int64(gradient.rank(of: profiles, in: taken))
        case .random, .roundRobin, .bestFit, .dotProduct, .gpuPacking, .gpuClustering: return free
        }
    }
}

extension GPUKind {
    /// Where slices do the least harm to a mix of demand; nil where the GPU is not cut into slices.
    func gradient(for mix: DemandMix) -> SliceGradient? {
        guard let slices, !mix.isEmpty else { return slices }
        let geometry = slices.tables.geometry
        var counts = [Int32](repeating: 0, count: geometry.profiles.count)
        for (request, count) in mix.counts {
            guard case .slice(let names) = request.portion else { continue }
            for name in names {
                if let position = geometry.position(of: name) { counts[position] += Int32(count) }
            }
        }
        if counts.allSatisfy({ $0 == 0 }) { return slices }
        return SliceGradient(slices.tables, for: SliceMix(counts: counts))
    }

    /// What slices take together; those of unknown profiles take nothing.
    func occupancy(of spots: some Sequence<SliceSpot>) -> SliceOccupancy {
        guard let tables = slices?.tables else { return .empty }
        return tables.occupancy(
            of: spots.compactMap { spot in
                tables.geometry.position(ofID: spot.profile).map { SliceStand(profile: $0, start: spot.start) }
            })
    }
}
