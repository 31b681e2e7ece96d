import API
import ArgumentParser
import Presentation

struct Why: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Say why a lease waits, what would help, and when it starts at the earliest.",
        discussion: """
            Examples:
              divvy why 17
              divvy why train                   by the name that it was given
              divvy why 17 -o json | jq -r .waiting.explanation.unblocks

            Of a lease that does not wait it says what it does instead.
            """)

    @Argument(help: "A lease: 17, lease-17, or the name of one that lives.")
    var lease: LeaseReference

    @Option(name: .shortAndLong, help: ArgumentHelp("How to write it.", valueName: "format"))
    var output = FormatChoice<DocumentFormats>(.table)

    @Flag(help: "Print without colour.")
    var noColor = false

    @OptionGroup var connection: ConnectionOptions

    func run() async throws {
        let daemon = try Daemon(connection)
        let why = try await daemon.why(try await daemon.id(of: lease))
        try Console.print(why, as: output.format) { why.lines(palette: Console.palette(noColor: noColor)) }
    }
}

extension Console {
    /// Prints the API's whole answer, or lines for people.
    static func print(_ document: some Encodable, as format: OutputFormat, lines: () -> [String]) throws {
        switch format {
        case .json: print(try JSONValue(document).pretty)
        case .jsonl: print(try JSONValue(document).compact)
        case .yaml: print(try JSONValue(document).yaml)
        case .table, .wide, .csv, .name: print(lines())
        }
    }
}
