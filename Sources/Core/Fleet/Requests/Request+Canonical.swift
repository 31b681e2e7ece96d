extension Request {
    /// The request in words, for people: `1 x 0.5 of any GPU, 10 GiB each`.
    package var canonical: String {
        var words = ["\(count) x \(portionWords)\(gpuWords)"]
        if nodes > 1 { words.append("on each of \(nodes) nodes") }
        if let memory { words.append("\(memory) each") }
        if let minimumGrade { words.append("at least \(minimumGrade.rawValue)") }
        if let sharing { words.append("shared by \(sharing.rawValue)") }
        switch burst {
        case .no?: words.append("never more")
        case .upTo(let most)?: words.append("up to \(most) of what is idle")
        case .any?: words.append("and what is idle")
        case nil: break
        }
        if let spill { words.append("\(spill) of host memory beyond it") }
        if let topology, topology != .any { words.append(topology.rawValue) }
        switch antiAffinity?.scope {
        case .gpu: words.append("on no GPU with \(antiAffinity?.name ?? "")")
        case .node: words.append("on no node with \(antiAffinity?.name ?? "")")
        case nil: break
        }
        if let placement { words.append("placed by \(placement.rawValue)") }
        if let duration { words.append("for \(DurationText.canonical(duration))") }
        if let queue { words.append("queue \(queue)") }
        if let reservation { words.append("in reservation \(reservation)") }
        if let priority { words.append("priority \(priority)") }
        switch patience {
        case .refuse: words.append("without waiting")
        case .wait(let limit?): words.append("waiting at most \(DurationText.canonical(limit))")
        case .wait(nil): break
        }
        return words.joined(separator: ", ")
    }

    private var portionWords: String {
        switch portion {
        case .whole: ""
        case .share(let share): "\(share) of "
        case .slice(let profiles): "\(profiles.joined(separator: " + ")) of "
        case .memory: "part of "
        case .compute(let compute): "\(compute.words) on "
        }
    }

    private var gpuWords: String {
        var words = models.isEmpty ? "any GPU" : "\(models.joined(separator: " or ")) GPU"
        if let driver { words += " of \(driver)" }
        if let gpuMemory { words += " with \(gpuMemory)" }
        if !devices.isEmpty { words += " (device \(devices.joined(separator: " and ")))" }
        if !capabilities.isEmpty { words += " for \(capabilities.joined(separator: " and "))" }
        return words
    }

    /// An argument list that `RequestParser` reads back to an equal request, without notes.
    ///
    /// That holds for every request that the parser can return. One put together by hand may contradict itself (a
    /// count that is not the number of its devices, an exclusive part of a GPU); its options are then refused.
    package var canonicalOptions: [String] {
        var options: [String] = []
        let gpus = gpusValue
        if !gpus.isEmpty { options += ["--gpus", gpus] }
        if nodes > 1 { options += ["--nodes", String(nodes)] }
        if case .slice(let profiles) = portion { options += ["--slice", profiles.joined(separator: ",")] }
        if case .compute(let compute) = portion { options += ["--compute", compute.description] }
        if let memory { options += ["--gpu-memory", SizeText.canonical(memory)] }
        if let minimumGrade { options += ["--grade", minimumGrade.rawValue] }
        if let sharing { options += ["--share", sharing.rawValue] }
        if let burst { options += ["--burst", burst.description] }
        if let spill { options += ["--gpu-memory-spill", SizeText.canonical(spill)] }
        if let topology { options += ["--topology", topology.rawValue] }
        if let placement { options += ["--placement", placement.rawValue] }
        if let antiAffinity { options += ["--anti-affinity", antiAffinity.description] }
        if let duration { options += ["--for", DurationText.canonical(duration)] }
        if let queue { options += ["--queue", queue] }
        if let reservation { options += ["--reservation", reservation] }
        if let priority { options += ["--priority", String(priority)] }
        switch patience {
        case .refuse: options.append("--no-wait")
        case .wait(let limit?): options.append("--wait=\(DurationText.canonical(limit))")
        case .wait(nil): break
        }
        return options
    }

    /// The value of `--gpus`; empty when the option says nothing that the others do not say.
    private var gpusValue: String {
        var selector = models.isEmpty ? [] : [models.joined(separator: ",")]
        if let gpuMemory { selector.append(SizeText.canonical(gpuMemory)) }
        if let amount { selector.append(amount) }
        var fields = selector.isEmpty ? [] : [selector.joined(separator: ":")]
        if let driver { fields.append("driver=\(driver)") }
        if !devices.isEmpty { fields.append(Self.field("device", devices)) }
        if !capabilities.isEmpty { fields.append(Self.field("capabilities", capabilities)) }
        return fields.joined(separator: ",")
    }

    /// The amount as it must be written; nil when it goes without saying.
    private var amount: String? {
        let isPlain = devices.isEmpty ? count == .one : count.exact == devices.count
        switch portion {
        case .whole:
            // Devices alone are whole GPUs, in a form that Docker takes too; memory beside them would make them parts.
            let isExclusive = sharing == .exclusive || minimumGrade == .exclusive
            return !devices.isEmpty && isPlain && (memory == nil || isExclusive) ? nil : count.description
        case .share(let share): return count == .one && devices.isEmpty ? share.description : "\(count)x\(share)"
        case .slice, .compute: return isPlain ? nil : count.description
        case .memory: return isPlain ? nil : "\(count)xmemory"
        }
    }

    private static func field(_ key: String, _ values: [String]) -> String {
        let field = "\(key)=\(values.joined(separator: ","))"
        return values.count == 1 ? field : "\"\(field)\""
    }
}
