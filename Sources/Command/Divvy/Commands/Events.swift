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

    @Option(help: ArgumentHelp("Only this lease: 17 or lease-17.", valueName: "lease"))
    var lease: LeaseID?

    @Option(
        name: .shortAndLong, help: ArgumentHelp("table, wide, json, jsonl, yaml, csv, name.", valueName: "format"))
    var output: OutputFormat = .table

    @Flag(help: "Leave out the headings.")
    var noHeaders = false

    @Flag(help: "Print without colour.")
    var noColor = false

    @OptionGroup var connection: ConnectionOptions

    func validate() throws {
        guard number >= 0 else { throw ValidationError("--number counts from 0") }
        guard !follow || output == .table || output == .wide || output == .jsonl else {
            throw ValidationError("-f goes with -o table or jsonl, not with \(output.rawValue)")
        }
    }

    func run() async throws {
        let daemon = try Daemon(connection)
        let palette = Console.palette(noColor: noColor)
        let (past, newest) = try await history(daemon)
        if !follow {
            let rows = past.isEmpty && (output == .table || output == .wide)
            if rows { return Console.note("Nothing has happened yet") }
            return Console.print(
                try Listing.events.lines(
                    past, of: EventList(items: past), as: output, withHeadings: !noHeaders, palette: palette))
        }
        for event in past { try write(event, palette) }
        try await daemon.follow(after: newest) { event in
            if isWanted(event) { try write(event, palette) }
        }
    }

    /// The last events that are wanted, and the sequence number of the newest of all.
    private func history(_ daemon: Daemon) async throws -> (past: [EventView], newest: Int64) {
        var kept: [EventView] = []
        var position = after ?? 0
        while true {
            let page = try await daemon.events(after: position, limit: Self.pageSize)
            kept += page.filter(isWanted)
            if after == nil, kept.count > number { kept.removeFirst(kept.count - number) }
            guard let last = page.last?.sequence, last > position else { return (kept, position) }
            position = last
        }
    }

    private static let pageSize = 1000

    private func isWanted(_ event: EventView) -> Bool { lease.map { event.lease == $0 } ?? true }

    private func write(_ event: EventView, _ palette: Palette) throws {
        Console.print(
            output == .jsonl ? try JSONValue(event).compact : Listing.line(event, palette: palette))
    }
}
