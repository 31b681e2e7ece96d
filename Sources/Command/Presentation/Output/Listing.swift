/// One column of a listing: how it is shown to people and what it is to a program.
package struct Column<Row>: Sendable {
    package let heading: String
    /// The name of the field in CSV, in the words of the API.
    package let key: String
    package let alignment: Table.Alignment
    /// Shown by `-o wide` only; CSV always has it.
    package let isWide: Bool
    /// Only in CSV: what a cell for people holds beside the value that has its own column.
    package let isForPrograms: Bool
    package let cell: @Sendable (Row) -> Cell
    /// Without units, empty when there is none; bytes, seconds and shares are numbers.
    package let value: @Sendable (Row) -> String

    package init(
        _ heading: String, key: String, alignment: Table.Alignment = .left, isWide: Bool = false,
        isForPrograms: Bool = false, value: @escaping @Sendable (Row) -> String, cell: (@Sendable (Row) -> Cell)? = nil
    ) {
        self.heading = heading
        self.key = key
        self.alignment = alignment
        self.isWide = isWide
        self.isForPrograms = isForPrograms
        self.value = value
        self.cell =
            cell ?? { row in
                let text = value(row)
                return text.isEmpty ? .none : Cell(text)
            }
    }
}

/// Things of one kind, ready to be written in any format.
package struct Listing<Row: Encodable & Sendable>: Sendable {
    package let columns: [Column<Row>]
    /// What tells a row from all others; also what `-o name` writes.
    package let name: @Sendable (Row) -> String

    /// Members of a row's JSON that change by themselves as time passes.
    package let restless: Set<String>

    package init(
        columns: [Column<Row>], restless: Set<String> = [], name: @escaping @Sendable (Row) -> String
    ) {
        self.columns = columns
        self.restless = restless
        self.name = name
    }

    /// Just these columns, by their names in CSV or their headings, in this order, in the table as in CSV.
    package func only(_ names: [String]) throws(Failure) -> Listing {
        var chosen: [Column<Row>] = []
        for name in names {
            let wanted = name.lowercased()
            guard
                let column = columns.first(where: { [$0.key.lowercased(), $0.heading.lowercased()].contains(wanted) })
            else {
                let keys = columns.map(\.key)
                let meant = Suggestion.nearest(to: name, among: keys).map { "did you mean \"\($0)\"?\n" } ?? ""
                throw Failure(
                    .badUsage, "there is no column \"\(name)\"",
                    hint: meant + "the columns are \(keys.joined(separator: ", "))")
            }
            chosen.append(
                Column(
                    column.heading, key: column.key, alignment: column.alignment, value: column.value,
                    cell: column.cell))
        }
        return Listing(columns: chosen, restless: restless, name: self.name)
    }

    package func table(_ rows: [Row], isWide: Bool) -> Table {
        let shown = columns.filter { !$0.isForPrograms && (isWide || !$0.isWide) }
        return Table(
            headings: shown.map(\.heading), alignments: shown.map(\.alignment),
            rows: rows.map { row in shown.map { $0.cell(row) } })
    }

    /// The lines to print.
    ///
    /// `document` is the API's whole answer, written by `json` and `yaml`.
    package func lines(
        _ rows: [Row], of document: some Encodable, as format: OutputFormat, withHeadings: Bool = true,
        palette: Palette = .plain
    ) throws -> [String] {
        switch format {
        case .table, .wide:
            table(rows, isWide: format == .wide).lines(withHeadings: withHeadings, palette: palette)
        case .json: [try JSONValue(document).pretty]
        case .jsonl: try rows.map { try JSONValue($0).compact }
        case .yaml: [try JSONValue(document).yaml]
        case .csv:
            (withHeadings ? [CSV.line(columns.map(\.key))] : [])
                + rows.map { row in CSV.line(columns.map { $0.value(row) }) }
        case .name: rows.map(name)
        }
    }
}
