import API
import ArgumentParser
import Fleet
import Presentation

struct Events: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show what happened: leases, GPUs, health.",
        discussion: """
            Examples:
              divvy events                      the last 100
              divvy events -f                   and what happens from now on
              divvy events --lease 17
              divvy events -f -o jsonl | jq .text
            """)

    @Flag(name: .shortAndLong, help: "Go on with what happens from now on.")
    var follow = false

    @Option(name: .shortAndLong, help: ArgumentHelp("The last so many.", valueName: "count"))
    var number = 100

    @Option(help: ArgumentHelp("Only what comes after this sequence number.", valueName: "sequence"))
    var after: Int64?

    @Option(help: ArgumentHelp("Only this lease: 17, lease-17 or its name.", valueName: "lease"))
    var lease: LeaseReference?

    @Option(name: .shortAndLong, help: ArgumentHelp("How to write it.", valueName: "format"))
    var output = FormatChoice<ListFormats>(.table)

    @Flag(help: "Leave out the headings.")
    var noHeaders = false

    @Flag(help: "Print without colour.")
    var noColor = false

    @OptionGroup var connection: ConnectionOptions

    func validate() throws {
        guard number >= 0 else { throw ValidationError("--number counts from 0") }
        guard !follow || [.table, .wide, .jsonl].contains(output.format) else {
            throw ValidationError("-f goes with -o table, wide or jsonl, not with \(output.format.rawValue)")
        }
    }

    func run() async throws {
        let daemon = try Daemon(connection)
        let palette = Console.palette(noColor: noColor)
        var wanted: LeaseID?
        if let lease { wanted = try await daemon.id(of: lease) }
        let (past, newest) = try await history(daemon, of: wanted)
        if !follow {
            if past.isEmpty, output.format == .table || output.format == .wide {
                return Console.note("Nothing has happened yet")
            }
            return Console.print(
                try Listing.events.lines(
                    past, of: EventList(items: past), as: output.format, withHeadings: !noHeaders, palette: palette))
        }
        for event in past { try write(event, palette) }
        try await daemon.follow(after: newest) { event in
            if isWanted(event, wanted) { try write(event, palette) }
        }
    }

    /// The last events that are wanted, and the sequence number of the newest of all.
    ///
    /// A lease that neither the history nor the daemon knows is refused.
    private func history(_ daemon: Daemon, of wanted: LeaseID?) async throws -> (past: [EventView], newest: Int64) {
        var kept: [EventView] = []
        var isKnown = wanted == nil
        var position = after ?? 0
        while true {
            let page = try await daemon.events(after: position, limit: Self.pageSize)
            kept += page.filter { isWanted($0, wanted) }
            if !kept.isEmpty { isKnown = true }
            if after == nil, kept.count > number { kept.removeFirst(kept.count - number) }
            guard let last = page.last?.sequence, last > position else { break }
            position = last
        }
        if let wanted, !isKnown { _ = try await daemon.lease(wanted) }
        return (kept, position)
    }

    private static let pageSize = 1000

    private func isWanted(_ event: EventView, _ lease: LeaseID?) -> Bool { lease == nil || event.lease == lease }

    private func write(_ event: EventView, _ palette: Palette) throws {
        Console.print(
            output.format == .jsonl ? try JSONValue(event).compact : Listing.line(event, palette: palette))
    }
}
