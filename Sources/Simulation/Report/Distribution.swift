/// Mean, percentiles (nearest rank) and maximum of many values.
package struct Distribution: Encodable, Hashable, Sendable {
    package var mean = 0.0
    package var p50 = 0.0
    package var p90 = 0.0
    package var p99 = 0.0
    package var max = 0.0

    /// All zero when there is no value.
    package init(_ values: [Double], digits: Int = 3) {
        guard !values.isEmpty else { return }
        let ordered = values.sorted()
        func rank(_ percent: Int) -> Double {
            ordered[Swift.max((ordered.count * percent + 99) / 100, 1) - 1].rounded(to: digits)
        }
        mean = (ordered.reduce(0, +) / Double(ordered.count)).rounded(to: digits)
        p50 = rank(50)
        p90 = rank(90)
        p99 = rank(99)
        max = rank(100)
    }
}

/// How evenly something is spread over queues or tenants.
package struct Evenness: Encodable, Hashable, Sendable {
    /// (sum x)^2 / (n sum x^2): 1 where all are equal, 1/n where one has everything (Jain, Chiu and Hawe, 1984).
    package var jainIndex: Double
    /// The largest over the smallest.
    package var mostToLeast: Double

    /// One and one where there is nothing to compare. Values are positive.
    package init(_ values: [Double]) {
        let sum = values.reduce(0, +)
        let squares = values.reduce(0) { $0 + $1 * $1 }
        jainIndex = squares > 0 ? (sum * sum / (Double(values.count) * squares)).rounded(to: 4) : 1
        let least = values.min() ?? 0
        mostToLeast = least > 0 ? ((values.max() ?? 0) / least).rounded(to: 3) : 1
    }
}
