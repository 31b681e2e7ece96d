/// Lines of comma-separated values with a heading; fields are not quoted.
struct CSVText {
    private let columns: [Substring: Int]
    private let name: String
    private(set) var rows: [Row] = []

    struct Row {
        let line: Int
        let fields: [Substring]
    }

    /// - Parameter known: all columns that mean something; nil where others may be there, as in other people's traces.
    init(_ text: String, name: String, needing needed: [String], known: [String]? = nil) throws(TraceError) {
        self.name = name
        var lines = text.split(omittingEmptySubsequences: false) { $0.isNewline }.enumerated().makeIterator()
        guard let heading = lines.next()?.element, !heading.isEmpty else {
            throw TraceError("\(name) is empty; its first line names the columns: \(needed.joined(separator: ","))")
        }
        let names = heading.split(separator: ",", omittingEmptySubsequences: false)
        columns = Dictionary(names.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
        for column in needed where columns[Substring(column)] == nil {
            throw TraceError(
                "\(name) has no column \(column): its first line is \"\(heading)\"; "
                    + "it needs \(needed.joined(separator: ","))"
            )
        }
        if let known, let stranger = names.first(where: { !known.contains(String($0)) }) {
            throw TraceError(
                "\(name) has a column \(stranger) that means nothing; the columns are \(known.joined(separator: ","))")
        }
        while let (index, line) = lines.next() {
            guard !line.isEmpty else { continue }
            let fields = line.split(separator: ",", omittingEmptySubsequences: false)
            guard fields.count >= needed.count else {
                throw TraceError(
                    "\(name):\(index + 1): \(fields.count) fields where \(names.count) are named: \"\(line)\"")
            }
            rows.append(Row(line: index + 1, fields: fields))
        }
    }

    /// The field of a column; empty where the line or the file has none.
    func text(_ column: String, of row: Row) -> Substring {
        guard let place = columns[Substring(column)], place < row.fields.count else { return "" }
        return row.fields[place]
    }

    func number(_ column: String, of row: Row, in range: ClosedRange<Int32>) throws(TraceError) -> Int32 {
        let text = text(column, of: row)
        guard let number = Int32(text), range.contains(number) else {
            throw TraceError(
                "\(name):\(row.line): \(column) is \"\(text)\"; "
                    + "it takes a whole number from \(range.lowerBound) to \(range.upperBound)"
            )
        }
        return number
    }
}
