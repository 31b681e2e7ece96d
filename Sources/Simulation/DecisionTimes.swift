/// Reads a clock that the simulation is given, in nanoseconds; the simulation has none of its own.
package typealias ReadClock = @Sendable () -> Int64

/// How long decisions took.
package struct DecisionTimes: Sendable {
    package private(set) var decisions = 0
    package private(set) var nanoseconds: Int64 = 0
    private var samples: [Int64] = []

    package init() {}

    mutating func add(decisions: Int, nanoseconds: Int64) {
        self.decisions += decisions
        self.nanoseconds += nanoseconds
    }

    mutating func add(sample: Int64) { samples.append(sample) }

    package var perSecond: Double { nanoseconds > 0 ? Double(decisions) * 1e9 / Double(nanoseconds) : 0 }

    /// The time below which 99 of 100 decisions lay, in microseconds.
    package var p99Microseconds: Double {
        guard !samples.isEmpty else { return 0 }
        let ordered = samples.sorted()
        return Double(ordered[min(ordered.count * 99 / 100, ordered.count - 1)]) / 1000
    }
}
