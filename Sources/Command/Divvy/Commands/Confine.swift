import ArgumentParser
import Containers
import Engine
import Presentation

/// A stage of `run`: changes what this process sees of the machine, then becomes the command.
struct Confine: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Hide device nodes from a command; `divvy run` does this by itself.", shouldDisplay: false)

    @Option(parsing: .singleValue, help: ArgumentHelp("A device node to hide.", valueName: "path"))
    var hide: [String] = []

    @Option(
        parsing: .singleValue,
        help: ArgumentHelp("A file to put in the place of another.", valueName: "options=file=place"))
    var mount: [String] = []

    @Argument(parsing: .postTerminator, help: "The command.")
    var command: [String]

    func run() throws {
        let mounts = try mount.map(MountWord.mount)
        try LeasedProcess(
            command: command, environment: Console.environmentEntries,
            confinement: Confinement(hidden: hide, mounts: mounts)
        ).become()
    }
}

/// A mount as a word of this program's own: `ro=/from=/to`, where the paths hold no `=`, as none of ours does.
enum MountWord {
    static func text(_ mount: ContainerEdits.Mount) -> String {
        "\(mount.options.contains("ro") ? "ro" : "rw")=\(mount.hostPath)=\(mount.containerPath)"
    }

    static func mount(_ text: String) throws -> ContainerEdits.Mount {
        let parts = text.split(separator: "=", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 3, ["ro", "rw"].contains(parts[0]) else {
            throw Failure(.badUsage, "\"\(text)\" is no mount; it is written ro=/from=/to")
        }
        return ContainerEdits.Mount(hostPath: parts[1], containerPath: parts[2], options: [parts[0], "bind"])
    }
}
