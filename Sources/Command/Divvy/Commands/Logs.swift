import API
import ArgumentParser
import Containers
import Fleet
import Presentation

struct Logs: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show what a lease's container has written.",
        discussion: """
            Examples:
              divvy logs 17
              divvy logs -f --tail 20 lease-17
            """)

    @Argument(help: "A lease: 17, lease-17, or the name of one that lives.")
    var lease: LeaseReference

    @Flag(name: .shortAndLong, help: "Go on with what it writes from now on.")
    var follow = false

    @Option(help: ArgumentHelp("Only the last so many lines.", valueName: "count"))
    var tail: Int?

    @Flag(name: .shortAndLong, help: "With the time of each line.")
    var timestamps = false

    @OptionGroup var connection: ConnectionOptions

    /// Becomes the engine's own `logs`, which keeps the two streams apart as the container wrote them.
    func run() async throws {
        let daemon = try Daemon(connection)
        let view = try await daemon.lease(try await daemon.id(of: lease))
        guard view.holder.kind == .container, let engine = view.holder.engine, let container = view.holder.container
        else {
            throw Failure(.failed, "\(view.id) has no logs: \(Self.whyNone(view))")
        }
        if view.state == .ended, let kind = EngineKind(rawValue: engine), try await Self.isGone(container, kind) {
            throw Failure(
                .notFound, "\(view.id) has ended and its container was removed, and with it what it had written",
                hint: "a container that is started without --rm keeps its logs")
        }
        var arguments = [engine, "logs"]
        if follow { arguments.append("--follow") }
        if let tail { arguments += ["--tail", "\(tail)"] }
        if timestamps { arguments.append("--timestamps") }
        try Program(arguments: arguments + [container], environment: Console.environmentEntries).become()
    }

    /// Whether the engine answers and does not know the container; one that does not answer says so itself.
    private static func isGone(_ container: String, _ kind: EngineKind) async throws -> Bool {
        let path = try Program.find(kind.rawValue, path: Console.environment["PATH"])
        let command = EngineCommand(kind: kind, executable: path)
        let list = try await command.output(of: ["ps", "--all", "--quiet", "--no-trunc", "--filter", "id=\(container)"])
        return list.isSuccess && list.text.isEmpty
    }

    static func whyNone(_ lease: LeaseView) -> String {
        switch lease.holder.kind {
        case .process: "a process holds it, and what it writes goes where it was started"
        case .starting: lease.state == .ended ? "its container did not start" : "its container has not started yet"
        case .nobody: lease.state == .waiting ? "it still waits" : "nothing was started in it"
        case .container: "its container is not known"
        }
    }
}
