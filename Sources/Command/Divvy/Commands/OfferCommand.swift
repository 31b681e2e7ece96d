import API
import ArgumentParser
import Presentation

struct OfferCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "offer",
        abstract: "Say what a request would get now, or when and why not now; nothing is taken.",
        discussion: """
            Examples:
              divvy offer --gpus 2
              divvy offer --gpus 0.5 --gpu-memory 10GiB --for 1h
              divvy offer -q --gpus 8 || echo not now
              divvy offer --gpus a100:4 -o json | jq -r .startsAt

            Exit status: 0 it would be granted now, 75 it would wait, 65 it never
            fits on this fleet.
            """)

    @OptionGroup var request: RequestFlags

    @Option(name: .shortAndLong, help: ArgumentHelp("How to write it.", valueName: "format"))
    var output = FormatChoice<DocumentFormats>(.table)

    @Flag(name: .shortAndLong, help: "Print nothing; the exit status says it.")
    var quiet = false

    @Flag(help: "Print without colour.")
    var noColor = false

    @OptionGroup var connection: ConnectionOptions

    func run() async throws {
        let read = try ReadRequest(request.options)
        let offer = try await Daemon(connection).offer(read.body())
        if !quiet {
            try Console.print(offer, as: output.format) { offer.lines(palette: Console.palette(noColor: noColor)) }
        }
        guard offer.exitStatus == .done else { throw ExitCode(offer.exitStatus.rawValue) }
    }
}
