import CSimulatedDriver
import Glibc

/// Numbers and texts as the commands write them.
enum Text {
    static func trimmed(_ text: some StringProtocol) -> String {
        var rest = text[...]
        while let first = rest.first, first.isWhitespace { rest.removeFirst() }
        while let last = rest.last, last.isWhitespace { rest.removeLast() }
        return String(rest)
    }

    static func complain(_ text: String) { write(text + "\n", to: STDERR_FILENO) }

    static func write(_ text: String, to file: Int32) {
        let bytes = Array(text.utf8)
        _ = Glibc.write(file, bytes, bytes.count)
    }

    /// `40.0`, of hundredths.
    static func oneDecimal(hundredths: UInt32) -> String {
        let tenths = (hundredths + 5) / 10
        return "\(tenths / 10).\(tenths % 10)"
    }

    /// `50.00`, of hundredths.
    static func twoDecimals(hundredths: UInt32) -> String {
        let rest = hundredths % 100
        return "\(hundredths / 100).\(rest < 10 ? "0" : "")\(rest)"
    }

    /// A percentage above 0 and up to 100, in hundredths; nil for anything else.
    static func hundredths(_ text: String) -> UInt32? {
        let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = parts.first, let whole = UInt32(first), whole <= 100 else { return nil }
        var value = whole * 100
        if parts.count == 2 {
            guard parts[1].allSatisfy({ $0.isASCII && $0.isNumber }), !parts[1].isEmpty else { return nil }
            var scale: UInt32 = 10
            for digit in parts[1].prefix(2) {
                value += UInt32(digit.wholeNumberValue ?? 0) * scale
                scale /= 10
            }
        }
        return value > 0 && value <= 10_000 ? value : nil
    }

    /// `10G`, `512M`, `64K`: whole numbers with a qualifier, in multiples of 1024. Nil for anything else.
    static func bytes(_ text: String, qualifiers: String = "KMG") -> UInt64? {
        guard let qualifier = text.last, qualifiers.contains(qualifier), let number = UInt64(text.dropLast()),
            number > 0, number < 1 << 30
        else { return nil }
        switch qualifier {
        case "G": return number << 30
        case "M": return number << 20
        default: return number << 10
        }
    }

    /// A text at least that wide, with spaces behind it.
    static func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }

    /// The pieces of a line between spaces.
    static func words(_ line: String) -> [String] { line.split(whereSeparator: \.isWhitespace).map(String.init) }
}

/// Milliseconds of the monotonic clock.
func monotonicMilliseconds() -> Int64 {
    Int64(model_now() / 1000)
}
