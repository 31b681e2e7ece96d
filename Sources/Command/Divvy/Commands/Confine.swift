import ArgumentParser
import Presentation

/// A stage of `run`: hides device nodes from this process, then becomes the command.
struct Confine: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Hide device nodes from a command; `divvy run` does this by itself.", shouldDisplay: false)

    @Option(parsing: .singleValue, help: ArgumentHelp("A device node to hide.", valueName: "path"))
    var hide: [String] = []

    @Argument(parsing: .postTerminator, help: "The command.")
    var command: [String]

    func run() throws {
        try LeasedProcess(command: command, environment: Console.environmentEntries, hiddenDevices: hide).become()
    }
}
