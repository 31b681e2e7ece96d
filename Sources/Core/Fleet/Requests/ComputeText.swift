/// Amounts of compute as they are written: `40tflops`, `1.5pflops`, `0.5xa100`.
enum ComputeText {
    static let hint = """
        write dense FP16 tensor TFLOPS ("40tflops", "1.2pflops") or a part of a known model ("0.5xa100"), for each GPU
        """

    /// Far above any GPU's compute: 1000 PFLOPS, in thousandths of TFLOPS.
    private static let largest: UInt64 = 1_000_000_000
    /// A thousand GPUs of the model named, in thousandths.
    private static let most: UInt64 = 1_000_000

    /// Reads one amount; what is finer than a thousandth counts as one.
    static func parse(_ text: String) throws(RequestError) -> Compute {
        let piece = try Piece(option: "--compute", text: text)
        try piece.checkPlain()
        guard !piece.isEmpty else { throw piece.failure("an amount of compute is missing", hint: hint) }
        if piece.hasPrefix("-") { throw piece.failure("an amount of compute cannot be negative", hint: hint) }
        let length = piece.bytes.firstIndex { !$0.isDigit && $0 != UInt8(ascii: ".") } ?? piece.count
        let (number, rest) = (piece.prefix(length), piece.dropFirst(length))
        guard !number.isEmpty else {
            throw piece.failure("\"\(piece.string)\" is not an amount of compute", hint: hint)
        }
        let decimal = try DecimalNumber(number, hint: hint)
        guard !decimal.isZero else { throw piece.failure("\(piece.string) is no compute at all", hint: hint) }
        if rest.hasPrefix("x") || rest.hasPrefix("X") {
            return try part(decimal, of: rest.dropFirst(1), in: piece)
        }
        let units: [String: UInt64] = ["tflops": 1000, "pflops": 1_000_000, "gflops": 1]
        guard let unit = units[rest.lowercased] else {
            let message = rest.isEmpty ? "a unit is missing" : "\"\(rest.string)\" is not a unit of compute"
            throw (rest.isEmpty ? piece : rest).failure(message, hint: hint)
        }
        guard let (value, _) = decimal.times(unit, rounding: .up, limit: largest) else {
            throw piece.failure("\(piece.string) is more than any GPU has", hint: hint)
        }
        return .gigaflops(Int64(value))
    }

    private static func part(_ number: DecimalNumber, of word: Piece, in piece: Piece) throws(RequestError) -> Compute {
        guard GPUSelector.isModelWord(word) else {
            throw word.failure("a model is missing: \"\(word.string)\"", hint: hint)
        }
        let model = word.lowercased
        guard ComputeTable.gigaflops(of: model) != nil else {
            throw word.failure(
                "nobody wrote down how much compute a \(word.string) has",
                hint: "name another model, such as a100, h100 or l40s, or write TFLOPS: \"40tflops\"")
        }
        guard let (milli, _) = number.times(1000, rounding: .up, limit: most) else {
            throw piece.failure("\(piece.string) is more than any GPU has", hint: hint)
        }
        return .ofModel(milli: Int64(milli), model: model)
    }
}
