import API
import ArgumentParser
import Presentation

struct Undrain: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Put drained GPUs back into use.",
        discussion: """
            Examples:
              divvy undrain 0
              divvy undrain GPU-5a1c
            """)

    @Argument(help: ArgumentHelp("GPUs: indices, or UUIDs or their beginnings.", valueName: "gpu"))
    var gpus: [String]

    @Flag(name: .shortAndLong, help: "Print nothing.")
    var quiet = false

    @OptionGroup var connection: ConnectionOptions

    func run() async throws {
        let daemon = try Daemon(connection)
        let fleet = try await daemon.fleet()
        try await Several.each(gpus) { word in
            let drain = try await daemon.undrain(Drain.gpu(word, of: fleet).id)
            if !quiet { Console.print(Drain.words(for: drain)) }
        }
    }
}
