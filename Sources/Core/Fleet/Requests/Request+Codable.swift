extension Request {
    private enum Key: String, CodingKey {
        case count, nodes, portion, memory, models, gpuMemory, devices, driver, capabilities, minimumGrade, sharing,
            burst, spill
        case topology, antiAffinity, placement, duration, queue, reservation, priority, patience
    }

    /// Reads a request; what came later than the first release may be missing, as in journals written before it.
    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: Key.self)
        self.init()
        count = try values.decode(CountRange.self, forKey: .count)
        nodes = try values.decodeIfPresent(Int.self, forKey: .nodes) ?? 1
        portion = try values.decode(Portion.self, forKey: .portion)
        memory = try values.decodeIfPresent(MemoryRange.self, forKey: .memory)
        models = try values.decode([String].self, forKey: .models)
        gpuMemory = try values.decodeIfPresent(MemoryRange.self, forKey: .gpuMemory)
        devices = try values.decode([String].self, forKey: .devices)
        driver = try values.decodeIfPresent(String.self, forKey: .driver)
        capabilities = try values.decode([String].self, forKey: .capabilities)
        minimumGrade = try values.decodeIfPresent(Grade.self, forKey: .minimumGrade)
        sharing = try values.decodeIfPresent(Sharing.self, forKey: .sharing)
        burst = try values.decodeIfPresent(Burst.self, forKey: .burst)
        spill = try values.decodeIfPresent(Bytes.self, forKey: .spill)
        topology = try values.decodeIfPresent(Topology.self, forKey: .topology)
        antiAffinity = try values.decodeIfPresent(AntiAffinity.self, forKey: .antiAffinity)
        placement = try values.decodeIfPresent(PolicyName.self, forKey: .placement)
        duration = try values.decodeIfPresent(Span.self, forKey: .duration)
        queue = try values.decodeIfPresent(String.self, forKey: .queue)
        reservation = try values.decodeIfPresent(String.self, forKey: .reservation)
        priority = try values.decodeIfPresent(Int.self, forKey: .priority)
        patience = try values.decode(Patience.self, forKey: .patience)
        guard nodes >= 1 else {
            throw DecodingError.dataCorruptedError(
                forKey: .nodes, in: values, debugDescription: "a request is for at least 1 node, not \(nodes)")
        }
    }
}
