import API
import ArgumentParser
import Fleet
import Presentation

struct ReleaseLeases: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "release",
        abstract: "Give leases back; what still runs in them is stopped first.",
        discussion: """
            Examples:
              divvy release 17
              divvy release lease-17 lease-18
              divvy release train               by the name that it was given
              divvy release $(divvy ps -q --me)
            """)

    @Argument(help: ArgumentHelp("Leases: 17, lease-17, or names.", valueName: "lease"))
    var leases: [LeaseReference]

    @Flag(name: .shortAndLong, help: "Print nothing.")
    var quiet = false

    @OptionGroup var connection: ConnectionOptions

    /// Goes on after a lease that cannot be given back; the first failure decides the status.
    func run() async throws {
        let daemon = try Daemon(connection)
        var first: Failure?
        for reference in leases {
            do {
                let id = try await daemon.id(of: reference)
                let lease = try await daemon.end(id)
                if !quiet { Console.print("\(id) \(lease.state.rawValue)") }
            } catch {
                guard let failure = Failure(describing: error) else { throw error }
                if failure.status == .daemonUnreachable { throw failure }
                Console.report(failure)
                first = first ?? failure
            }
        }
        if let first { throw ExitCode(first.status.rawValue) }
    }
}
