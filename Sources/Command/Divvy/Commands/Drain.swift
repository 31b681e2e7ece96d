import API
import ArgumentParser
import Fleet
import Presentation

struct Drain: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Put nothing new on GPUs; the leases on them go on.",
        discussion: """
            Examples:
              divvy drain 0 --reason "fan is loud"
              divvy drain gpu/0 GPU-5a1c --reason "new driver"
              divvy undrain 0

            `divvy ls` shows which GPUs are drained and why. Root and the daemon's own
            user may do this; it outlives restarts of the daemon.
            """)

    @Argument(help: ArgumentHelp("GPUs: indices, or UUIDs or their beginnings.", valueName: "gpu"))
    var gpus: [String]

    @Option(help: ArgumentHelp("Why, in a few words.", valueName: "text"))
    var reason: String

    @Flag(name: .shortAndLong, help: "Print nothing.")
    var quiet = false

    @OptionGroup var connection: ConnectionOptions

    func run() async throws {
        let daemon = try Daemon(connection)
        let fleet = try await daemon.fleet()
        try await Several.each(gpus) { word in
            let drain = try await daemon.drain(Self.gpu(word, of: fleet).id, reason: reason)
            if !quiet { Console.print(Self.words(for: drain)) }
        }
    }

    /// A bare number is an index here, where nothing else has one.
    static func gpu(_ word: String, of fleet: FleetView) throws -> GPUView {
        try Show.gpu(Int(word) == nil ? word : "gpu/\(word)", of: fleet)
    }

    static func words(for drain: DrainView) -> String {
        guard let reason = drain.reason else { return "GPU \(drain.index) is back in use" }
        let leases = drain.leases.map(\.description).joined(separator: ", ")
        let rest = leases.isEmpty ? "it is free" : "still on it: \(leases)"
        return "GPU \(drain.index) gets no new leases (\(reason)); \(rest)"
    }
}
