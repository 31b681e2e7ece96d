import Fleet
import Placement

/// Keeps account of a pool by itself, from the definitions, without anything that the pool computes: what fits, and
/// which rules a placement breaks.
struct PoolOracle {
    struct Held {
        let request: Request
        let placement: PoolPlacement
    }

    struct Machine {
        var gpus: [GPU]
        var conditions: [GPUCondition]
        var links: [[Link]]
        var drained: [Bool]
        var isDrained: Bool
    }

    var nodes: [Machine]
    var held: [Held] = []

    // MARK: What is there

    private func grants(_ node: Int, _ gpu: Int) -> [(request: Request, grant: PoolPlacement.Grant)] {
        held.flatMap { held in
            held.placement.parts.filter { $0.node == node }.flatMap(\.grants).filter { $0.gpu == gpu }
                .map { (held.request, $0) }
        }
    }

    func freeShare(_ node: Int, _ gpu: Int) -> Int32 {
        1000 - grants(node, gpu).reduce(0) { $0 + $1.grant.share.milli }
    }

    func freeMemory(_ node: Int, _ gpu: Int) -> Int64 {
        let machine = nodes[node]
        let used = grants(node, gpu).reduce(0) { $0 + $1.grant.memory.count }
        return machine.gpus[gpu].memory.allocatable.count - used - machine.conditions[gpu].foreignMemory.count
    }

    private func isUsable(_ node: Int, _ gpu: Int) -> Bool {
        let machine = nodes[node]
        return machine.conditions[gpu].health.isHealthy && !machine.drained[gpu] && !machine.isDrained
    }

    /// Memory slots that are taken, and whether the media extensions are.
    private func slots(_ node: Int, _ gpu: Int) -> (taken: Set<Int>, extensions: Bool) {
        var taken: Set<Int> = []
        var extensions = false
        for (_, grant) in grants(node, gpu) {
            guard let spot = grant.slice, let profile = profile(spot.profile, nodes[node].gpus[gpu]) else { continue }
            taken.formUnion(spot.start..<(spot.start + profile.memorySlices))
            extensions = extensions || profile.name.hasSuffix("+me")
        }
        return (taken, extensions)
    }

    private func profile(_ id: Int, _ gpu: GPU) -> MIGProfile? {
        MIGGeometry.of(gpu)?.profiles.first { $0.id == id }
    }

    private func isAvoided(_ request: Request, _ node: Int, _ gpu: Int) -> Bool {
        guard let mine = request.antiAffinity else { return false }
        return held.contains { held in
            guard let theirs = held.request.antiAffinity, theirs.name == mine.name else { return false }
            return held.placement.parts.contains { part in
                guard part.node == node else { return false }
                return mine.scope == .node || theirs.scope == .node || part.grants.contains { $0.gpu == gpu }
            }
        }
    }

    // MARK: What fits

    /// Whether a GPU can give its part, everything else aside.
    func canGive(_ request: Request, _ node: Int, _ gpu: Int) -> Bool {
        let description = nodes[node].gpus[gpu]
        guard isNamed(request, node, gpu), isUsable(node, gpu), !isAvoided(request, node, gpu) else { return false }
        guard request.models.isEmpty || request.models.contains(where: description.matches) else { return false }
        if let size = request.gpuMemory, !size.selects(total: description.memory.total) { return false }
        let foreign = nodes[node].conditions[gpu].foreignMemory
        let grade = request.minimumGrade ?? .unfenced
        let lower = request.memory?.lower.count ?? 0
        let (share, memory) = (freeShare(node, gpu), freeMemory(node, gpu))
        let allocatable = description.memory.allocatable.count
        if case .slice(let profiles) = request.portion {
            return description.mig == .on && grade < .exclusive && fits(profiles, node, gpu, lower: lower)
        }
        guard description.mig != .on else { return false }
        switch request.portion {
        case .whole:
            guard share == 1000, memory >= lower, memory > 0 || lower == 0 else { return false }
            return foreign == .zero || (grade == .unfenced && request.sharing != .exclusive)
        case .share(let wanted):
            guard grade == .unfenced else { return false }
            return share >= wanted.milli && memory >= least(request, wanted.milli, allocatable)
        case .compute(let compute):
            guard grade == .unfenced, let wanted = compute.share(of: description)?.milli, wanted <= 1000 else {
                return false
            }
            return share >= wanted && memory >= least(request, wanted, allocatable)
        case .memory:
            let least = max(lower, 1 << 20)
            guard grade == .unfenced, memory >= least, least <= allocatable else { return false }
            return Int64(share) * allocatable >= least * 1000
        case .slice: return false
        }
    }

    private func least(_ request: Request, _ share: Int32, _ allocatable: Int64) -> Int64 {
        if let lower = request.memory?.lower.count, lower > 0 { return lower }
        let proportion = allocatable * Int64(share) / 1000
        return min(proportion, request.memory?.upper?.count ?? allocatable)
    }

    private func isNamed(_ request: Request, _ node: Int, _ gpu: Int) -> Bool {
        request.devices.isEmpty
            || request.devices.contains { name in
                if let index = Int(name) { return nodes[node].gpus[gpu].index == index }
                return nodes[node].gpus[gpu].id.rawValue == name
            }
    }

    /// Tries every start of every slice.
    private func fits(_ names: [String], _ node: Int, _ gpu: Int, lower: Int64) -> Bool {
        guard let geometry = MIGGeometry.of(nodes[node].gpus[gpu]) else { return false }
        let profiles = names.compactMap { geometry.profile($0) }
        guard profiles.count == names.count, profiles.allSatisfy({ $0.memory.count >= lower }) else { return false }
        let (taken, extensions) = slots(node, gpu)
        func place(_ rest: ArraySlice<MIGProfile>, _ taken: Set<Int>, _ extensions: Bool) -> Bool {
            guard let profile = rest.first else { return true }
            let wantsExtensions = profile.name.hasSuffix("+me")
            if wantsExtensions && extensions { return false }
            return profile.starts.contains { start in
                let span = Set(start..<(start + profile.memorySlices))
                return span.isDisjoint(with: taken)
                    && place(rest.dropFirst(), taken.union(span), extensions || wantsExtensions)
            }
        }
        return place(profiles[...], taken, extensions)
    }

    private func areJoined(_ request: Request, _ node: Int, _ first: Int, _ second: Int) -> Bool {
        let link = nodes[node].links[min(first, second)][max(first, second)]
        switch request.topology {
        case .nvlink: return link.nvlinks > 0
        case .sameSwitch: return link.nvlinks > 0 || link.path == .oneSwitch || link.path == .sameBoard
        case .sameNUMA: return nodes[node].gpus[first].numaNode == nodes[node].gpus[second].numaNode
        case .any, .sameNode, nil: return true
        }
    }

    private func fewest(_ request: Request, _ node: Int) -> Int {
        guard request.count.isAll else { return max(request.count.lower, request.devices.count) }
        // All that will do when nobody uses them.
        var empty = self
        empty.held = []
        for gpu in nodes[node].gpus.indices {
            empty.nodes[node].drained[gpu] = false
            empty.nodes[node].conditions[gpu] = .good
        }
        empty.nodes[node].isDrained = false
        return max(nodes[node].gpus.indices.count { empty.canGive(request, node, $0) }, 1)
    }

    /// Goes through all sets of GPUs of a node.
    func fits(_ request: Request, node: Int) -> Bool {
        let able = nodes[node].gpus.indices.filter { canGive(request, node, $0) }
        let fewest = fewest(request, node)
        guard able.count >= fewest else { return false }
        return (0..<(1 << able.count)).contains { choice in
            guard choice.nonzeroBitCount == fewest else { return false }
            let set = able.indices.filter { choice >> $0 & 1 == 1 }.map { able[$0] }
            return set.allSatisfy { one in set.allSatisfy { one >= $0 || areJoined(request, node, one, $0) } }
        }
    }

    func fits(_ request: Request) -> Bool {
        nodes.indices.count { fits(request, node: $0) } >= request.nodes
    }

    func couldEverFit(_ request: Request) -> Bool {
        var empty = self
        empty.held = []
        for node in nodes.indices {
            empty.nodes[node].isDrained = false
            empty.nodes[node].drained = nodes[node].drained.map { _ in false }
            empty.nodes[node].conditions = nodes[node].conditions.map { _ in .good }
        }
        return empty.fits(request)
    }

    // MARK: What a placement breaks

    func rulesBroken(by placement: PoolPlacement, for request: Request) -> [String] {
        var broken: [String] = []
        let on = placement.parts.map(\.node)
        if on.count != request.nodes || on != Set(on).sorted() { broken.append("nodes \(on)") }
        for part in placement.parts {
            let gpus = Set(part.grants.map(\.gpu)).sorted()
            let (node, count) = (part.node, gpus.count)
            let upper = request.count.isAll ? Int.max : request.count.upper ?? .max
            if count < fewest(request, node) || count > max(upper, request.devices.count) {
                broken.append("\(count) GPUs of \(node)")
            }
            for gpu in gpus where !canGive(request, node, gpu) { broken.append("\(node)/\(gpu) cannot give it") }
            for one in gpus {
                for other in gpus where one < other && !areJoined(request, node, one, other) {
                    broken.append("\(node)/\(one) and \(other) are not joined")
                }
            }
            for gpu in gpus { broken += grantsBroken(part.grants.filter { $0.gpu == gpu }, request, node, gpu) }
        }
        return broken
    }

    private func grantsBroken(
        _ grants: [PoolPlacement.Grant], _ request: Request, _ node: Int, _ gpu: Int
    ) -> [String] {
        let place = "\(node)/\(gpu)"
        let allocatable = nodes[node].gpus[gpu].memory.allocatable.count
        if case .slice(let names) = request.portion {
            return slicesBroken(grants, names, node, gpu).map { "\(place): \($0)" }
        }
        guard grants.count == 1, let grant = grants.first, grant.slice == nil else { return ["\(place): one grant"] }
        let (share, memory) = (grant.share.milli, grant.memory.count)
        var broken: [String] = []
        if share > freeShare(node, gpu) { broken.append("\(place): share") }
        if memory > max(freeMemory(node, gpu), 0) { broken.append("\(place): memory") }
        if let lower = request.memory?.lower.count, memory < lower { broken.append("\(place): too little memory") }
        if request.portion != .whole, let upper = request.memory?.upper?.count, memory > upper {
            broken.append("\(place): too much memory")
        }
        switch request.portion {
        case .whole where share != 1000: broken.append("\(place): not whole")
        case .share(let wanted) where share != wanted.milli: broken.append("\(place): another share")
        case .compute(let compute) where share != compute.share(of: nodes[node].gpus[gpu])?.milli:
            broken.append("\(place): another share of compute")
        case .memory where Int64(share) * allocatable < memory * 1000: broken.append("\(place): out of proportion")
        default: break
        }
        return broken
    }

    private func slicesBroken(
        _ grants: [PoolPlacement.Grant], _ names: [String], _ node: Int, _ gpu: Int
    ) -> [String] {
        var (taken, extensions) = slots(node, gpu)
        var found: [String] = []
        for grant in grants {
            guard let spot = grant.slice, let profile = profile(spot.profile, nodes[node].gpus[gpu]) else {
                return ["no slice"]
            }
            let span = Set(spot.start..<(spot.start + profile.memorySlices))
            guard profile.starts.contains(spot.start), span.isDisjoint(with: taken) else { return ["a slot twice"] }
            taken.formUnion(span)
            if profile.name.hasSuffix("+me") {
                if extensions { return ["the media extensions twice"] }
                extensions = true
            }
            found.append(profile.name)
        }
        let wanted = names.map { MIGGeometry.of(nodes[node].gpus[gpu])?.profile($0)?.name ?? $0 }
        return found.sorted() == wanted.sorted() ? [] : ["slices \(found) for \(names)"]
    }
}
