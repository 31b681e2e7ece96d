import ArgumentParser
import Presentation

/// How a listing is written.
struct OutputOptions: ParsableArguments {
    @Option(name: .shortAndLong, help: ArgumentHelp("How to write it; table unless said.", valueName: "format"))
    var output: FormatChoice<ListFormats>?

    @Option(help: ArgumentHelp("Just these columns, as in CSV: id,state; for table and csv.", valueName: "names"))
    var columns: String?

    @Flag(name: .shortAndLong, help: "Print ids only.")
    var quiet = false

    @Flag(help: "Leave out headings and remarks.")
    var noHeaders = false

    @Flag(help: "Print without colour.")
    var noColor = false

    /// Read as text: of a number that cannot be read the parser would make the usual time, or a stray argument.
    @Option(
        defaultAsFlag: "2", parsing: .next,
        help: ArgumentHelp("Print again every so many seconds, 0.1 to 86400; 2 unless said.", valueName: "seconds"))
    var watch: String?

    private static let intervals = 0.1...86_400

    /// Seconds between two listings; nil for a single one.
    var interval: Double? { watch.flatMap { Double($0) } }

    var format: OutputFormat { output?.format ?? (quiet ? .name : .table) }

    var palette: Palette { Console.palette(noColor: noColor) }

    var isForPeople: Bool { format == .table || format == .wide }

    /// The columns chosen; nil for the usual ones.
    var columnNames: [String]? {
        columns?.split(separator: ",").map { String($0.drop { $0 == " " }) }
    }

    func validate() throws {
        if quiet, let output = output?.format, output != .name {
            throw ValidationError("-q and -o \(output.rawValue) contradict each other")
        }
        if columns != nil, ![.table, .wide, .csv].contains(format) {
            throw ValidationError("--columns goes with -o table, wide or csv, not with \(format.rawValue)")
        }
        guard let watch else { return }
        guard let interval, Self.intervals.contains(interval) else {
            throw ValidationError("--watch takes a number of seconds from 0.1 to 86400, not \"\(watch)\"")
        }
        guard [.table, .wide, .jsonl].contains(format) else {
            throw ValidationError("--watch goes with -o table, wide or jsonl, not with \(format.rawValue)")
        }
    }
}
