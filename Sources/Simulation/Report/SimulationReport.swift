/// What a simulation came to: `divvy.v1/SimulationReport`.
package struct SimulationReport: Encodable, Sendable {
    package var schema = "divvy.v1/SimulationReport"
    package var runs: [Run]

    /// One policy over all seeds; figures are means over the seeds.
    package struct Run: Encodable, Sendable {
        package var policy: String
        package var seeds: [UInt64]
        /// How much of all GPUs is allocated, by how much demand has arrived, both in percent of the capacity.
        package var allocatedPercent: [String: Double]
        /// GPUs that are not allocated at the end of a fill, or on average in a steady state.
        package var unallocatedGPUs: Double
        /// All decisions of all seeds.
        package var decisions: Int
        /// Null where nothing was measured.
        package var decisionsPerSecond: Double?
        package var decisionP99Microseconds: Double?
        /// GPUs held by requests for several of them.
        package var gangGPUs: Double
        package var gangGPUsAt100: Double?
        package var steady: Steady?
        /// Allocated percent at each whole percent of demand, for pictures; not written out.
        package var curve: [Double] = []

        enum CodingKeys: String, CodingKey {
            case policy, seeds, allocatedPercent, unallocatedGPUs, decisions, decisionsPerSecond
            case decisionP99Microseconds, gangGPUs, gangGPUsAt100, steady
        }

        package func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(policy, forKey: .policy)
            try container.encode(seeds, forKey: .seeds)
            try container.encode(allocatedPercent, forKey: .allocatedPercent)
            try container.encode(unallocatedGPUs, forKey: .unallocatedGPUs)
            try container.encode(decisions, forKey: .decisions)
            try container.encode(decisionsPerSecond, forKey: .decisionsPerSecond)
            try container.encode(decisionP99Microseconds, forKey: .decisionP99Microseconds)
            try container.encode(gangGPUs, forKey: .gangGPUs)
            try container.encodeIfPresent(gangGPUsAt100, forKey: .gangGPUsAt100)
            try container.encode(steady, forKey: .steady)
        }
    }

    /// With departures.
    package struct Steady: Encodable, Sendable {
        package var load: Double
        package var allocatedPercent: Double
        package var lostDemandPercent: Double
        package var lostGangPercent: Double
    }

    package init(runs: [Run]) { self.runs = runs }
}

extension Double {
    /// As many digits as the figure is worth.
    func rounded(to digits: Int) -> Double {
        let scale = (0..<digits).reduce(1.0) { scale, _ in scale * 10 }
        return (self * scale).rounded() / scale
    }
}
