import API
import ArgumentParser
import Fleet
import Presentation

struct Reserve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Keep room for somebody from one time to another.",
        discussion: """
            Examples:
              divvy reserve demo --gpus 2 --from 14:00 --for 2h
              divvy reserve course --gpus 4 --from 2026-12-01T08:00:00Z --for 8h \\
                --tenants ada,bob
              divvy reserve soon --gpus 1 --for 1h    as soon as it fits
              divvy run --reservation demo --gpus 1 -- python demo.py
              divvy reserve list
              divvy reserve cancel demo
            """,
        subcommands: [Make.self, List.self, Cancel.self], defaultSubcommand: Make.self)

    struct Make: AsyncParsableCommand, TakesAnyWord {
        static let configuration = CommandConfiguration(
            abstract: "Keep room; also what `reserve NAME` does.",
            discussion: """
                The request says how much; --for says for how long. Until then leases may run
                there that end before; from then on only those with --reservation NAME may.
                Root and the daemon's own user may do this.

                Examples:
                  divvy reserve demo --gpus 2 --from 14:00 --for 2h
                  divvy reserve make list --gpus 1 --for 1h
                """)

        @Argument(help: "What leases name to use it.")
        var name: String

        @OptionGroup var request: RequestFlags

        @Option(
            help: ArgumentHelp(
                "When it begins: 14:00, +2h, now, 2026-12-01T08:00:00Z; as soon as it fits when left out.",
                valueName: "time"))
        var from: String?

        @Option(
            parsing: .next,
            help: ArgumentHelp(
                "Who may use it, as ada,bob; whoever makes it when left out.", valueName: "tenants"))
        var tenants: String?

        @Flag(name: .shortAndLong, help: "Print nothing.")
        var quiet = false

        @OptionGroup var connection: ConnectionOptions

        func validate() throws {
            guard request.for != nil else { throw ValidationError("--for is missing: say for how long, such as 2h") }
            if request.wait != nil || request.noWait || request.reservation != nil || request.queue != nil {
                throw ValidationError(
                    "--wait, --no-wait, --queue and --reservation are for leases, not for reservations")
            }
            if let from, StartTime(from, now: WallClock.now) == nil {
                throw ValidationError("--from takes \(StartTime.form), not \"\(from)\"")
            }
        }

        func run() async throws {
            var options = request.options
            let length = options.for ?? ""
            _ = try RequestParser.parse(options)
            options.for = nil
            let read = try ReadRequest(options)
            let begin = from.flatMap { StartTime($0, now: WallClock.now)?.timestamp }
            let users = (tenants ?? "").split(separator: ",").map { String($0) }
            let made = try await Daemon(connection).reserve(
                ReservationRequest(
                    name: name, request: read.body(), from: begin, duration: length,
                    tenants: users.isEmpty ? nil : users))
            guard !quiet else { return }
            Console.print(Listing.reservations.table([made], isWide: false).lines(palette: Console.palette()))
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List reservations, the next one first.",
            discussion: """
                Examples:
                  divvy reserve list
                  divvy reserve list -o json
                """)

        @OptionGroup var output: OutputOptions
        @OptionGroup var connection: ConnectionOptions

        func run() async throws {
            let daemon = try Daemon(connection)
            try await ListingPrinter(options: output, listing: { .reservations }).run {
                let list = try await daemon.reservations()
                return Shown(rows: list.items, document: list, emptiness: "No reservations")
            }
        }
    }

    struct Cancel: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Give reservations up; leases that run in them go on.",
            discussion: """
                Examples:
                  divvy reserve cancel demo
                """)

        @Argument(help: ArgumentHelp("Reservations by name.", valueName: "name"))
        var names: [String]

        @Flag(name: .shortAndLong, help: "Print nothing.")
        var quiet = false

        @OptionGroup var connection: ConnectionOptions

        func run() async throws {
            let daemon = try Daemon(connection)
            try await Several.each(names) { name in
                _ = try await daemon.endReservation(named: name)
                if !quiet { Console.print("\(name) is given up") }
            }
        }
    }
}
