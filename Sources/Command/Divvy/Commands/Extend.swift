import API
import ArgumentParser
import Fleet
import Presentation

struct Extend: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Move a lease's deadline later, or say that it is still wanted.",
        discussion: """
            Examples:
              divvy extend 17 --for 1h          one hour later than now set
              divvy extend train --for 1h       by the name that it was given
              divvy extend 17                   keep it alive (see hold --keep-alive)
            """)

    @Argument(help: "A lease: 17, lease-17, or the name of one that lives.")
    var lease: LeaseReference

    @Option(help: ArgumentHelp("How much later it ends: 30m, 2h.", valueName: "time"))
    var `for`: String?

    @Flag(name: .shortAndLong, help: "Print nothing.")
    var quiet = false

    @OptionGroup var connection: ConnectionOptions

    func run() async throws {
        // Read here so that a slip is pointed at before anybody is asked.
        if let time = `for` { _ = try RequestParser.parse(RequestOptions(for: time)) }
        let daemon = try Daemon(connection)
        let id = try await daemon.id(of: lease)
        if let time = `for` {
            let view = try await daemon.extend(id, by: time)
            if !quiet { Console.print("\(view.id) ends at \(view.deadline.map { "\($0)" } ?? "no set time")") }
        } else {
            let view = try await daemon.keepAlive(id)
            if !quiet {
                Console.print("\(view.id) \(view.lapsesAt.map { "lapses at \($0)" } ?? "needs no keeping alive")")
            }
        }
    }
}
