/// An amount of memory in bytes.
package struct Bytes: Hashable, Comparable, Sendable, AdditiveArithmetic {
    /// The number of bytes; negative only as the result of a subtraction.
    package let count: Int64

    package init(_ count: Int64) { self.count = count }

    package static let zero = Bytes(0)

    package static func mebibytes(_ count: Int64) -> Bytes { Bytes(count << 20) }

    package static func gibibytes(_ count: Int64) -> Bytes { Bytes(count << 30) }

    package static func < (left: Bytes, right: Bytes) -> Bool { left.count < right.count }

    package static func + (left: Bytes, right: Bytes) -> Bytes { Bytes(left.count + right.count) }

    package static func - (left: Bytes, right: Bytes) -> Bytes { Bytes(left.count - right.count) }

    /// This amount, rounded up to a multiple of `unit`.
    package func roundedUp(toMultipleOf unit: Bytes) -> Bytes {
        let rest = count % unit.count
        return rest == 0 ? self : Bytes(count - rest + unit.count)
    }

    /// The part of this amount that belongs to `share` of a GPU, rounded down.
    package func part(_ share: Share) -> Bytes {
        Bytes(count / 1000 * Int64(share.milli) + count % 1000 * Int64(share.milli) / 1000)
    }
}

extension Bytes: CustomStringConvertible {
    /// In GiB or MiB with at most one decimal, as memory is read by people: `10 GiB`, `39.6 GiB`, `512 MiB`.
    package var description: String {
        if count < 0 { return "-\(Bytes(-count))" }
        let units: [(name: String, size: Int64)] = [
            ("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10),
        ]
        for unit in units where count >= unit.size {
            let tenths = (count / unit.size) * 10 + (count % unit.size) * 10 / unit.size
            return tenths % 10 == 0 ? "\(tenths / 10) \(unit.name)" : "\(tenths / 10).\(tenths % 10) \(unit.name)"
        }
        return "\(count) B"
    }
}

/// A fraction of one GPU's compute, in milli-GPU: 1000 is one GPU.
package struct Share: Hashable, Comparable, Sendable, AdditiveArithmetic {
    /// Thousandths of a GPU.
    package let milli: Int32

    package init(milli: Int32) { self.milli = milli }

    package static let zero = Share(milli: 0)
    package static let whole = Share(milli: 1000)

    package static func < (left: Share, right: Share) -> Bool { left.milli < right.milli }

    package static func + (left: Share, right: Share) -> Share { Share(milli: left.milli + right.milli) }

    package static func - (left: Share, right: Share) -> Share { Share(milli: left.milli - right.milli) }

    /// The share that `part` is of `whole`, rounded up, at least one milli-GPU and at most one GPU.
    package static func proportion(of part: Bytes, in whole: Bytes) -> Share {
        guard whole.count > 0 else { return .whole }
        let scaled = part.count.multipliedFullWidth(by: 1000)
        guard scaled.high == 0 else { return .whole }
        let milli = (scaled.low + UInt64(whole.count) - 1) / UInt64(whole.count)
        return Share(milli: Int32(min(max(milli, 1), 1000)))
    }
}

extension Share: CustomStringConvertible {
    /// As a decimal fraction of a GPU without trailing zeros: `0.5`, `1`, `0.125`.
    package var description: String {
        let sign = milli < 0 ? "-" : ""
        let magnitude = milli.magnitude
        var decimals = String(magnitude % 1000)
        decimals = String(repeating: "0", count: 3 - decimals.count) + decimals
        while decimals.last == "0" { decimals.removeLast() }
        return decimals.isEmpty ? "\(sign)\(magnitude / 1000)" : "\(sign)\(magnitude / 1000).\(decimals)"
    }
}

/// A length of time in nanoseconds.
package struct Span: Hashable, Comparable, Sendable, AdditiveArithmetic {
    package let nanoseconds: Int64

    package init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    /// A span of whole seconds, held at the largest span when it would overflow.
    package init(seconds: Int64) {
        let (value, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        nanoseconds = overflow ? (seconds < 0 ? .min : .max) : value
    }

    package init(milliseconds: Int64) { nanoseconds = milliseconds * 1_000_000 }

    package static let zero = Span(nanoseconds: 0)

    /// In seconds, for display and for JSON.
    package var seconds: Double { Double(nanoseconds) / 1e9 }

    package static func < (left: Span, right: Span) -> Bool { left.nanoseconds < right.nanoseconds }

    package static func + (left: Span, right: Span) -> Span {
        Span(nanoseconds: left.nanoseconds + right.nanoseconds)
    }

    package static func - (left: Span, right: Span) -> Span {
        Span(nanoseconds: left.nanoseconds - right.nanoseconds)
    }
}

extension Span: CustomStringConvertible {
    /// The two largest units that are not zero: `2h30m`, `45s`, `1d2h`, `350ms`.
    package var description: String {
        if nanoseconds < 0 { return "-\(Span(nanoseconds: nanoseconds == .min ? .max : -nanoseconds))" }
        if nanoseconds < 1_000_000_000 { return nanoseconds == 0 ? "0s" : "\(nanoseconds / 1_000_000)ms" }
        let units: [(name: String, seconds: Int64)] = [("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)]
        var rest = nanoseconds / 1_000_000_000
        var words: [String] = []
        for unit in units where rest >= unit.seconds && words.count < 2 {
            words.append("\(rest / unit.seconds)\(unit.name)")
            rest %= unit.seconds
        }
        return words.joined()
    }
}

/// A point on the ledger's clock, in nanoseconds.
///
/// The ledger's clock never goes back, also over restarts and reboots. It starts near the Unix epoch's count, so that
/// a moment can be shown as a time of day, but it follows the machine's monotonic clock: a step of the wall clock
/// neither ends a lease early nor changes what it costs.
package struct Moment: Hashable, Comparable, Sendable {
    package let nanoseconds: Int64

    package init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    package static func < (left: Moment, right: Moment) -> Bool { left.nanoseconds < right.nanoseconds }

    /// The moment `span` later, held at the end of time when it would overflow.
    package static func + (moment: Moment, span: Span) -> Moment {
        let (value, overflow) = moment.nanoseconds.addingReportingOverflow(span.nanoseconds)
        return Moment(nanoseconds: overflow ? (span.nanoseconds < 0 ? .min : .max) : value)
    }

    package static func - (later: Moment, earlier: Moment) -> Span {
        Span(nanoseconds: later.nanoseconds - earlier.nanoseconds)
    }
}
