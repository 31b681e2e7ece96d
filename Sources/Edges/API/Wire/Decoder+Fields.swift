/// A key of whatever name.
private struct AnyKey: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }

    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
}

extension Decoder {
    /// A slip in a field's name must not become a field left out.
    func refuseUnknownFields(except known: [String]) throws {
        let container = try container(keyedBy: AnyKey.self)
        for key in container.allKeys where !known.contains(key.stringValue) {
            throw DecodingError.dataCorruptedError(
                forKey: key, in: container,
                debugDescription: "there is no such field; the fields are \(known.joined(separator: ", "))")
        }
    }
}

extension KeyedDecodingContainer {
    /// Refuses a schema that is there and is another.
    func check(schema expected: String, forKey key: Key) throws {
        guard let schema = try decodeIfPresent(String.self, forKey: key), schema != expected else { return }
        throw DecodingError.dataCorruptedError(
            forKey: key, in: self, debugDescription: "it is \"\(schema)\", and only \"\(expected)\" is read here")
    }
}
