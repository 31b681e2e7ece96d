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
              divvy release $(divvy ps -q --me)
            """)

    @Argument(help: ArgumentHelp("Leases: 17 or lease-17.", valueName: "lease"))
    var leases: [LeaseID]

    @Flag(name: .shortAndLong, help: "Print nothing.")
    var quiet = false

    @OptionGroup var connection: ConnectionOptions

    /// Goes on after a lease that cannot be given back; the first failure decides the status.
    func run() async throws {
        let daemon = try Daemon(connection)
        var first: Failure?
        for id in leases {
            do {
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
