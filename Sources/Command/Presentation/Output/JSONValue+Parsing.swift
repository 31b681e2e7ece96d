import FoundationEssentials

extension JSONValue {
    /// The JSON form of a value, in the order of `sorted()`.
    package init(_ value: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        self = try JSONValue(parsing: Array(try encoder.encode(value))).sorted()
    }

    /// What a text that is not JSON breaks, and where, as an offset in bytes.
    package struct ParsingError: Error, CustomStringConvertible {
        package let offset: Int
        package let expected: String

        package var description: String { "not JSON: \(expected) expected at byte \(offset)" }
    }

    package init(parsing bytes: [UInt8]) throws(ParsingError) {
        var parser = Parser(bytes: bytes)
        self = try parser.value(depth: 0)
        parser.skipSpace()
        guard parser.position == bytes.count else { throw parser.failure("the end") }
    }

    private struct Parser {
        let bytes: [UInt8]
        var position = 0

        /// Deeper nesting than anything that the API writes.
        private static let deepest = 64

        init(bytes: [UInt8]) { self.bytes = bytes }

        var current: UInt8? { position < bytes.count ? bytes[position] : nil }

        func failure(_ expected: String) -> ParsingError { ParsingError(offset: position, expected: expected) }

        mutating func skipSpace() {
            while let byte = current, byte == 32 || (9...13).contains(byte) { position += 1 }
        }

        mutating func take(_ character: Character) -> Bool {
            skipSpace()
            guard current == character.asciiValue else { return false }
            position += 1
            return true
        }

        mutating func value(depth: Int) throws(ParsingError) -> JSONValue {
            guard depth < Self.deepest else { throw failure("less nesting") }
            skipSpace()
            switch current {
            case UInt8(ascii: "{"): return try object(depth: depth)
            case UInt8(ascii: "["): return try array(depth: depth)
            case UInt8(ascii: "\""): return .string(try string())
            case UInt8(ascii: "t"): return try word("true", .bool(true))
            case UInt8(ascii: "f"): return try word("false", .bool(false))
            case UInt8(ascii: "n"): return try word("null", .null)
            default: return try number()
            }
        }

        private mutating func word(_ text: String, _ value: JSONValue) throws(ParsingError) -> JSONValue {
            guard bytes[position...].starts(with: text.utf8) else { throw failure(text) }
            position += text.utf8.count
            return value
        }

        private mutating func number() throws(ParsingError) -> JSONValue {
            let start = position
            while let byte = current, (48...57).contains(byte) || "+-.eE".utf8.contains(byte) { position += 1 }
            guard position > start else { throw failure("a value") }
            return .number(String(decoding: bytes[start..<position], as: UTF8.self))
        }

        private mutating func array(depth: Int) throws(ParsingError) -> JSONValue {
            position += 1
            var items: [JSONValue] = []
            if take("]") { return .array([]) }
            repeat { items.append(try value(depth: depth + 1)) } while take(",")
            guard take("]") else { throw failure("]") }
            return .array(items)
        }

        private mutating func object(depth: Int) throws(ParsingError) -> JSONValue {
            position += 1
            var members: [Member] = []
            if take("}") { return .object([]) }
            repeat {
                skipSpace()
                let key = try string()
                guard take(":") else { throw failure(":") }
                members.append(Member(key, try value(depth: depth + 1)))
            } while take(",")
            guard take("}") else { throw failure("}") }
            return .object(members)
        }

        private mutating func string() throws(ParsingError) -> String {
            guard current == UInt8(ascii: "\"") else { throw failure("a string") }
            position += 1
            var units: [UInt8] = []
            while let byte = current {
                position += 1
                if byte == UInt8(ascii: "\"") { return String(decoding: units, as: UTF8.self) }
                if byte != UInt8(ascii: "\\") {
                    units.append(byte)
                    continue
                }
                guard let escaped = current else { break }
                position += 1
                switch escaped {
                case UInt8(ascii: "n"): units.append(10)
                case UInt8(ascii: "r"): units.append(13)
                case UInt8(ascii: "t"): units.append(9)
                case UInt8(ascii: "b"): units.append(8)
                case UInt8(ascii: "f"): units.append(12)
                case UInt8(ascii: "u"): units += Array(String(try scalar()).utf8)
                default: units.append(escaped)
                }
            }
            throw failure("\"")
        }

        /// The character of a `\u` escape, or of two that are a surrogate pair.
        private mutating func scalar() throws(ParsingError) -> Unicode.Scalar {
            let high = try unit()
            if let scalar = Unicode.Scalar(high) { return scalar }
            guard bytes[position...].starts(with: "\\u".utf8) else { throw failure("the second half of a pair") }
            position += 2
            let low = try unit()
            let combined = 0x10000 + ((high &- 0xD800) << 10) + (low &- 0xDC00)
            guard (0xD800..<0xDC00).contains(high), (0xDC00..<0xE000).contains(low),
                let scalar = Unicode.Scalar(combined)
            else { throw failure("a surrogate pair") }
            return scalar
        }

        private mutating func unit() throws(ParsingError) -> UInt32 {
            guard position + 4 <= bytes.count,
                let unit = UInt32(String(decoding: bytes[position..<(position + 4)], as: UTF8.self), radix: 16)
            else { throw failure("four hexadecimal digits") }
            position += 4
            return unit
        }
    }
}
