import ArgumentParser
import Glibc
import Presentation

/// The part of `divvy-runtime` that asks for leases; it becomes this command when a container wants GPUs.
struct OCI: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "oci", abstract: "Make or delete a container with a lease; `divvy-runtime` does this by itself.",
        shouldDisplay: false)

    @Option(help: ArgumentHelp("The real runtime.", valueName: "path"))
    var runtime: String

    @Option(help: "create, run or delete.")
    var verb: String

    @Option(help: ArgumentHelp("Where it is remembered which lease the container has.", valueName: "path"))
    var record: String

    @Option(help: ArgumentHelp("The container's config.json.", valueName: "path"))
    var configuration: String?

    @Option(help: ArgumentHelp("The container's id.", valueName: "id"))
    var container: String

    @Option(help: ArgumentHelp("Where the runtime writes the first process's id.", valueName: "path"))
    var pidFile: String?

    @Option(help: ArgumentHelp("Where engines look for errors.", valueName: "path"))
    var log: String?

    @Flag(help: "Errors there are JSON.")
    var logJson = false

    @Flag(help: "The runtime ends before the container.")
    var detached = false

    @Option(help: ArgumentHelp("The daemon's socket.", valueName: "path"))
    var socket: String?

    @Argument(parsing: .postTerminator, help: "The words for the runtime.")
    var words: [String] = []

    func run() async throws {
        let connection = ConnectionOptions(socket: socket, config: nil)
        do {
            switch verb {
            case "delete":
                Glibc.exit(try await LeasedContainer(call: self, connection: connection).delete())
            default:
                guard let configuration else { throw Failure(.badUsage, "--configuration is missing") }
                let bundle = try Bundle(configuration: configuration)
                Glibc.exit(try await LeasedContainer(call: self, connection: connection).make(from: bundle))
            }
        } catch {
            let failure = Failure(describing: error) ?? Failure(.failed, "\(error)")
            RuntimeLog(path: log, isJSON: logJson).write(failure)
            throw failure
        }
    }

    /// The real runtime with its words, for the program that takes this process over.
    func becomeRuntime() throws -> Never {
        try Program(arguments: [runtime] + words, environment: Console.environmentEntries).become()
    }
}
