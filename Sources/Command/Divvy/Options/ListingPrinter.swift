import API
import Presentation

/// One answer of the daemon, ready to be printed.
struct Shown<Row: Encodable & Sendable> {
    let rows: [Row]
    /// The API's whole answer.
    let document: any Encodable & Sendable
    /// Lines for people around the table.
    var preamble: [Cell] = []
    var closing: [Cell] = []
    /// What a person reads where there is no row.
    var emptiness: String
}

/// Prints a listing once, or again and again.
struct ListingPrinter<Row: Encodable & Sendable> {
    let options: OutputOptions
    let listing: () -> Listing<Row>

    func run(_ fetch: () async throws -> Shown<Row>) async throws {
        guard let interval = options.interval else {
            Console.print(try lines(try await fetch()))
            return
        }
        var tracker = ChangeTracker(ignoring: listing().restless)
        let clears = Console.outputIsTerminal
        while true {
            let shown = try await fetch()
            if options.format == .jsonl {
                let name = listing().name
                let objects = try shown.rows.map { (id: name($0), object: try JSONValue($0)) }
                Console.print(tracker.changes(to: objects).map(\.line))
            } else {
                if clears { Console.write("\u{1B}[H\u{1B}[2J", to: 1) }
                Console.print(try lines(shown))
            }
            try await Task.sleep(for: .seconds(interval))
        }
    }

    private func lines(_ shown: Shown<Row>) throws -> [String] {
        let palette = options.palette
        let isForPeople = options.isForPeople
        var lines: [String] = []
        if isForPeople, !options.noHeaders { lines += shown.preamble.map { palette.paint($0.text, $0.style) } }
        if isForPeople, shown.rows.isEmpty {
            if !shown.emptiness.isEmpty { lines.append(shown.emptiness) }
        } else {
            let chosen = try options.columnNames.map { try listing().only($0) } ?? listing()
            lines += try chosen.lines(
                shown.rows, of: shown.document, as: options.format, withHeadings: !options.noHeaders, palette: palette)
        }
        if isForPeople, !options.noHeaders { lines += shown.closing.map { palette.paint($0.text, $0.style) } }
        return lines
    }
}
