/// What Divvy reads where Docker reads a count: `[MODEL[,MODEL]][:MEM][:N]`.
struct GPUSelector {
    var models: [String] = []
    var memory: MemoryRange?
    var amount: AmountText?

    static let modelLimit = 64

    static let hint = """
        write N, all, a part ("0.5", "1/4"), MODEL:N, MODEL:MEM:N ("h100:80G:2"), "device=0,2" or what docker run takes
        """

    /// Words that somebody may type where a model stands, and what to write instead.
    private static let noModels: [String: String] = [
        "nan": AmountText.hint, "inf": AmountText.hint, "infinity": AmountText.hint,
        "none": "for no GPU leave the option out", "void": "for no GPU leave the option out",
        "false": "for no GPU leave the option out", "no": "for no GPU leave the option out",
        "any": "any model is meant when none is named: write the number alone",
        "device": "write device=0 or device=GPU-3a23...", "driver": "write driver=nvidia", "count": "write count=2",
        "true": AmountText.hint, "yes": AmountText.hint, "all": AmountText.hint, "memory": AmountText.hint,
    ]

    /// Any GPU, as many as the rest of the request says.
    init() {}

    init(_ piece: Piece) throws(RequestError) {
        try piece.checkPlain()
        guard !piece.isEmpty else { throw piece.failure("nothing is asked for", hint: Self.hint) }
        for (index, part) in piece.split(at: ":").enumerated() {
            guard !part.isEmpty else { throw part.failure("nothing stands on one side of the colon", hint: Self.hint) }
            if part.bytes.contains(UInt8(ascii: ",")), index > 0 {
                throw part.failure(
                    "one size and one amount hold for all models", hint: "write the models first: \"h100,h200:2\"")
            }
            if AmountText.looksLikeOne(part) {
                guard amount == nil else { throw twice(part, what: "amount") }
                amount = try AmountText(part)
            } else if part.bytes[0].isLetter {
                guard index == 0 else {
                    throw part.failure("the model stands before the size and the amount", hint: "write \"h100:80G:2\"")
                }
                if part.hasPrefix("GPU-") || part.hasPrefix("MIG-") {
                    throw part.failure("\(part.string) is a device", hint: "write device=\(part.string)")
                }
                models = try Self.models(part)
            } else {
                if Self.isSliceProfile(part) {
                    throw part.failure(
                        "\(part.string) is a slice's profile", hint: "write --slice \(part.string)")
                }
                if let (number, model) = part.cut(at: "x"), WholeNumber.isDigits(number), Self.isModelWord(model) {
                    throw part.failure(
                        "the model stands before the amount", hint: "write \"\(model.string):\(number.string)\"")
                }
                if index == 0, let wrong = part.split(at: ",").first(where: { $0.bytes.first?.isLetter != true }),
                    part.bytes.contains(UInt8(ascii: ","))
                {
                    throw Self.notAModel(wrong)
                }
                guard memory == nil else { throw twice(part, what: "size") }
                memory = try SizeText.parseRange(part)
            }
        }
    }

    private func twice(_ part: Piece, what: String) -> RequestError {
        part.failure(
            "a second \(what): \(part.string)",
            hint: "a model starts with a letter: \"rtx-4090:2\", \"h100:80G:2\"")
    }

    /// Model words, lower-cased, each once, in the order written.
    private static func models(_ part: Piece) throws(RequestError) -> [String] {
        var models: [String] = []
        for word in part.split(at: ",") {
            guard isModelWord(word) else { throw notAModel(word) }
            let model = word.lowercased
            if let hint = noModels[model] { throw word.failure("\"\(word.string)\" is not a model", hint: hint) }
            if !models.contains(model) { models.append(model) }
        }
        guard models.count <= modelLimit else {
            throw part.failure("at most \(modelLimit) models can be named", hint: hint)
        }
        return models
    }

    private static func notAModel(_ word: Piece) -> RequestError {
        word.failure(
            "\"\(word.string)\" is not a model",
            hint: "a model is a word such as h100, rtx-4090 or l40s; the amount follows the last one: \"h100,h200:2\"")
    }

    /// A letter, then letters and digits, with single `-` or `_` between them.
    static func isModelWord(_ word: Piece) -> Bool {
        guard let first = word.bytes.first, first.isLetter, let last = word.bytes.last else { return false }
        var wasMark = false
        for byte in word.bytes {
            let isMark = byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
            guard byte.isLetter || byte.isDigit || (isMark && !wasMark) else { return false }
            wasMark = isMark
        }
        return last.isLetter || last.isDigit
    }

    /// Whether it looks like a MIG profile: `1g.10gb`, `3g.71gb+me`.
    private static func isSliceProfile(_ piece: Piece) -> Bool {
        guard let (before, after) = piece.cut(at: "g.") else { return false }
        return WholeNumber.isDigits(before) && after.bytes.first?.isDigit == true
    }
}
