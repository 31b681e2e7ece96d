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

    @Option(name: .shortAndLong, help: ArgumentHelp("How to write it.", valueName: "format"))
    var output = FormatChoice<MatrixFormats>(.table)

    @Flag(help: "Print without colour.")
    var noColor = false

    @OptionGroup var connection: ConnectionOptions

    func run() async throws {
        let fleet = try await Daemon(connection).fleet()
        let table = TopologyMatrix(fleet).table
        switch output.format {
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
