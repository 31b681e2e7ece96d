/// Options whose value is a word: from a closed list, a queue's name, a priority, profiles of slices.
enum WordText {
    /// The longest name of a queue, in bytes.
    static let nameLimit = 63
    static let priorityLimit = 1_000_000_000
    static let sliceLimit = 64

    /// Reads one of the words of a closed list.
    static func parse<Word>(_ text: String, option: String) throws(RequestError) -> Word
    where Word: RawRepresentable & CaseIterable, Word.RawValue == String {
        let piece = try Piece(option: option, text: text)
        guard let word = Word(rawValue: text) else {
            let words = Word.allCases.map(\.rawValue).joined(separator: ", ")
            throw piece.failure(
                text.isEmpty ? "a word is missing" : "\"\(text)\" is not one of its words",
                hint: "write one of \(words)")
        }
        return word
    }

    /// `no`, `any`, or how much of a GPU.
    static func burst(_ text: String) throws(RequestError) -> Burst {
        let piece = try Piece(option: "--burst", text: text)
        if text == "no" { return .no }
        if text == "any" { return .any }
        let (most, _) = try ShareText.parse(piece)
        return .upTo(most)
    }

    static func queue(_ text: String) throws(RequestError) -> String {
        try name(Piece(option: "--queue", text: text), of: "a queue")
    }

    static func reservation(_ text: String) throws(RequestError) -> String {
        try name(Piece(option: "--reservation", text: text), of: "a reservation")
    }

    /// Whom a request keeps away from: `db`, never on a GPU with it; `node:db`, never on a node with it.
    static func antiAffinity(_ text: String) throws(RequestError) -> Request.AntiAffinity {
        let piece = try Piece(option: "--anti-affinity", text: text)
        guard let (scope, name) = piece.cut(at: ":") else {
            return Request.AntiAffinity(try self.name(piece, of: "an anti-affinity"))
        }
        guard let word = Request.AntiAffinity.Scope(rawValue: scope.string) else {
            throw scope.failure(
                "\"\(scope.string)\" is not what can be kept apart", hint: "write \"NAME\" or \"node:NAME\"")
        }
        return Request.AntiAffinity(try self.name(name, of: "an anti-affinity"), scope: word)
    }

    /// A number of nodes, at least 1.
    static func nodes(_ text: String) throws(RequestError) -> Int {
        let hint = "write how many different nodes give what --gpus says: \"4\""
        let piece = try Piece(option: "--nodes", text: text)
        try piece.checkPlain()
        guard WholeNumber.isDigits(piece) else {
            throw piece.failure("\"\(text)\" is not a number of nodes", hint: hint)
        }
        guard let value = WholeNumber.value(piece, limit: Request.nodeLimit) else {
            throw piece.failure("\(text) is more nodes than anybody has", hint: hint)
        }
        guard value > 0 else { throw piece.failure("0 nodes cannot be asked for", hint: hint) }
        return value
    }

    private static func name(_ piece: Piece, of what: String) throws(RequestError) -> String {
        let hint = "\(what)'s name is letters, digits, and - _ . / between them, at most \(nameLimit) characters"
        let text = piece.string
        try piece.checkPlain()
        let isInside = { (byte: UInt8) in byte.isLetter || byte.isDigit || "-_./".utf8.contains(byte) }
        guard let first = piece.bytes.first, let last = piece.bytes.last else {
            throw piece.failure("a name is missing", hint: hint)
        }
        if let bad = piece.bytes.firstIndex(where: { !isInside($0) }) {
            throw piece[bad..<bad + 1].failure("\"\(text)\" is not the name of \(what)", hint: hint)
        }
        guard piece.count <= nameLimit, first.isLetter || first.isDigit, last.isLetter || last.isDigit else {
            throw piece.failure("\"\(text)\" is not the name of \(what)", hint: hint)
        }
        return text
    }

    static func priority(_ text: String) throws(RequestError) -> Int {
        let hint = "write a whole number from -\(priorityLimit) to \(priorityLimit); larger goes first"
        let piece = try Piece(option: "--priority", text: text)
        try piece.checkPlain()
        let isNegative = piece.hasPrefix("-")
        let digits = isNegative || piece.hasPrefix("+") ? piece.dropFirst(1) : piece
        guard WholeNumber.isDigits(digits) else { throw piece.failure("\"\(text)\" is not a whole number", hint: hint) }
        guard let value = WholeNumber.value(digits, limit: priorityLimit) else {
            throw piece.failure("\(text) is out of range", hint: hint)
        }
        return isNegative ? -value : value
    }

    /// Profiles by name or by the driver's id, in the order written; the same one may come several times.
    static func slices(_ text: String) throws(RequestError) -> [String] {
        let hint = "write profiles as nvidia-smi mig -lgip lists them: \"3g.71gb\", \"1g.10gb+me\", \"9\""
        let whole = try Piece(option: "--slice", text: text)
        try whole.checkPlain()
        let pieces = whole.split(at: ",")
        for piece in pieces {
            guard !piece.isEmpty else { throw piece.failure("a profile is missing", hint: hint) }
            let isName = piece.bytes.allSatisfy { $0.isLetter || $0.isDigit || ".+-_".utf8.contains($0) }
            guard isName, piece.bytes[0].isDigit else {
                throw piece.failure("\"\(piece.string)\" is not a slice's profile", hint: hint)
            }
        }
        guard pieces.count <= sliceLimit else {
            throw whole.failure("at most \(sliceLimit) slices can be named", hint: hint)
        }
        return pieces.map(\.lowercased)
    }
}
