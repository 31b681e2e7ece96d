/// How many GPUs and how much of each, as it is written: `2`, `all`, `1..4`, `0.5`, `1/4`, `2x0.5`, `2xmemory`.
struct AmountText {
    enum Portion: Hashable {
        case whole
        case share(Share)
        case memory
    }

    /// Nil when only a portion was written.
    var count: CountRange?
    var portion: Portion
    var notes: [String] = []

    static let hint = "write a number of GPUs (\"2\", \"1..4\", \"all\") or a part of one (\"0.5\", \"1/4\")"

    /// Whether the piece is meant as an amount and not as a model or a size.
    static func looksLikeOne(_ piece: Piece) -> Bool {
        if !piece.bytes.contains(where: \.isLetter) || piece == "all" || piece == "memory" { return true }
        guard let (count, portion) = piece.cut(at: "x"), !count.isEmpty else { return false }
        // "2x" is an amount that breaks off; "allx" alone is a word.
        let isCount = count == "all" ? !portion.isEmpty : !count.bytes.contains(where: \.isLetter)
        return isCount && (portion == "memory" || !portion.bytes.contains(where: \.isLetter))
    }

    static let all = AmountText(count: .all, portion: .whole)

    private init(count: CountRange, portion: Portion) {
        self.count = count
        self.portion = portion
    }

    init(_ piece: Piece) throws(RequestError) {
        guard !piece.isEmpty else { throw piece.failure("the amount is missing", hint: Self.hint) }
        if let (before, after) = piece.cut(at: "x") {
            count = try CountText.parse(before)
            (portion, notes) = try Self.portion(after)
        } else if piece == "memory" || piece.cut(at: "..") == nil && Self.hasFractionMark(piece) {
            (portion, notes) = try Self.portion(piece)
        } else {
            count = try CountText.parse(piece)
            portion = .whole
        }
        if portion == .whole, count == nil { count = .one }
    }

    private static func hasFractionMark(_ piece: Piece) -> Bool {
        piece.bytes.contains { $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "/") }
    }

    private static func portion(_ piece: Piece) throws(RequestError) -> (Portion, [String]) {
        if piece == "memory" { return (.memory, []) }
        let (share, note) = try ShareText.parse(piece)
        return (share == .whole ? .whole : .share(share), note.map { [$0] } ?? [])
    }
}

/// A number of GPUs as it is written: `2`, `all`, `-1`, `1..4`, `2..`, `..4`.
enum CountText {
    static func parse(_ piece: Piece) throws(RequestError) -> CountRange {
        if piece == "all" { return .all }
        guard let (before, after) = piece.cut(at: "..") else {
            return piece == "-1" ? .all : CountRange(exactly: try number(piece))
        }
        guard !before.isEmpty || !after.isEmpty else {
            throw piece.failure("a range needs at least one end", hint: "write \"1..4\", \"2..\" or \"..4\"")
        }
        let lower = before.isEmpty ? 1 : try number(before)
        let upper = after.isEmpty ? nil : try number(after)
        if let upper, upper < lower {
            throw piece.failure("the range runs backwards", hint: "write \"\(upper)..\(lower)\"")
        }
        return CountRange(lower, upper)
    }

    /// One count; a plus sign is read over, as Docker does.
    private static func number(_ piece: Piece) throws(RequestError) -> Int {
        let isNegative = piece.hasPrefix("-")
        let digits = isNegative || piece.hasPrefix("+") ? piece.dropFirst(1) : piece
        guard WholeNumber.isDigits(digits) else {
            throw piece.failure("\"\(piece.string)\" is not a number of GPUs", hint: AmountText.hint)
        }
        guard let value = WholeNumber.value(digits, limit: CountRange.limit) else {
            throw piece.failure("\(piece.string) is more GPUs than anybody has", hint: AmountText.hint)
        }
        guard value > 0 else {
            throw piece.failure(
                "\(piece.string) GPUs cannot be asked for",
                hint: "write at least \"1\", or a part of one (\"0.5\"); for no GPU leave the option out")
        }
        guard !isNegative else {
            throw piece.failure(
                "\(piece.string) GPUs cannot be asked for",
                hint: "write \"\(value)\", or \"all\" (Docker's -1) for every GPU")
        }
        return value
    }
}

/// A part of one GPU as it is written: `0.5`, `.25`, `1/4`.
enum ShareText {
    static let hint = "ask for whole GPUs (\"2\") or a part of one (\"0.5\", \"1/4\")"

    /// Reads a share of at least 0.001; what is finer than a thousandth is cut off, with a note.
    static func parse(_ piece: Piece) throws(RequestError) -> (Share, note: String?) {
        if piece.hasPrefix("-") { throw outside(piece) }
        let (milli, isExact) = try piece.cut(at: "/") == nil ? decimal(piece) : ratio(piece)
        guard milli > 0 else {
            throw piece.failure(
                "\(piece.string) of a GPU is nothing: the smallest share is 0.001", hint: hint)
        }
        let share = Share(milli: Int32(milli))
        if isExact { return (share, nil) }
        let note = "\(piece.string) is taken as \(share): shares come in thousandths of a GPU"
        return (share, "\(piece.option): \(note)")
    }

    private static func decimal(_ piece: Piece) throws(RequestError) -> (milli: UInt64, isExact: Bool) {
        let number = try DecimalNumber(piece, hint: hint)
        if number.isZero { throw outside(piece) }
        // Rounded up to see whether it is above one, down for what is granted.
        guard number.times(1000, rounding: .up, limit: 1000) != nil,
            let (milli, isExact) = number.times(1000, rounding: .down, limit: 1000)
        else { throw outside(piece) }
        return (milli, isExact)
    }

    private static func ratio(_ piece: Piece) throws(RequestError) -> (milli: UInt64, isExact: Bool) {
        let parts = piece.split(at: "/")
        guard parts.count == 2, WholeNumber.isDigits(parts[0]), WholeNumber.isDigits(parts[1]) else {
            throw piece.failure("\"\(piece.string)\" is not a part of a GPU", hint: hint)
        }
        guard let part = WholeNumber.value(parts[0], limit: 1_000_000),
            let whole = WholeNumber.value(parts[1], limit: 1_000_000)
        else { throw piece.failure("the numbers in \(piece.string) are too large", hint: hint) }
        guard whole > 0 else { throw parts[1].failure("a GPU cannot be divided by zero", hint: hint) }
        guard part > 0, part <= whole else { throw outside(piece) }
        return (UInt64(part * 1000 / whole), part * 1000 % whole == 0)
    }

    private static func outside(_ piece: Piece) -> RequestError {
        piece.failure("a share of one GPU is between 0 and 1, not \(piece.string)", hint: hint)
    }
}
