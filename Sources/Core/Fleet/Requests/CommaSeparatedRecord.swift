/// The first record of comma-separated text, read as Go's encoding/csv reads it, because Docker reads `--gpus` with it.
///
/// A field may stand in double quotes and then holds commas, line breaks and, doubled, quotes. A quote inside a field
/// that does not start with one is an error, as is anything between a closing quote and the next comma. Empty lines
/// before the record are skipped; `\r\n` counts as `\n`.
struct CommaSeparatedRecord {
    let fields: [Piece]
    /// Whether anything but empty lines follows the record.
    let hasMore: Bool

    /// Throws when there is no record or a quote stands where it must not.
    init(_ piece: Piece) throws(RequestError) {
        var reader = Reader(piece)
        reader.skipEmptyLines()
        reader.start = reader.position
        guard !reader.isAtEnd else { throw piece.failure("EOF: the value is empty", hint: nil) }
        var fields: [Piece] = []
        while true {
            fields.append(reader.isAt("\"") ? try reader.quotedField() : try reader.plainField())
            guard reader.isAt(",") else { break }
            reader.position += 1
        }
        self.fields = fields
        reader.skipEmptyLines()
        hasMore = !reader.isAtEnd
    }

    private struct Reader {
        let source: Piece
        /// The source without the carriage returns that belong to line ends.
        let piece: Piece
        var position = 0
        /// Where the record starts.
        var start = 0

        init(_ source: Piece) {
            self.source = source
            let bytes = source.bytes
            let kept = bytes.indices.filter { index in
                guard bytes[index] == UInt8(ascii: "\r") else { return true }
                return index + 1 < bytes.count && bytes[index + 1] != UInt8(ascii: "\n")
            }
            piece = Piece(
                option: source.option, text: source.text, bytes: kept.map { bytes[$0] },
                places: kept.map { source.places[$0] }, anchor: source.anchor)
        }

        var isAtEnd: Bool { position == piece.count }

        func isAt(_ character: Character) -> Bool {
            position < piece.count && piece.bytes[position] == character.asciiValue
        }

        mutating func skipEmptyLines() { while isAt("\n") { position += 1 } }

        mutating func plainField() throws(RequestError) -> Piece {
            let start = position
            while !isAtEnd, !isAt(","), !isAt("\n") { position += 1 }
            let field = piece[start..<position]
            if let quote = field.bytes.firstIndex(of: UInt8(ascii: "\"")) {
                throw failure(at: start + quote, "bare \" in non-quoted-field")
            }
            return field
        }

        mutating func quotedField() throws(RequestError) -> Piece {
            position += 1
            let start = position
            var kept: [Int] = []
            while true {
                guard !isAtEnd else { throw failure(at: position, "extraneous or missing \" in quoted-field") }
                guard isAt("\"") else {
                    kept.append(position)
                    position += 1
                    continue
                }
                position += 1
                if isAt("\"") {
                    kept.append(position)
                    position += 1
                } else if isAtEnd || isAt(",") || isAt("\n") {
                    break
                } else {
                    throw failure(at: position - 1, "extraneous or missing \" in quoted-field")
                }
            }
            return Piece(
                option: piece.option, text: piece.text, bytes: kept.map { piece.bytes[$0] },
                places: kept.map { piece.places[$0] }, anchor: piece[start..<start].anchor)
        }

        /// Go's wording, with its line and its column in bytes, both from 1.
        private func failure(at index: Int, _ message: String) -> RequestError {
            // Where the text breaks off after a line break, Go still counts on that line.
            let before = index == piece.count ? piece.bytes.dropLast() : piece.bytes[..<index]
            let line = Self.line(before)
            let first = Self.line(piece.bytes[..<start])
            let column = index - (before.lastIndex(of: UInt8(ascii: "\n")) ?? -1)
            let record = line == first ? "" : "record on line \(first); "
            return piece[index..<min(index + 1, piece.count)].failure(
                "\(record)parse error on line \(line), column \(column): \(message)",
                hint: "a field with commas stands in double quotes from its first to its last character: "
                    + "'\"device=0,2\",driver=nvidia'")
        }

        private static func line(_ before: ArraySlice<UInt8>) -> Int { before.count { $0 == UInt8(ascii: "\n") } + 1 }
    }
}
