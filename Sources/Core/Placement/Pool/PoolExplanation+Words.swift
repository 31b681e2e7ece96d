import Fleet

/// The sentences of explanations, for one node by its name and for many by their number.
extension Survey {
    /// The one reason a person would give for why it does not fit.
    func summary(in pool: Pool) -> String {
        let place = Place(pool)
        let gpus = place.gpus
        guard gpus > 0 else { return place.only?.node.whyEmpty ?? "there is no GPU on \(place.name)" }
        if let words = sliceSummary(in: pool) { return words }
        if !couldEverFit, let never = neverSummary(in: pool, place) { return never }
        let counts = counts(alone: true)
        let need = need(place)
        let request = demand.request
        // Of GPUs asked for by name, only these matter.
        if !request.devices.isEmpty, !demand.namesSlices, let count = counts.first(where: { $0.obstacle != .notNamed })
        {
            let named = request.devices.joined(separator: ", ")
            if request.devices.count == 1 { return "GPU \(named) \(count.obstacle.wordsForOne)" }
            return "\(need)\(count.gpus) of GPUs \(named) \(count.words)"
        }
        if demand.requirement != nil, request.nodes == 1, mostFitting >= fewest { return joined(place) }
        // Of GPUs that will not do at all, nobody would speak while others will.
        let speakable = couldEverFit ? counts.filter { $0.obstacle.isPassing } : counts
        guard let count = speakable.first else { return joined(place) }
        let isAll = count.gpus == gpus
        if couldEverFit, eligible < gpus {
            let those = "\(eligible == 1 ? "the one GPU" : "the \(eligible) GPUs") \(place.of) that will do"
            return count.gpus == eligible
                ? "\(need)\(those) \(count.words)" : "\(need)\(count.gpus) of \(those) \(count.words)"
        }
        return isAll ? "\(need)\(place.all) \(count.words)" : "\(need)\(count.gpus) of \(place.all) \(count.words)"
    }

    /// All free, but not so that they belong together.
    private func joined(_ place: Place) -> String {
        if demand.request.nodes > 1, mostFitting >= fewest, demand.requirement == nil {
            return "it needs \(demand.request.nodes) nodes and \(fittingNodes) fit now"
        }
        let free = fittingGPUs == 1 ? "1 GPU is free" : "\(fittingGPUs) GPUs are free"
        return "\(free) \(place.on), but no \(fewest) of them\(place.only == nil ? " on one node" : "") are \(joint)"
    }

    private var joint: String {
        switch demand.requirement {
        case .nvlink: "joined by NVLink"
        case .sameSwitch: "on one switch"
        case .sameNUMA: "on one NUMA node"
        case nil: "together"
        }
    }

    /// "it needs 4 GPUs and 3 fit now: "; empty where one GPU is needed.
    private func need(_ place: Place) -> String {
        if demand.request.nodes > 1 {
            let each = fewest == 1 ? "" : " with \(fewest) GPUs each"
            return "it needs \(demand.request.nodes) nodes\(each) and \(fittingNodes) fit now: "
        }
        guard fewest > 1 else { return "" }
        return place.only == nil
            ? "it needs \(fewest) GPUs of one node and at most \(mostFitting) fit now: "
            : "it needs \(fewest) GPUs and \(mostFitting) fit now: "
    }

    /// Why it fits nowhere whoever gives back; nil where the plain count of obstacles says it best.
    private func neverSummary(in pool: Pool, _ place: Place) -> String? {
        let request = demand.request
        if request.nodes > pool.nodes.count {
            return
                "it asks for \(request.nodes) nodes, there \(place.only.map { "is one, \($0.node.name)" } ?? place.are)"
        }
        if eligible > 0 { return tooFew(place) }
        guard let obstacle = counts(alone: true).first?.obstacle else { return nil }
        switch obstacle {
        case .otherModel:
            let models = Set(pool.catalog.kinds.map(\.gpu.name)).sorted().joined(separator: ", ")
            return "no GPU \(place.of) is of model \(request.models.joined(separator: " or ")): \(place.has) \(models)"
        case .tooSmall:
            let largest = pool.catalog.kinds.map(\.allocatable).max() ?? .zero
            let wanted = request.memory?.lower ?? .zero
            return "it asks for \(wanted) on a GPU, the largest \(place.of) has \(largest) to give"
        case .otherSize:
            let sizes = Set(pool.catalog.kinds.map(\.total)).sorted().map(\.description).joined(separator: ", ")
            return "no GPU \(place.of) has memory of that size: they have \(sizes)"
        case .notNamed:
            let devices = request.devices.joined(separator: ", ")
            return place.only.map { "\($0.node.name) has no GPU \(devices)" } ?? "no node has a GPU \(devices)"
        case .noSuchProfile:
            guard case .slice(let profiles) = request.portion else { return nil }
            return "no GPU \(place.of) can have the slices \(profiles.joined(separator: ", ")) together"
        case .unknownCompute: return "how much the GPUs \(place.of) compute is not known: ask for a share or for memory"
        case .tooWeak:
            guard case .compute(let compute) = request.portion else { return nil }
            return "no GPU \(place.of) has \(compute.words)"
        case .weakGrade:
            let grade = request.minimumGrade ?? .exclusive
            if grade == .exclusive { return "a part of a GPU is never exclusive: ask for whole GPUs" }
            return "no GPU \(place.of) can fence a part as \(grade.rawValue)"
        default: return nil
        }
    }

    /// Some GPUs will do, but not as many as asked for, or not together.
    private func tooFew(_ place: Place) -> String {
        let request = demand.request
        let suffices = eligible == place.gpus ? "" : " that will do"
        if mostEligible < fewest {
            return place.only.map { "it asks for \(fewest) GPUs, \($0.node.name) has \(mostEligible)\(suffices)" }
                ?? "it asks for \(fewest) GPUs of one node, no node has more than \(mostEligible)\(suffices)"
        }
        if request.nodes > 1, hopefulNodes > 0 || demand.requirement == nil {
            let gpus = fewest == 1 ? "a GPU" : "\(fewest) GPUs"
            return "it asks for \(request.nodes) nodes with \(gpus) each, \(hopefulNodes) of \(place.name) would do"
        }
        let whose = place.only?.node.name ?? "no node"
        return place.only == nil
            ? "\(whose) has \(fewest) GPUs that are \(joint)" : "\(whose) has no \(fewest) GPUs that are \(joint)"
    }

    /// What would make it fit.
    func unblocks(nearest: PoolExplanation.NearestMiss?, in pool: Pool) -> String {
        let request = demand.request
        let slices = unblocksSlices(in: pool)
        let missingNodes = request.nodes - fittingNodes
        let missing = max(nearest?.gpus ?? 0, 1)
        let gpus = missing == 1 ? "1 more GPU" : "\(missing) more GPUs"
        let kind: String
        switch (nearest?.obstacle, request.portion) {
        case (.drained, _): kind = "\(gpus) that \(missing == 1 ? "is" : "are") no longer drained"
        case (.unhealthy, _): kind = "\(gpus) in good health"
        case (.antiAffinity, _): kind = "\(gpus) without those it keeps away from"
        case (.linkedTaken, _), (.numaTaken, _): kind = "\(fewest) free GPUs \(joint)"
        case _ where slices != nil: kind = slices ?? ""
        case (_, .whole): kind = "\(gpus) that nobody else has a part of"
        case (_, .slice): kind = "\(gpus) with slots free for such slices"
        default: kind = "\(gpus) with that much free"
        }
        guard request.nodes > 1, missingNodes > 1 else { return kind }
        return "\(missingNodes) more nodes, the nearest with \(kind)"
    }

    /// The nodes spoken of: one by its name, several by their number.
    private struct Place {
        let only: NodeRoom?
        let nodes: Int
        let gpus: Int

        init(_ pool: Pool) {
            only = pool.nodes.count == 1 ? pool.nodes.first : nil
            nodes = pool.nodes.count
            gpus = pool.nodes.reduce(0) { $0 + min($1.gpus.count, NodeRoom.mostGPUs) }
        }

        var name: String { only?.node.name ?? "\(nodes) nodes" }
        var of: String { only.map { "of \($0.node.name)" } ?? "on \(nodes) nodes" }
        var on: String { "on \(name)" }
        var has: String { only == nil ? "they have" : "it has" }
        var are: String { nodes == 0 ? "is none" : "are \(nodes)" }
        var all: String { gpus == 1 ? "the one GPU \(of)" : "the \(gpus) GPUs \(of)" }
    }
}

extension PoolExplanation.Count {
    fileprivate var words: String { gpus == 1 ? obstacle.wordsForOne : obstacle.words }
}
