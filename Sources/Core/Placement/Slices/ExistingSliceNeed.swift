import Fleet

/// The slices that a request asks of one GPU whose slices are known: it gets those, and none is cut.
struct ExistingSliceNeed: Sendable {
    let gpu: GPU
    /// For each slice that it asks for, those of the GPU's that will do, the best first.
    private let suitable: [[ExistingSlice]]
    /// How many MIG devices of this GPU it names.
    let named: Int

    /// Nil where the GPU has none that it asks for.
    init?(_ wish: SliceWish, of gpu: GPU) {
        self.gpu = gpu
        // One that shares its memory with others fences nothing.
        let slices = (gpu.slices ?? []).filter(\.isAlone)
        switch wish {
        case .profiles(let names):
            suitable = names.map { name in slices.filter { $0.isOf(profile: name) } }
            named = 0
        case .devices(let names):
            suitable = names.compactMap { name in
                let meant = slices.filter { Self.means(name, $0, of: gpu) }
                return meant.isEmpty ? nil : meant
            }
            named = suitable.reduce(0) { $0 + $1.count }
        case .atLeast(let share, let memory):
            let large = slices.filter { gpu.share(of: $0) >= share && $0.memory >= memory }
            suitable = [large.sorted { Self.size($0) < Self.size($1) }]
            named = 0
        }
        guard !suitable.isEmpty, suitable.allSatisfy({ !$0.isEmpty }) else { return nil }
    }

    /// A UUID or the beginning of one, or the indices of GPU and MIG device.
    static func means(_ name: String, _ slice: ExistingSlice, of gpu: GPU) -> Bool {
        if name == "\(gpu.index):\(slice.index)" { return true }
        return name.count > 4 && slice.uuid.lowercased().hasPrefix(name.lowercased())
    }

    private static func size(_ slice: ExistingSlice) -> (Int, Bytes, Int) {
        (slice.computeSlices, slice.memory, slice.start)
    }

    /// Free slices that it would get, in the order that it asks for them; nil where there are not enough.
    ///
    /// Which ones suffice does not depend on the order: two wishes are for the same slices or for none in common, or
    /// there is only one.
    func choice(beside taken: SliceOccupancy) -> [ExistingSlice]? {
        var taken = taken
        var chosen: [ExistingSlice] = []
        for slices in suitable {
            guard let slice = slices.first(where: { !taken.hasExisting(at: $0.start) }) else { return nil }
            taken = taken.addingExisting(at: slice.start)
            chosen.append(slice)
        }
        return chosen
    }

    /// What it costs to take them, smaller is better: first larger slices than need be, then by how many others of the
    /// GPU are free.
    func cost(beside taken: SliceOccupancy, by policy: PolicyName) -> Int64 {
        let all = gpu.slices ?? []
        let free = Int64(all.count { !taken.hasExisting(at: $0.start) })
        let size = choice(beside: taken)?.reduce(0) { $0 + $1.computeSlices * 16 + Int($1.memory.count >> 32) } ?? 0
        return Int64(size) * 64 + (policy == .spread || policy == .leastLoaded ? -free : free)
    }
}

extension SliceOccupancy {
    /// Nothing is to be had.
    static let full = SliceOccupancy(slots: .max, media: [.own, .extensions, .all])

    /// Of slices that exist one bit says that it is taken, that of the slot at which it begins: no two begin at the same.
    init(existing spots: some Sequence<SliceSpot>) {
        self = spots.reduce(.empty) { $0.addingExisting(at: $1.start) }
    }

    func hasExisting(at start: Int) -> Bool { slots & Self.bit(start) != 0 }

    func addingExisting(at start: Int) -> SliceOccupancy {
        SliceOccupancy(slots: slots | Self.bit(start), media: media)
    }

    private static func bit(_ start: Int) -> UInt8 { (0..<8).contains(start) ? 1 << UInt8(start) : 0 }
}
