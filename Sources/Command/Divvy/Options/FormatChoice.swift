import ArgumentParser
import Presentation

/// The formats that a command can write; the parser names them in its help, its completions and its refusals.
protocol FormatSet: Sendable {
    static var formats: [OutputFormat] { get }
}

/// One of a command's own formats.
struct FormatChoice<Accepted: FormatSet>: ExpressibleByArgument, Sendable {
    let format: OutputFormat

    init(_ format: OutputFormat) { self.format = format }

    init?(argument: String) {
        guard let format = OutputFormat(rawValue: argument), Accepted.formats.contains(format) else { return nil }
        self.format = format
    }

    var defaultValueDescription: String { format.rawValue }

    static var allValueStrings: [String] { Accepted.formats.map(\.rawValue) }

    static var defaultCompletionKind: CompletionKind { .list(allValueStrings) }
}

/// What a list of things can be written as.
enum ListFormats: FormatSet {
    static var formats: [OutputFormat] { OutputFormat.allCases }
}

/// What one thing can be written as.
enum ThingFormats: FormatSet {
    static var formats: [OutputFormat] { [.table, .json, .jsonl, .yaml, .name] }
}

/// What a whole document can be written as.
enum DocumentFormats: FormatSet {
    static var formats: [OutputFormat] { [.table, .json, .yaml] }
}

/// What a matrix can be written as.
enum MatrixFormats: FormatSet {
    static var formats: [OutputFormat] { [.table, .json, .yaml, .csv] }
}
