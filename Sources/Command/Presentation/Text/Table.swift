/// One field of a table.
package struct Cell: Hashable, Sendable, ExpressibleByStringLiteral, ExpressibleByStringInterpolation {
    package let text: String
    package let style: Style

    package init(_ text: String, _ style: Style = .plain) {
        self.text = text.printable
        self.style = style
    }

    package init(stringLiteral value: String) { self.init(value) }

    /// For what is not known or does not apply.
    package static let none = Cell("-", .muted)
}

/// Rows under headings, aligned by the width that a terminal shows.
package struct Table: Sendable {
    package enum Alignment: Sendable { case left, right }

    package var headings: [String]
    package var alignments: [Alignment]
    package var rows: [[Cell]]

    /// Spaces between two columns.
    private static let gap = "  "

    /// Traps when a row has another number of cells than there are headings.
    package init(headings: [String], alignments: [Alignment]? = nil, rows: [[Cell]]) {
        self.headings = headings
        self.alignments = alignments ?? headings.map { _ in .left }
        self.rows = rows
        precondition(self.alignments.count == headings.count, "an alignment for each heading")
        precondition(rows.allSatisfy { $0.count == headings.count }, "a cell for each heading")
    }

    /// One line for each row, the last column not filled with spaces.
    package func lines(withHeadings: Bool = true, palette: Palette = .plain) -> [String] {
        let shown = withHeadings ? [headings.map { Cell($0, .heading) }] + rows : rows
        let widths = headings.indices.map { column in shown.map { $0[column].text.displayWidth }.max() ?? 0 }
        return shown.map { row in
            let lastFilled = row.lastIndex { !$0.text.isEmpty } ?? 0
            return row.indices.prefix(lastFilled + 1).map { column in
                let cell = row[column]
                let padding = String(repeating: " ", count: widths[column] - cell.text.displayWidth)
                let painted = palette.paint(cell.text, cell.style)
                if alignments[column] == .right { return padding + painted }
                return column == lastFilled ? painted : painted + padding
            }.joined(separator: Self.gap)
        }
    }
}
