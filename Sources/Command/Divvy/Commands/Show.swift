import API
import ArgumentParser
import Fleet
import Presentation

struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show everything about one lease or one GPU.",
        discussion: """
            Examples:
              divvy show 17                     the lease lease-17
              divvy show gpu/0                  the GPU with index 0
              divvy show GPU-5a1c               the GPU whose UUID begins like this
              divvy show lease-17 -o yaml
            """)

    @Argument(help: "A lease (17, lease-17 or its name), gpu/INDEX, or a GPU's UUID or its beginning.")
    var thing: String

    @Option(name: .shortAndLong, help: ArgumentHelp("How to write it.", valueName: "format"))
    var output = FormatChoice<ThingFormats>(.table)

    @Flag(help: "Print without colour.")
    var noColor = false

    @OptionGroup var connection: ConnectionOptions

    func run() async throws {
        let daemon = try Daemon(connection)
        let word = thing.hasPrefix("lease/") ? String(thing.dropFirst(6)) : thing
        if let id = LeaseID(word) {
            let lease = try await daemon.lease(id)
            try write(lease, name: "\(lease.id)", Details(lease, now: WallClock.now))
            return
        }
        let named = try await daemon.leases(includingEnded: false).items
        if named.contains(where: { $0.name == word }) {
            let lease = try await daemon.lease(try LeaseReference.name(word).id(among: named))
            return try write(lease, name: "\(lease.id)", Details(lease, now: WallClock.now))
        }
        let fleet = try await daemon.fleet()
        let gpu = try Self.gpu(thing, of: fleet)
        try write(gpu, name: gpu.id.rawValue, Details(gpu))
        if output.format == .table, let slices = gpu.slices, !slices.isEmpty {
            let rows = slices.map { SliceRow(gpu: gpu.index, slice: $0) }
            let palette = Console.palette(noColor: noColor)
            Console.print([""] + Listing.slices.table(rows, isWide: false).lines(palette: palette))
        }
        if output.format == .table, !gpu.processes.isEmpty {
            let rows = gpu.processes.map { GPUProcessRow(gpu: gpu.index, process: $0) }
            let palette = Console.palette(noColor: noColor)
            Console.print([""] + Listing.processes.table(rows, isWide: false).lines(palette: palette))
        }
    }

    private func write(_ document: some Encodable, name: String, _ details: Details) throws {
        switch output.format {
        case .json: Console.print(try JSONValue(document).pretty)
        case .jsonl: Console.print(try JSONValue(document).compact)
        case .yaml: Console.print(try JSONValue(document).yaml)
        case .name: Console.print(name)
        case .table, .wide, .csv: Console.print(details.lines(palette: Console.palette(noColor: noColor)))
        }
    }

    /// The one GPU that is meant by an index after `gpu/`, a UUID, or the beginning of one.
    static func gpu(_ word: String, of fleet: FleetView) throws -> GPUView {
        let found: [GPUView]
        if word.lowercased().hasPrefix("gpu/"), let index = Int(word.dropFirst(4)) {
            found = fleet.gpus.filter { $0.index == index }
        } else {
            let wanted = (word.lowercased().hasPrefix("gpu/") ? String(word.dropFirst(4)) : word).lowercased()
            found = fleet.gpus.filter { gpu in
                let uuid = gpu.id.rawValue.lowercased()
                return uuid.hasPrefix(wanted) || uuid.hasPrefix("gpu-\(wanted)")
            }
        }
        if found.count == 1 { return found[0] }
        let hint =
            "leases are written like lease-17 or by name, GPUs like gpu/0 or by UUID; "
            + "see `divvy ps` and `divvy ls -o wide`"
        throw Failure(
            .notFound,
            found.isEmpty ? "there is no \"\(word)\"" : "\"\(word)\" begins the UUIDs of \(found.count) GPUs",
            hint: hint)
    }
}
