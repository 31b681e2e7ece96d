/// Swift source with its comments and strings blanked out, line by line.
///
/// It knows enough of the grammar for that and no more: line comments, nested block comments, strings of one and of
/// several lines, raw strings, and raw identifiers. What stands inside an interpolation counts as part of its string.
struct SwiftText {
    /// The source, line by line.
    let lines: [Substring]
    /// The same lines without what stands in comments, strings and raw identifiers.
    let code: [String]

    init(_ text: String) {
        lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        var scanner = Scanner(text: Array(text.utf8))
        code = scanner.blanked().split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }
}

private struct Scanner {
    let text: [UInt8]
    private var index = 0
    private var result: [UInt8] = []

    private static let newline = UInt8(ascii: "\n")
    private static let quote = UInt8(ascii: "\"")
    private static let pound = UInt8(ascii: "#")
    private static let slash = UInt8(ascii: "/")
    private static let star = UInt8(ascii: "*")
    private static let backslash = UInt8(ascii: "\\")
    private static let backtick = UInt8(ascii: "`")
    private static let open = UInt8(ascii: "(")
    private static let close = UInt8(ascii: ")")

    init(text: [UInt8]) { self.text = text }

    mutating func blanked() -> String {
        result.reserveCapacity(text.count)
        while index < text.count {
            switch (text[index], byte(after: index)) {
            case (Self.slash, Self.slash): skip(to: text[index...].firstIndex(of: Self.newline) ?? text.count)
            case (Self.slash, Self.star): skip(to: endOfComment(from: index))
            case (Self.quote, _): skip(to: endOfString(from: index))
            case (Self.pound, _) where text[index...].first(where: { $0 != Self.pound }) == Self.quote:
                skip(to: endOfString(from: index))
            case (Self.backtick, _): skip(to: (text[(index + 1)...].firstIndex(of: Self.backtick) ?? index) + 1)
            case (let other, _):
                result.append(other)
                index += 1
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    private func byte(after place: Int) -> UInt8 { place + 1 < text.count ? text[place + 1] : 0 }

    /// Steps to `end`, keeping the line breaks.
    private mutating func skip(to end: Int) {
        let end = min(end, text.count)
        for byte in text[index..<end] { result.append(byte == Self.newline ? byte : UInt8(ascii: " ")) }
        index = end
    }

    private func endOfComment(from start: Int) -> Int {
        var depth = 0
        var index = start
        while index < text.count {
            switch (text[index], byte(after: index)) {
            case (Self.slash, Self.star):
                depth += 1
                index += 2
            case (Self.star, Self.slash):
                depth -= 1
                index += 2
                if depth == 0 { return index }
            default: index += 1
            }
        }
        return index
    }

    private func endOfString(from start: Int) -> Int {
        let pounds = Array(text[start...].prefix { $0 == Self.pound })
        let opening = text[(start + pounds.count)...]
        let quotes = opening.starts(with: [Self.quote, Self.quote, Self.quote]) ? 3 : 1
        let end = [UInt8](repeating: Self.quote, count: quotes) + pounds
        var index = start + pounds.count + quotes
        while index < text.count {
            if text[index] == Self.backslash, text[(index + 1)...].starts(with: pounds) {
                index += 1 + pounds.count
                if index < text.count, text[index] == Self.open {
                    index = endOfInterpolation(from: index)
                } else {
                    index += 1
                }
            } else if text[index] == Self.quote, text[index...].starts(with: end) {
                return index + end.count
            } else {
                index += 1
            }
        }
        return index
    }

    /// The place after the parenthesis that closes the one at `start`; strings inside may hold parentheses.
    private func endOfInterpolation(from start: Int) -> Int {
        var depth = 0
        var index = start
        while index < text.count {
            switch text[index] {
            case Self.open: depth += 1
            case Self.close:
                depth -= 1
                if depth == 0 { return index + 1 }
            case Self.quote:
                index = endOfString(from: index)
                continue
            default: break
            }
            index += 1
        }
        return index
    }
}
