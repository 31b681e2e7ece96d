import API
import ArgumentParser
import Presentation

struct Topo: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show how GPUs are joined to each other, to CPUs and to memory.",
        discussion: """
            Examples:
              divvy topo
              divvy topo -o json | jq .links
            """)

    @Flag(name: [.customShort("m"), .long], help: "The matrix, as `nvidia-smi topo -m`; it is what is shown anyway.")
    var matrix = false

    @Option(name: .shortAndLong, help: ArgumentHelp("table, json, yaml or csv.", valueName: "format"))
    var output: OutputFormat = .table

    @Flag(help: "Print without colour.")
    var noColor = false

    @OptionGroup var connection: ConnectionOptions

    func validate() throws {
        guard [.table, .wide, .json, .yaml, .csv].contains(output) else {
            throw ValidationError("topo has no output format \(output.rawValue); it has table, json, yaml and csv")
        }
    }

    func run() async throws {
        let fleet = try await Daemon(connection).fleet()
        let table = TopologyMatrix(fleet).table
        switch output {
        case .json: Console.print(try JSONValue(fleet).pretty)
        case .yaml: Console.print(try JSONValue(fleet).yaml)
        case .csv: Console.print([CSV.line(table.headings)] + table.rows.map { CSV.line($0.map(\.text)) })
        case .table, .wide, .jsonl, .name:
            let palette = Console.palette(noColor: noColor)
            Console.print(fleet.preamble.map { palette.paint($0.text, $0.style) })
            guard !fleet.gpus.isEmpty else { return }
            Console.print(table.lines(palette: palette) + [""] + TopologyMatrix.legend)
        }
    }
}
