import Fleet

/// The slices that a request asks of one GPU, for GPUs of one kind.
///
/// On a GPU whose slices are known it gets those that exist and are free; on any other they are cut as needed.
struct SliceNeed: Sendable {
    private enum Means: Sendable {
        /// Positions in the geometry's profiles, as the request names them.
        case cut(profiles: [Int], SliceGradient)
        case existing(ExistingSliceNeed)
    }

    private let means: Means

    /// Nil where the kind has no such slices.
    init?(_ request: Request, of kind: GPUKind) {
        guard let wish = request.sliceWish else { return nil }
        if kind.gpu.slices != nil {
            guard let existing = ExistingSliceNeed(wish, of: kind.gpu) else { return nil }
            means = .existing(existing)
            return
        }
        guard case .profiles(let names) = wish, let gradient = kind.slices, !names.isEmpty else { return nil }
        let found = names.compactMap(gradient.tables.geometry.position(of:))
        guard found.count == names.count else { return nil }
        means = .cut(profiles: found, gradient)
    }

    /// Whether they all fit on a GPU that nobody uses.
    var fitsEmpty: Bool { fits(.empty) }

    /// Whether they all fit beside what is there.
    func fits(_ taken: SliceOccupancy) -> Bool {
        switch means {
        case .existing(let need): need.choice(beside: taken) != nil
        case .cut(let profiles, let gradient):
            profiles.count == 1
                ? gradient.tables.starts(of: profiles[0], in: taken) != 0
                : gradient.starts(of: profiles, in: taken) != nil
        }
    }

    /// How many MIG devices of this GPU the request names.
    var named: Int {
        if case .existing(let need) = means { need.named } else { 0 }
    }

    /// What the smallest of them has.
    var leastMemory: Bytes {
        switch means {
        case .existing(let need): need.choice(beside: .empty)?.map(\.memory).min() ?? .zero
        case .cut(let profiles, let gradient):
            profiles.map { gradient.tables.geometry.profiles[$0].memory }.min() ?? .zero
        }
    }

    /// Thousandths of the GPU's compute that they have together.
    var milli: Int32 {
        switch means {
        case .existing(let need): need.choice(beside: .empty)?.reduce(0) { $0 + need.gpu.share(of: $1).milli } ?? 0
        case .cut(let profiles, let gradient): profiles.reduce(0) { $0 + Self.share(of: $1, in: gradient).milli }
        }
    }

    private static func share(of profile: Int, in gradient: SliceGradient) -> Share {
        let geometry = gradient.tables.geometry
        return Share(milli: Int32(geometry.profiles[profile].computeSlices * 1000 / max(geometry.computeSlices, 1)))
    }

    /// What it takes of a GPU, each slice by itself; they fit. Those that are cut are cut where they do the least harm.
    func grants(gpu: Int, beside taken: SliceOccupancy, by mixed: SliceGradient?) -> [PoolPlacement.Grant] {
        switch means {
        case .existing(let need):
            return (need.choice(beside: taken) ?? []).map { slice in
                PoolPlacement.Grant(
                    gpu: gpu, share: need.gpu.share(of: slice), memory: slice.memory, slice: slice.spot)
            }
        case .cut(let profiles, let own):
            let gradient = mixed ?? own
            let starts = gradient.starts(of: profiles, in: taken) ?? []
            return zip(profiles, starts).map { profile, start in
                let description = gradient.tables.geometry.profiles[profile]
                return PoolPlacement.Grant(
                    gpu: gpu, share: Self.share(of: profile, in: gradient), memory: description.memory,
                    slice: SliceSpot(profile: description.id, start: start))
            }
        }
    }

    /// What it costs to take them beside what is there, smaller is better.
    func cost(beside taken: SliceOccupancy, by policy: PolicyName, _ mixed: SliceGradient?) -> Int64 {
        switch means {
        case .existing(let need): return need.cost(beside: taken, by: policy)
        case .cut(let profiles, let own):
            let gradient = mixed ?? own
            let free = Int64(gradient.tables.freeSlots(in: taken))
            switch policy {
            case .spread, .leastLoaded: return -free
            case .fgd, .divvy: return Int64(gradient.rank(of: profiles, in: taken))
            case .random, .roundRobin, .bestFit, .dotProduct, .gpuPacking, .gpuClustering: return free
            }
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
