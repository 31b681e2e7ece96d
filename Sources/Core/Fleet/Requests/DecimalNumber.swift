/// A non-negative decimal number as it was written, exact: `significand / 10^decimals`.
struct DecimalNumber {
    let significand: UInt64
    let decimals: Int

    /// More digits than this, leading zeros aside, are refused: the significand stays below 10^18.
    static let digitLimit = 18

    /// Reads `12`, `1.5`, `.5`: ASCII digits with at most one point, and a digit after it.
    init(_ piece: Piece, hint: String) throws(RequestError) {
        var significand: UInt64 = 0
        var digits = 0
        var decimals: Int?
        for index in 0..<piece.count {
            let byte = piece.bytes[index]
            if byte == UInt8(ascii: "."), decimals == nil {
                decimals = 0
                continue
            }
            guard byte.isDigit else {
                throw piece[index..<index + 1].failure("\"\(piece.string)\" is not a number", hint: hint)
            }
            if let places = decimals { decimals = places + 1 }
            if byte == UInt8(ascii: "0"), significand == 0 { continue }
            digits += 1
            guard digits <= Self.digitLimit else { throw piece.failure("the number has too many digits", hint: hint) }
            significand = significand * 10 + UInt64(byte - UInt8(ascii: "0"))
        }
        guard !piece.isEmpty, decimals != 0 else {
            let message = piece.isEmpty ? "a number is missing" : "a digit is missing after the point"
            throw piece.failure(message, hint: hint)
        }
        self.significand = significand
        self.decimals = decimals ?? 0
    }

    var isZero: Bool { significand == 0 }

    /// The number times `factor`, which is positive, and whether that is exact; nil when it is above `limit`.
    func times(_ factor: UInt64, rounding: Rounding, limit: UInt64) -> (value: UInt64, isExact: Bool)? {
        var (high, low) = significand.multipliedFullWidth(by: factor)
        var isExact = true
        for _ in 0..<decimals {
            // Long division of the two-word product by ten, one decimal at a time.
            let (quotient, rest) = high.quotientAndRemainder(dividingBy: 10)
            let (lowQuotient, lowRest) = UInt64(10).dividingFullWidth((rest, low))
            (high, low) = (quotient, lowQuotient)
            if lowRest != 0 { isExact = false }
            if high == 0, low == 0 { break }
        }
        if rounding == .up, !isExact {
            let (sum, overflow) = low.addingReportingOverflow(1)
            (low, high) = (sum, high + (overflow ? 1 : 0))
        }
        return high == 0 && low <= limit ? (low, isExact) : nil
    }

    enum Rounding { case up, down }
}

/// A whole number of ASCII digits, read without surprises.
enum WholeNumber {
    /// The number; nil when it is larger than `limit`. The piece must be digits only, at least one.
    static func value(_ piece: Piece, limit: Int) -> Int? {
        var value = 0
        for byte in piece.bytes {
            let (tens, overflowTens) = value.multipliedReportingOverflow(by: 10)
            let (sum, overflow) = tens.addingReportingOverflow(Int(byte - UInt8(ascii: "0")))
            guard !overflowTens, !overflow, sum <= limit else { return nil }
            value = sum
        }
        return value
    }

    static func isDigits(_ piece: Piece) -> Bool { !piece.isEmpty && piece.bytes.allSatisfy(\.isDigit) }
}
