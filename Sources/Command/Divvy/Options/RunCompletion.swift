import ArgumentParser
import Containers

/// The command line as shells complete it: as it is, but with the options of `run`, which reads its words itself and so
/// declares none to the parser.
struct CompletedDivvy: ParsableCommand {
    static let configuration: CommandConfiguration = {
        var configuration = Divvy.configuration
        configuration.subcommands = configuration.subcommands.map { $0 == Run.self ? CompletedRun.self : $0 }
        return configuration
    }()
}

/// `run` with its options; it is completed and never run.
struct CompletedRun: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "run", abstract: Run.configuration.abstract)

    @OptionGroup var request: RequestFlags

    @Option(
        help: ArgumentHelp("The container engine.", valueName: "engine"),
        completion: .list(EngineKind.allCases.map(\.rawValue)))
    var engine: String?

    @Option(help: ArgumentHelp("A name for people.", valueName: "name"))
    var leaseName: String?

    @OptionGroup var connection: ConnectionOptions

    @Argument(help: "What to run.", completion: .file())
    var words: [String] = []
}
