import ArgumentParser
import Presentation

extension OutputFormat: ExpressibleByArgument {}

/// How a listing is written.
struct OutputOptions: ParsableArguments {
    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("\(OutputFormat.allCases.map(\.rawValue).joined(separator: ", ")).", valueName: "format"))
    var output: OutputFormat?

    @Flag(name: .shortAndLong, help: "Print ids only.")
    var quiet = false

    @Flag(help: "Leave out headings and remarks.")
    var noHeaders = false

    @Flag(help: "Print without colour.")
    var noColor = false

    @Option(
        defaultAsFlag: 2, parsing: .next,
        help: ArgumentHelp("Print again every so many seconds, 2 unless said.", valueName: "seconds"))
    var watch: Double?

    var format: OutputFormat { output ?? (quiet ? .name : .table) }

    var palette: Palette { Console.palette(noColor: noColor) }

    var isForPeople: Bool { format == .table || format == .wide }

    func validate() throws {
        if quiet, let output, output != .name {
            throw ValidationError("-q and -o \(output.rawValue) contradict each other")
        }
        guard let watch else { return }
        guard watch >= 0.1, watch <= 86_400 else { throw ValidationError("--watch takes 0.1 to 86400 seconds") }
        guard [.table, .wide, .jsonl].contains(format) else {
            throw ValidationError("--watch goes with -o table, wide or jsonl, not with \(format.rawValue)")
        }
    }
}
