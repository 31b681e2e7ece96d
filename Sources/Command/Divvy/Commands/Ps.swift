import API
import ArgumentParser
import Glibc
import Presentation

struct Ps: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List leases: who has which GPUs, and who waits.",
        discussion: """
            Examples:
              divvy ps
              divvy ps --me -a -o wide
              divvy ps -q                       ids only
              divvy ps --watch -o jsonl         what changed between two looks, one JSON
                                                object a line; what is gone comes as it
                                                was seen last, `divvy events -f` says why
            """)

    @Flag(help: "Only my own leases.")
    var me = false

    @Flag(name: .shortAndLong, help: "Leases that have ended as well.")
    var all = false

    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ConnectionOptions

    func run() async throws {
        let daemon = try Daemon(connection)
        try await ListingPrinter(options: output, listing: { .leases(now: WallClock.now) }).run {
            var list = try await daemon.leases(includingEnded: all)
            if me { list.items.removeAll { $0.tenant.uid != getuid() } }
            return Shown(rows: list.items, document: list, emptiness: all ? "No leases" : "No leases now")
        }
    }
}
