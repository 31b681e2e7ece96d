package import Fleet

/// What somebody has had, multiplied by the time it was had, with time forgetting it.
package struct DecayedUsage: Hashable, Sendable, Codable {
    /// Thousandths of a GPU times seconds.
    package var milliGPUSeconds: Double
    /// Bytes of GPU memory times seconds.
    package var byteSeconds: Double

    package init(milliGPUSeconds: Double, byteSeconds: Double) {
        self.milliGPUSeconds = milliGPUSeconds
        self.byteSeconds = byteSeconds
    }

    package static let zero = DecayedUsage(milliGPUSeconds: 0, byteSeconds: 0)

    package var gpuSeconds: Double { milliGPUSeconds / 1000 }

    /// The usage of the dominant resource: for how many seconds the whole of it would have been had.
    ///
    /// Of what the capacity has nothing of, nothing is counted.
    package func dominantSeconds(of capacity: Amount) -> Double {
        let compute = capacity.milliGPU > 0 ? milliGPUSeconds / Double(capacity.milliGPU) : 0
        let memory = capacity.memory > .zero ? byteSeconds / Double(capacity.memory.count) : 0
        return max(compute, memory)
    }

    static func += (left: inout DecayedUsage, right: DecayedUsage) {
        left.milliGPUSeconds += right.milliGPUSeconds
        left.byteSeconds += right.byteSeconds
    }
}

/// What tenants have had in queues, halved every half-life, by resource.
///
/// Each change costs the same, however many there were: between changes usage follows a closed form. A tenant that had
/// `V` and has had `r` since a time `t` ago has `V 2^(-t/h) + r h/ln 2 (1 - 2^(-t/h))` with the half-life `h`, the sum
/// of everything it has had with each moment's part halved as often as half-lives have passed since. Tenants who have
/// long gone are forgotten, so that the book stays small.
package struct UsageBook: Hashable, Sendable {
    /// Only looked up, or walked through in the order of its keys.
    private var entries: [Key: Entry] = [:]

    private struct Key: Hashable, Comparable, Sendable {
        let queue: String
        let tenant: UInt32

        static func < (left: Key, right: Key) -> Bool { (left.queue, left.tenant) < (right.queue, right.tenant) }
    }

    private struct Entry: Hashable, Sendable {
        var usage = DecayedUsage.zero
        var takes = Amount.zero
        var at: Moment

        /// A moment before the last change counts as that one.
        func usage(at now: Moment, halfLife: Span) -> DecayedUsage {
            let time = max(now, at) - at
            let halving = Halving(after: time, halfLife: halfLife)
            let weight = max(halfLife, .zero).seconds / Halving.logarithmOf2 * halving.lost
            return DecayedUsage(
                milliGPUSeconds: usage.milliGPUSeconds * halving.kept + Double(takes.milliGPU) * weight,
                byteSeconds: usage.byteSeconds * halving.kept + Double(takes.memory.count) * weight)
        }
    }

    package init() {}

    /// Tells that a tenant in a queue takes so much more, or less, from now on; what it took until now is counted.
    ///
    /// - Parameters:
    ///   - queue: The path of the queue.
    ///   - halfLife: After this time usage counts half; the one in force since the last change.
    package mutating func change(tenant: UInt32, queue: String, by amount: Amount, at now: Moment, halfLife: Span) {
        let key = Key(queue: queue, tenant: tenant)
        // Seldom enough to cost next to nothing, and decided by nothing that is not written down.
        if entries[key] == nil, entries.count >= 256, entries.count & (entries.count - 1) == 0 {
            prune(at: now, halfLife: halfLife)
        }
        var entry = entries[key] ?? Entry(at: now)
        entry.usage = entry.usage(at: now, halfLife: halfLife)
        entry.takes += amount
        entry.at = max(now, entry.at)
        entries[key] = entry
    }

    /// Counts what everybody took until now by a half-life that is about to change.
    package mutating func settle(at now: Moment, halfLife: Span) {
        for (key, entry) in entries {
            var settled = entry
            settled.usage = entry.usage(at: now, halfLife: halfLife)
            settled.at = max(now, entry.at)
            entries[key] = settled
        }
    }

    /// What a tenant has had in a queue, decayed.
    package func usage(tenant: UInt32, queue: String, at now: Moment, halfLife: Span) -> DecayedUsage {
        entries[Key(queue: queue, tenant: tenant)]?.usage(at: now, halfLife: halfLife) ?? .zero
    }

    /// What everybody has had, by queue and tenant.
    package func all(at now: Moment, halfLife: Span) -> [(queue: String, tenant: UInt32, usage: DecayedUsage)] {
        entries.sorted { $0.key < $1.key }.map { key, entry in
            (key.queue, key.tenant, entry.usage(at: now, halfLife: halfLife))
        }
    }

    /// Drops tenants who take nothing and whose usage has decayed below a GPU-second and a gibibyte-second.
    private mutating func prune(at now: Moment, halfLife: Span) {
        entries = entries.filter { _, entry in
            let usage = entry.usage(at: now, halfLife: halfLife)
            return entry.takes != .zero || usage.gpuSeconds >= 1 || usage.byteSeconds >= Double(1 << 30)
        }
    }
}

extension UsageBook: Codable {
    private struct Record: Codable {
        let queue: String
        let tenant: UInt32
        let usage: DecayedUsage
        let takes: Amount
        let at: Moment
    }

    /// A list in the order of queues and tenants: equal books are written alike.
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.unkeyedContainer()
        for (key, entry) in entries.sorted(by: { $0.key < $1.key }) {
            try container.encode(
                Record(queue: key.queue, tenant: key.tenant, usage: entry.usage, takes: entry.takes, at: entry.at))
        }
    }

    package init(from decoder: any Decoder) throws {
        var container = try decoder.unkeyedContainer()
        while !container.isAtEnd {
            let record = try container.decode(Record.self)
            entries[Key(queue: record.queue, tenant: record.tenant)] = Entry(
                usage: record.usage, takes: record.takes, at: record.at)
        }
    }
}
