/// A piece of an option's text that remembers where each of its bytes was written, so that an error can point at it.
///
/// Its bytes need not be neighbours in the text: the quotes of a comma-separated record are gone from it.
struct Piece {
    /// The option as people write it.
    let option: String
    /// The option's whole text.
    let text: String
    let bytes: [UInt8]
    /// The UTF-8 offset in `text` of each byte.
    let places: [Int]
    /// Where the piece stands when it is empty.
    let anchor: Int

    /// The longest option that is read, in bytes; nothing that people mean comes near it.
    static let limit = 4096

    /// A whole option.
    init(option: String, text: String) throws(RequestError) {
        let length = text.utf8.count
        guard length <= Self.limit else {
            throw RequestError(
                option: option, text: text, range: Self.limit..<length,
                message: "the value is \(length) bytes long; at most \(Self.limit) are read", hint: nil)
        }
        self.init(option: option, text: text, bytes: Array(text.utf8), places: Array(0..<length), anchor: 0)
    }

    init(option: String, text: String, bytes: [UInt8], places: [Int], anchor: Int) {
        self.option = option
        self.text = text
        self.bytes = bytes
        self.places = places
        self.anchor = anchor
    }

    var isEmpty: Bool { bytes.isEmpty }
    var count: Int { bytes.count }
    var string: String { String(decoding: bytes, as: UTF8.self) }
    var lowercased: String { string.lowercased() }

    /// Where it stands in the text, as UTF-8 offsets.
    var range: Range<Int> {
        guard let first = places.first, let last = places.last else { return anchor..<anchor }
        return first..<max(first, last) + 1
    }

    func failure(_ message: String, hint: String?) -> RequestError {
        RequestError(option: option, text: text, range: range, message: message, hint: hint)
    }

    /// The bytes in `range`; traps when it leaves the piece.
    subscript(_ range: Range<Int>) -> Piece {
        let anchor = range.lowerBound < count ? places[range.lowerBound] : (places.last ?? self.anchor - 1) + 1
        return Piece(
            option: option, text: text, bytes: Array(bytes[range]), places: Array(places[range]), anchor: anchor)
    }

    func prefix(_ length: Int) -> Piece { self[0..<length] }
    func dropFirst(_ length: Int) -> Piece { self[length..<count] }

    /// The pieces before and after the first `separator`; nil when there is none.
    func cut(at separator: String) -> (before: Piece, after: Piece)? {
        let wanted = Array(separator.utf8)
        guard count >= wanted.count else { return nil }
        for start in 0...(count - wanted.count) where bytes[start..<(start + wanted.count)].elementsEqual(wanted) {
            return (prefix(start), dropFirst(start + wanted.count))
        }
        return nil
    }

    /// The pieces between the separators; one empty piece when there is nothing at all.
    func split(at separator: Character) -> [Piece] {
        var pieces: [Piece] = []
        var start = 0
        for index in 0..<count where bytes[index] == separator.asciiValue {
            pieces.append(self[start..<index])
            start = index + 1
        }
        pieces.append(self[start..<count])
        return pieces
    }

    /// This piece, a comma, and `next`.
    func joined(with next: Piece) -> Piece {
        let comma = (places.last ?? anchor) + 1
        return Piece(
            option: option, text: text, bytes: bytes + [UInt8(ascii: ",")] + next.bytes,
            places: places + [comma] + next.places, anchor: anchor)
    }

    static func == (piece: Piece, word: String) -> Bool { piece.bytes.elementsEqual(word.utf8) }

    func hasPrefix(_ word: String) -> Bool { bytes.starts(with: word.utf8) }

    /// Throws, pointing at the character, unless all is printable ASCII without spaces.
    func checkPlain() throws(RequestError) {
        guard let bad = bytes.firstIndex(where: { $0 <= 32 || $0 >= 127 }) else { return }
        var end = bad + 1
        while end < count, bytes[end] & 0xC0 == 0x80 { end += 1 }
        let piece = self[bad..<end]
        switch bytes[bad] {
        case 32: throw piece.failure("a space has no place here", hint: "write it without spaces")
        case 128...:
            throw piece.failure(
                "\"\(piece.string)\" is neither a plain letter nor a plain digit",
                hint: "only the letters a to z and the digits 0 to 9 of ASCII are read")
        default: throw piece.failure("a control character has no place here", hint: "write it without line breaks")
        }
    }
}

extension UInt8 {
    var isDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }
    var isLetter: Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self | 0x20) }
}
