/// How many GPUs are asked for.
package struct CountRange: Hashable, Sendable, Codable {
    /// At least one.
    package let lower: Int
    /// Not below `lower`; nil means as many as there are.
    package let upper: Int?
    /// Every GPU of a node, no fewer: written `all`.
    package let isAll: Bool

    /// More GPUs than any request may name; a guard against slips of the hand, and it keeps sums small.
    package static let limit = 1_000_000

    package static let one = CountRange(exactly: 1)
    package static let all = CountRange(lower: 1, upper: nil, isAll: true)

    private init(lower: Int, upper: Int?, isAll: Bool) {
        precondition(
            lower >= 1 && upper ?? lower >= lower,
            "a count range runs upwards from 1, not from \(lower) to \(upper ?? lower)")
        self.lower = lower
        self.upper = upper
        self.isAll = isAll
    }

    /// From `lower` to `upper` GPUs; traps unless `1 <= lower <= upper`.
    package init(_ lower: Int, _ upper: Int?) { self.init(lower: lower, upper: upper, isAll: false) }

    /// Traps unless `count` is at least 1.
    package init(exactly count: Int) { self.init(count, count) }

    /// The count when it is a single number.
    package var exact: Int? { upper == lower ? lower : nil }
}

extension CountRange: CustomStringConvertible {
    /// As it is written in a request: `all`, `2`, `1..4`, `2..`.
    package var description: String {
        if isAll { return "all" }
        guard let upper else { return "\(lower).." }
        return upper == lower ? "\(lower)" : "\(lower)..\(upper)"
    }
}

/// An amount of memory, or a range of amounts, in bytes.
package struct MemoryRange: Hashable, Sendable, Codable {
    /// Zero when only an upper bound was named.
    package let lower: Bytes
    /// Not below `lower`; nil means no upper bound.
    package let upper: Bytes?

    /// Traps unless `0 <= lower <= upper`.
    package init(_ lower: Bytes, _ upper: Bytes?) {
        precondition(lower >= .zero && upper ?? lower >= lower, "a memory range runs upwards from zero")
        self.lower = lower
        self.upper = upper
    }

    /// Traps if `amount` is negative.
    package init(exactly amount: Bytes) { self.init(amount, amount) }

    /// The amount when it is a single one.
    package var exact: Bytes? { upper == lower ? lower : nil }

    package func contains(_ amount: Bytes) -> Bool { amount >= lower && amount <= upper ?? amount }

    /// Whether a GPU that reports `total` bytes is one that people would call by this size.
    ///
    /// Sellers write an H100 as 80 GB; its driver reports 85.5 * 10^9 bytes. An L40S is a 48 GB card that reports
    /// 48.3 * 10^9, a T4 a 16 GB card with 16.1 * 10^9, an H200 a 141 GB card with 150.8 * 10^9. So "80G" and "80GiB"
    /// both stand for a total between 93% and 108.5% of the size written.
    package func selects(total: Bytes) -> Bool {
        let floor = lower.count / 1000 * 930
        guard total.count >= floor else { return false }
        guard let upper else { return true }
        return total.count <= upper.count / 1000 * 1085 + 1085
    }
}

extension MemoryRange: CustomStringConvertible {
    /// For people: `10 GiB`, `24 GiB to 80 GiB`, `at least 24 GiB`, `at most 80 GiB`.
    package var description: String {
        guard let upper else { return "at least \(lower)" }
        if lower == upper { return "\(lower)" }
        return lower == .zero ? "at most \(upper)" : "\(lower) to \(upper)"
    }
}
