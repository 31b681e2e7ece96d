package import Fleet

/// Quantities as settings and flags of quotas have them; each reads back what it writes.
package enum QuantityText {
    package static let gpusForm = "a number of GPUs such as 2 or 0.5"
    package static let memoryForm = "an amount of memory such as 80GiB or 1.5TiB"
    package static let spanForm = "a length of time such as 90s, 30m, 2h or 7d"

    private static let units: [(name: String, bytes: Int64)] = [
        ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("TiB", 1 << 40),
        ("KB", 1_000), ("MB", 1_000_000), ("GB", 1_000_000_000), ("TB", 1_000_000_000_000),
        ("Ki", 1 << 10), ("Mi", 1 << 20), ("Gi", 1 << 30), ("Ti", 1 << 40),
        ("K", 1_000), ("M", 1_000_000), ("G", 1_000_000_000), ("T", 1_000_000_000_000), ("B", 1),
    ]

    /// Thousandths of a GPU, 0 to a million GPUs: `2`, `0.5`; nil for anything else, also for finer parts.
    package static func milliGPU(_ text: String) -> Int64? {
        guard let value = thousandths(text), value <= 1_000_000_000 else { return nil }
        return value
    }

    package static func text(milliGPU milli: Int64) -> String {
        let (whole, rest) = milli.magnitude.quotientAndRemainder(dividingBy: 1000)
        var decimals = String(1000 + rest).dropFirst()
        while decimals.last == "0" { decimals.removeLast() }
        return (milli < 0 ? "-" : "") + (decimals.isEmpty ? "\(whole)" : "\(whole).\(decimals)")
    }

    /// Bytes from a number with at most three decimals and a unit, up to an exbibyte; nil for anything else.
    package static func bytes(_ text: String) -> Bytes? {
        if text == "0" { return .zero }
        guard let unit = units.first(where: { text.hasSuffix($0.name) }) else { return nil }
        let number = text.dropLast(unit.name.count)
        guard let value = thousandths(String(number.last == " " ? number.dropLast() : number)) else { return nil }
        let (product, overflow) = value.multipliedReportingOverflow(by: unit.bytes)
        guard !overflow, product % 1000 == 0 || unit.bytes > 1, product / 1000 <= 1 << 60 else { return nil }
        return Bytes(product / 1000)
    }

    /// In the largest unit that is exact.
    package static func text(_ bytes: Bytes) -> String {
        guard bytes > .zero else { return "0" }
        for unit in units.prefix(4).reversed() where bytes.count % unit.bytes == 0 {
            return "\(bytes.count / unit.bytes)\(unit.name)"
        }
        return "\(bytes.count)B"
    }

    /// A length of time as a request has it, or `0s`.
    package static func span(_ text: String) -> Span? {
        ["0", "0s"].contains(text) ? .zero : Span(written: text)
    }

    /// Every unit that is not zero, so that it reads back equal.
    package static func text(_ span: Span) -> String {
        guard span > .zero else { return "0s" }
        var request = Request()
        request.duration = span
        let options = request.canonicalOptions
        return options.firstIndex(of: "--for").map { options[$0 + 1] } ?? span.description
    }

    /// A decimal number of at most twelve digits before the point and three after it, times a thousand.
    private static func thousandths(_ text: String) -> Int64? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), parts.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy(isDigit) }),
            parts[0].count <= 12, parts.count == 1 || parts[1].count <= 3, let whole = Int64(parts[0])
        else { return nil }
        let decimals = parts.count == 1 ? "" : parts[1]
        let padded = decimals + String(repeating: "0", count: 3 - decimals.count)
        return Int64(padded).map { whole * 1000 + $0 }
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (48...57).contains(byte) }
}
