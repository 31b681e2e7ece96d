import API
import ArgumentParser
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

    @Argument(help: "A lease: 17 or lease-17.")
    var lease: LeaseID

    @Flag(name: .shortAndLong, help: "Go on with what it writes from now on.")
    var follow = false

    @Option(help: ArgumentHelp("Only the last so many lines.", valueName: "count"))
    var tail: Int?

    @Flag(name: .shortAndLong, help: "With the time of each line.")
    var timestamps = false

    @OptionGroup var connection: ConnectionOptions

    /// Becomes the engine's own `logs`, which keeps the two streams apart as the container wrote them.
    func run() async throws {
        let view = try await Daemon(connection).lease(lease)
        guard view.holder.kind == .container, let engine = view.holder.engine, let container = view.holder.container
        else {
            throw Failure(.failed, "\(lease) has no logs: \(Self.whyNone(view))")
        }
        var arguments = [engine, "logs"]
        if follow { arguments.append("--follow") }
        if let tail { arguments += ["--tail", "\(tail)"] }
        if timestamps { arguments.append("--timestamps") }
        try Program(arguments: arguments + [container], environment: Console.environmentEntries).become()
    }

    static func whyNone(_ lease: LeaseView) -> String {
        switch lease.holder.kind {
        case .process: "a process holds it, and what it writes goes where it was started"
        case .starting: "its container has not started yet"
        case .nobody: lease.state == .waiting ? "it still waits" : "nothing was started in it"
        case .container: "its container is not known"
        }
    }
}
