/// One column of a listing: how it is shown to people and what it is to a program.
package struct Column<Row>: Sendable {
    package let heading: String
    /// The name of the field in CSV, in the words of the API.
    package let key: String
    package let alignment: Table.Alignment
    /// Shown by `-o wide` only; CSV always has it.
    package let isWide: Bool
    package let cell: @Sendable (Row) -> Cell
    /// Without units, empty when there is none; bytes, seconds and shares are numbers.
    package let value: @Sendable (Row) -> String

    package init(
        _ heading: String, key: String, alignment: Table.Alignment = .left, isWide: Bool = false,
        value: @escaping @Sendable (Row) -> String, cell: (@Sendable (Row) -> Cell)? = nil
    ) {
        self.heading = heading
        self.key = key
        self.alignment = alignment
        self.isWide = isWide
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

    package func table(_ rows: [Row], isWide: Bool) -> Table {
        let shown = columns.filter { isWide || !$0.isWide }
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
