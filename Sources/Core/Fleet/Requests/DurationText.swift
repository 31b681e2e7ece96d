/// Lengths of time as they are written: `90s`, `30m`, `2h`, `1h30m`, `7d`.
enum DurationText {
    static let hint = "write \"90s\", \"30m\", \"2h\", \"1h30m\" or \"7d\""

    /// The longest time anybody may ask for; it keeps every deadline far from the end of the clock.
    static let largest = Span(seconds: 3650 * 86_400)

    /// From the largest to the smallest, the order in which they must be written.
    private static let units: [(name: String, nanoseconds: Int64)] = [
        ("d", 86_400_000_000_000), ("h", 3_600_000_000_000), ("m", 60_000_000_000), ("s", 1_000_000_000),
        ("ms", 1_000_000), ("us", 1_000), ("ns", 1),
    ]

    /// Reads a length of time above zero.
    static func parse(_ piece: Piece) throws(RequestError) -> Span {
        try piece.checkPlain()
        guard !piece.isEmpty else { throw piece.failure("a length of time is missing", hint: hint) }
        if piece.hasPrefix("-") { throw piece.failure("a length of time cannot be negative", hint: hint) }
        var rest = piece
        var total: Int64 = 0
        var next = 0
        while !rest.isEmpty {
            let digits = rest.prefix(rest.bytes.firstIndex { !$0.isDigit } ?? rest.count)
            let after = rest.dropFirst(digits.count)
            let name = after.prefix(after.bytes.firstIndex { !$0.isLetter } ?? after.count)
            guard !digits.isEmpty else {
                throw rest.prefix(1).failure("\"\(piece.string)\" is not a length of time", hint: hint)
            }
            guard !name.isEmpty else {
                let message = after.isEmpty ? "a unit is missing after \(digits.string)" : "only whole numbers are read"
                throw (after.isEmpty ? digits : after.prefix(1)).failure(message, hint: hint)
            }
            guard let index = units.firstIndex(where: { $0.name == name.string }) else {
                throw name.failure("\"\(name.string)\" is not a unit of time", hint: hint)
            }
            guard index >= next else {
                throw name.failure("units go from large to small, each once", hint: hint)
            }
            let limit = Int(largest.nanoseconds / units[index].nanoseconds)
            guard let number = WholeNumber.value(digits, limit: limit) else { throw tooLong(piece) }
            total += Int64(number) * units[index].nanoseconds
            guard total <= largest.nanoseconds else { throw tooLong(piece) }
            next = index + 1
            rest = after.dropFirst(name.count)
        }
        guard total > 0 else { throw piece.failure("the time must be longer than nothing", hint: hint) }
        return Span(nanoseconds: total)
    }

    private static func tooLong(_ piece: Piece) -> RequestError {
        piece.failure("\(piece.string) is longer than ten years", hint: hint)
    }

    /// Every unit that is not zero: exact, where `Span.description` shows two.
    static func canonical(_ span: Span) -> String {
        var rest = span.nanoseconds
        var text = ""
        for unit in units where rest >= unit.nanoseconds {
            text += "\(rest / unit.nanoseconds)\(unit.name)"
            rest %= unit.nanoseconds
        }
        return text.isEmpty ? "0s" : text
    }
}
