/// Amounts of memory as they are written: `10GiB`, `10Gi`, `24G`, `1.5GiB`, `24G..80G`.
enum SizeText {
    /// No GPU's memory is asked for in less; a smaller number is one whose unit was forgotten.
    static let smallest = Bytes.mebibytes(1)
    /// Far above any GPU's memory, so that sums of sizes never overflow.
    static let largest = Bytes(1 << 50)

    static let hint = "write \"24GiB\" (24 * 2^30 bytes), \"24G\" (24 * 10^9 bytes), \"512MiB\" or a range \"24G..80G\""

    private static let units: [(names: [String], bytes: UInt64)] = [
        (["", "b"], 1),
        (["k", "kb"], 1000), (["ki", "kib"], 1 << 10),
        (["m", "mb"], 1_000_000), (["mi", "mib"], 1 << 20),
        (["g", "gb"], 1_000_000_000), (["gi", "gib"], 1 << 30),
        (["t", "tb"], 1_000_000_000_000), (["ti", "tib"], 1 << 40),
    ]

    /// Reads one amount; a part of a byte counts as a byte.
    static func parse(_ piece: Piece) throws(RequestError) -> Bytes {
        try piece.checkPlain()
        guard !piece.isEmpty else { throw piece.failure("a size is missing", hint: hint) }
        if piece.hasPrefix("-") { throw piece.failure("a size cannot be negative", hint: hint) }
        let length = piece.bytes.firstIndex { !$0.isDigit && $0 != UInt8(ascii: ".") } ?? piece.count
        let (number, suffix) = (piece.prefix(length), piece.dropFirst(length))
        guard !number.isEmpty else { throw piece.failure("\"\(piece.string)\" is not a size", hint: hint) }
        let name = suffix.lowercased
        guard let unit = units.first(where: { $0.names.contains(name) })?.bytes else {
            throw suffix.failure("\"\(suffix.string)\" is not a unit of memory", hint: hint)
        }
        let decimal = try DecimalNumber(number, hint: hint)
        guard let (value, _) = decimal.times(unit, rounding: .up, limit: UInt64(largest.count)) else {
            throw piece.failure("\(piece.string) is more than any GPU has", hint: hint)
        }
        let size = Bytes(Int64(value))
        guard size >= smallest else {
            let reading = value == 1 ? "1 byte" : "\(value) bytes"
            throw piece.failure(
                "\(piece.string) is \(reading), less than 1 MiB: a unit is missing or too small", hint: hint)
        }
        return size
    }

    /// Reads one amount or a range of which one end may be open.
    static func parseRange(_ piece: Piece) throws(RequestError) -> MemoryRange {
        guard let (before, after) = piece.cut(at: "..") else { return MemoryRange(exactly: try parse(piece)) }
        guard !before.isEmpty || !after.isEmpty else {
            throw piece.failure("a range needs at least one end", hint: hint)
        }
        let lower = before.isEmpty ? .zero : try parse(before)
        let upper = after.isEmpty ? nil : try parse(after)
        if let upper, upper < lower {
            throw piece.failure("the range runs backwards: \(before.string) is more than \(after.string)", hint: hint)
        }
        return MemoryRange(lower, upper)
    }

    /// The shortest exact way to write an amount, without a space; always with a unit, so that it is never a count.
    static func canonical(_ size: Bytes) -> String {
        let units: [(String, Int64)] = [("GiB", 1 << 30), ("G", 1_000_000_000), ("MiB", 1 << 20), ("M", 1_000_000)]
        for (name, bytes) in units where size.count % bytes == 0 { return "\(size.count / bytes)\(name)" }
        return "\(size.count)B"
    }

    static func canonical(_ range: MemoryRange) -> String {
        guard let upper = range.upper else { return "\(canonical(range.lower)).." }
        if range.lower == upper { return canonical(upper) }
        return range.lower == .zero ? "..\(canonical(upper))" : "\(canonical(range.lower))..\(canonical(upper))"
    }
}
