/// Writes values as JSON in one pass, several times as fast as `JSONEncoder`, which first builds a tree.
///
/// Properties come in the order in which they are encoded, so the same value is always the same text. It is made for
/// the API's own types: strings, numbers, truth values, objects and arrays of them; containers inside a container
/// (`nestedContainer`, `superEncoder`) are not among what it can.
struct JSONWriter {
    /// Throws `EncodingError` for a number that JSON has no form for.
    static func bytes(of value: some Encodable) throws -> [UInt8] {
        let output = Output()
        try output.write(value)
        return output.bytes
    }

    fileprivate final class Output {
        var bytes: [UInt8] = []

        init() { bytes.reserveCapacity(2048) }

        func write<Value: Encodable>(_ value: Value) throws {
            // Comparing types first is what makes this fast: a cast that fails costs as much as writing a short text.
            if Value.self == String.self, let text = value as? String { return write(text) }
            if Value.self == Int64.self, let number = value as? Int64 { return writeDigits(number) }
            if Value.self == Int.self, let number = value as? Int { return writeDigits(number) }
            if Value.self == Int32.self, let number = value as? Int32 { return writeDigits(number) }
            if Value.self == UInt32.self, let number = value as? UInt32 { return writeDigits(number) }
            if Value.self == Double.self, let number = value as? Double { return try write(number) }
            if Value.self == Bool.self, let flag = value as? Bool { return write(literal: flag ? "true" : "false") }
            if Self.rareNumbers.contains(ObjectIdentifier(Value.self)) {
                if let number = value as? Float { return try write(Double(number)) }
                if let number = value as? any FixedWidthInteger { return writeDigits(number) }
            }
            let encoder = ValueEncoder(self)
            try value.encode(to: encoder)
            if let end = encoder.end { bytes.append(end) }
        }

        /// The other types that encode themselves by asking for a single value of just that type.
        private static let rareNumbers: Set<ObjectIdentifier> = [
            ObjectIdentifier(Float.self), ObjectIdentifier(UInt.self), ObjectIdentifier(Int8.self),
            ObjectIdentifier(Int16.self), ObjectIdentifier(UInt8.self), ObjectIdentifier(UInt16.self),
            ObjectIdentifier(UInt64.self),
        ]

        private func write(_ number: Double) throws {
            guard number.isFinite else {
                throw EncodingError.invalidValue(
                    number, .init(codingPath: [], debugDescription: "\(number) has no form in JSON"))
            }
            bytes.append(contentsOf: number.description.utf8)
        }

        private func writeDigits(_ number: some FixedWidthInteger) {
            // Digits from the last to the first; 20 hold every 64-bit number.
            withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { digits in
                var rest = UInt64(number.magnitude)
                var start = digits.count
                repeat {
                    start -= 1
                    digits[start] = UInt8(48 + rest % 10)
                    rest /= 10
                } while rest > 0
                if number < 0 { bytes.append(UInt8(ascii: "-")) }
                bytes.append(contentsOf: UnsafeBufferPointer(rebasing: UnsafeBufferPointer(digits)[start...]))
            }
        }

        func write(literal: StaticString) {
            literal.withUTF8Buffer { bytes.append(contentsOf: $0) }
        }

        func write(_ text: String) {
            var text = text
            bytes.append(UInt8(ascii: "\""))
            text.withUTF8 { utf8 in
                if utf8.allSatisfy({ $0 >= 32 && $0 != 34 && $0 != 92 }) {
                    bytes.append(contentsOf: utf8)
                } else {
                    utf8.forEach(writeEscaped)
                }
            }
            bytes.append(UInt8(ascii: "\""))
        }

        private func writeEscaped(_ byte: UInt8) {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes += [UInt8(ascii: "\\"), byte]
            case UInt8(ascii: "\n"): write(literal: "\\n")
            case UInt8(ascii: "\t"): write(literal: "\\t")
            case ..<32:
                let digits = Array("0123456789abcdef".utf8)
                write(literal: "\\u00")
                bytes += [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            default: bytes.append(byte)
            }
        }
    }

    /// Encodes one value; it closes nothing itself: whoever encodes the value writes `end` after it.
    fileprivate final class ValueEncoder: Encoder {
        let output: Output
        var end: UInt8?
        var isEmpty = true
        var codingPath: [any CodingKey] { [] }
        var userInfo: [CodingUserInfoKey: Any] { [:] }

        init(_ output: Output) { self.output = output }

        private func open(_ start: Unicode.Scalar, _ end: Unicode.Scalar) {
            // A second container for the same value is one that its type shares with what it is made of.
            guard self.end == nil else { return }
            output.bytes.append(UInt8(ascii: start))
            self.end = UInt8(ascii: end)
        }

        func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
            open("{", "}")
            return KeyedEncodingContainer(Keyed<Key>(encoder: self))
        }

        func unkeyedContainer() -> any UnkeyedEncodingContainer {
            open("[", "]")
            return Unkeyed(encoder: self)
        }

        func singleValueContainer() -> any SingleValueEncodingContainer { Single(encoder: self) }

        func separate() {
            if !isEmpty { output.bytes.append(UInt8(ascii: ",")) }
            isEmpty = false
        }
    }

    private struct Keyed<Key: CodingKey>: KeyedEncodingContainerProtocol {
        let encoder: ValueEncoder
        var codingPath: [any CodingKey] { [] }

        private func begin(_ key: Key) {
            encoder.separate()
            encoder.output.write(key.stringValue)
            encoder.output.bytes.append(UInt8(ascii: ":"))
        }

        func encodeNil(forKey key: Key) {
            begin(key)
            encoder.output.write(literal: "null")
        }

        func encode(_ value: String, forKey key: Key) {
            begin(key)
            encoder.output.write(value)
        }

        func encode<Value: Encodable>(_ value: Value, forKey key: Key) throws {
            begin(key)
            try encoder.output.write(value)
        }

        func nestedContainer<Nested: CodingKey>(
            keyedBy type: Nested.Type, forKey key: Key
        ) -> KeyedEncodingContainer<Nested> { preconditionFailure("a nested container is not written") }

        func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
            preconditionFailure("a nested container is not written")
        }

        func superEncoder() -> any Encoder { preconditionFailure("a nested container is not written") }

        func superEncoder(forKey key: Key) -> any Encoder { preconditionFailure("a nested container is not written") }
    }

    private struct Unkeyed: UnkeyedEncodingContainer {
        let encoder: ValueEncoder
        private(set) var count = 0
        var codingPath: [any CodingKey] { [] }

        init(encoder: ValueEncoder) { self.encoder = encoder }

        mutating func encodeNil() {
            count += 1
            encoder.separate()
            encoder.output.write(literal: "null")
        }

        mutating func encode<Value: Encodable>(_ value: Value) throws {
            count += 1
            encoder.separate()
            try encoder.output.write(value)
        }

        func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type) -> KeyedEncodingContainer<Nested> {
            preconditionFailure("a nested container is not written")
        }

        func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer {
            preconditionFailure("a nested container is not written")
        }

        func superEncoder() -> any Encoder { preconditionFailure("a nested container is not written") }
    }

    private struct Single: SingleValueEncodingContainer {
        let encoder: ValueEncoder
        var codingPath: [any CodingKey] { [] }

        func encodeNil() { encoder.output.write(literal: "null") }

        func encode<Value: Encodable>(_ value: Value) throws { try encoder.output.write(value) }
    }
}
