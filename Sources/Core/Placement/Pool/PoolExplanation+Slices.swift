import Fleet

/// The sentences of explanations about slices.
extension Survey {
    /// Why slices are not to be had now, or never; nil where what is said of GPUs says it best.
    func sliceSummary(in pool: Pool) -> String? {
        guard let wish = demand.request.sliceWish else { return nil }
        let cut = CutGPUs(pool, named: demand.named)
        if couldEverFit {
            // Drained or unhealthy GPUs are spoken of like any others.
            let passing = counts(alone: true).first { $0.obstacle.isPassing }
            return passing?.obstacle == .slotsTaken ? cut.taken(wish) : nil
        }
        guard eligible == 0, obstacles.joined().contains(where: { $0 == .noSuchProfile || $0 == .notInSlices }) else {
            return nil
        }
        if !cut.gpus.isEmpty { return cut.missing(wish) }
        if demand.named.isEmpty { return cut.none(wish) }
        let devices = demand.request.devices
        return "GPU\(devices.count == 1 ? "" : "s") \(devices.joined(separator: ", ")) "
            + (devices.count == 1 ? Obstacle.notInSlices.wordsForOne : Obstacle.notInSlices.words)
    }

    /// What would make a slice free.
    func unblocksSlices(in pool: Pool) -> String? {
        guard demand.isForSlices, !CutGPUs(pool, named: demand.named).gpus.isEmpty else { return nil }
        return "a lease of such a slice that ends, or another such slice"
    }
}

/// The GPUs of a pool whose slices are known, those that were named where any were, with what is free of them.
private struct CutGPUs {
    struct Slice {
        let gpu: GPU
        let slice: ExistingSlice
        let isTaken: Bool
        let isForeign: Bool
    }

    let node: String?
    let all: [GPU]
    let gpus: [GPU]
    let slices: [Slice]

    init(_ pool: Pool, named: [GPUMask]) {
        node = pool.nodes.count == 1 ? pool.nodes.first?.node.name : nil
        all = pool.nodes.flatMap(\.node.gpus)
        func isNamed(_ gpu: Int, _ node: Int) -> Bool { named.isEmpty || named[node] >> GPUMask(gpu) & 1 == 1 }
        gpus = pool.nodes.enumerated().flatMap { node, room in
            room.node.gpus.enumerated().filter { isNamed($0.offset, node) && $0.element.slices != nil }.map(\.element)
        }
        slices = pool.nodes.enumerated().flatMap { node, room in
            room.node.gpus.enumerated().filter { isNamed($0.offset, node) }.flatMap { position, gpu in
                let taken = room.takenSlices(of: position)
                let foreign = room.foreignSlices.filter { $0.gpu == position }.map(\.slice)
                return (gpu.slices ?? []).map {
                    Slice(
                        gpu: gpu, slice: $0, isTaken: taken.contains($0.spot), isForeign: foreign.contains($0.spot))
                }
            }
        }
    }

    private var place: String { node.map { " on \($0)" } ?? "" }
    private var of: String { node.map { " of \($0)" } ?? "" }

    /// Those that will do are all taken.
    func taken(_ wish: SliceWish) -> String? {
        let meant = slices.filter { $0.slice.isAlone && Self.isMeant($0, wish) }
        guard !meant.isEmpty else { return nil }
        if !meant.contains(where: { !$0.isTaken }) { return allTaken(meant, Self.words(wish)) }
        return "not enough of the slices \(Self.words(wish))\(of) are free on one GPU"
    }

    private func allTaken(_ meant: [Slice], _ words: String) -> String {
        let foreign = meant.count(where: \.isForeign)
        if meant.count == 1 {
            return "the one slice \(words)\(of) is taken by \(foreign == 0 ? "a lease" : "a process without a lease")"
        }
        let all = "all \(meant.count) slices \(words)\(of) are taken"
        switch foreign {
        case 0: return "\(all) by leases"
        case meant.count: return "\(all) by processes without a lease"
        default: return "\(all), \(foreign) of them by processes without a lease"
        }
    }

    /// There is none that would do, on GPUs that are cut.
    func missing(_ wish: SliceWish) -> String {
        switch wish {
        case .profiles(let names):
            let absent = names.first { name in !slices.contains { $0.slice.isAlone && $0.slice.isOf(profile: name) } }
            guard let absent else {
                return "no GPU\(of) has the slices \(names.joined(separator: " and ")) together; \(inventory)"
            }
            let makeable = gpus.filter { MIGGeometry.of($0)?.profile(absent) != nil }
            if makeable.isEmpty, let geometry = gpus.lazy.compactMap({ MIGGeometry.of($0) }).first {
                let profiles = geometry.profiles.map(\.name).joined(separator: ", ")
                return "no slice \(absent) exists\(place), nor can one be made: there are profiles \(profiles)"
            }
            let gpu = (makeable.first ?? gpus.first)?.index ?? 0
            return "no slice \(absent) exists\(place); \(inventory); make one with nvidia-smi mig -i \(gpu) "
                + "-cgi \(absent) -C"
        case .devices(let names):
            let unknown = names.filter { name in !slices.contains { Self.isMeant($0, .devices([name])) } }
            if let first = unknown.first {
                return "there is no slice \(first)\(place); \(inventory); nvidia-smi -L lists them"
            }
            if let crowded = slices.first(where: { !$0.slice.isAlone && Self.isMeant($0, wish) }) {
                return "the slice \(crowded.slice.uuid) shares its memory with others of GPU instance "
                    + "\(crowded.slice.gpuInstance), so nothing would fence it"
            }
            return "the slices \(names.joined(separator: " and ")) cannot be had together: name each by its UUID, "
                + "all of one node"
        case .atLeast: return "no slice \(Self.words(wish)) exists\(place); \(inventory)"
        }
    }

    /// No GPU is cut at all.
    func none(_ wish: SliceWish) -> String? {
        guard !all.contains(where: { $0.mig == .on }) else { return nil }
        let count = all.count == 1 ? "the one GPU\(of) is" : "the \(all.count) GPUs\(of) are"
        guard let gpu = all.first(where: { $0.mig == .off }) else {
            return all.count == 1
                ? "the one GPU\(of) cannot be cut into slices" : "the \(all.count) GPUs\(of) cannot be cut into slices"
        }
        let profile =
            if case .profiles(let names) = wish { names.first ?? "PROFILE" } else { "PROFILE" }
        return "\(count) not cut into slices (MIG is off); nvidia-smi -i \(gpu.index) -mig 1 turns it on for a GPU, "
            + "nvidia-smi mig -i \(gpu.index) -cgi \(profile) -C makes a slice"
    }

    /// "there are 2 of 1g.5gb and 1 of 3g.20gb", the smallest first.
    private var inventory: String {
        let names = slices.filter(\.slice.isAlone).map { (size: $0.slice.computeSlices, name: $0.slice.profile) }
        let distinct = Set(names.map(\.name)).map { name in
            (size: names.first { $0.name == name }?.size ?? 0, name: name, count: names.count { $0.name == name })
        }.sorted { ($0.size, $0.name) < ($1.size, $1.name) }
        guard let last = distinct.last else { return "there is none at all" }
        let words = distinct.map { "\($0.count) of \($0.name)" }
        let list =
            distinct.count == 1 ? words[0] : "\(words.dropLast().joined(separator: ", ")) and \(words.last ?? "")"
        return distinct.count == 1 && last.count == 1 ? "there is \(list)" : "there are \(list)"
    }

    private static func isMeant(_ slice: Slice, _ wish: SliceWish) -> Bool {
        switch wish {
        case .profiles(let names): names.contains { slice.slice.isOf(profile: $0) }
        case .devices(let names): names.contains { ExistingSliceNeed.means($0, slice.slice, of: slice.gpu) }
        case .atLeast(let share, let memory):
            slice.gpu.share(of: slice.slice) >= share && slice.slice.memory >= memory
        }
    }

    private static func words(_ wish: SliceWish) -> String {
        switch wish {
        case .profiles(let names), .devices(let names): return Set(names).sorted().joined(separator: " and ")
        case .atLeast(let share, let memory):
            let least = [share > .zero ? "\(share) of a GPU" : nil, memory > .zero ? "\(memory)" : nil].compactMap {
                $0
            }
            return least.isEmpty ? "of any profile" : "with \(least.joined(separator: " and "))"
        }
    }
}
