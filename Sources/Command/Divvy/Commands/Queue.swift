import API
import ArgumentParser
import Presentation

struct Queue: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show who waits: in which order, why, and when each starts at the earliest.",
        discussion: """
            Examples:
              divvy queue                       everybody who waits, next first
              divvy queue research              one queue and those below it
              divvy queue --queues              the queues: what they may have and have
              divvy queue --columns id,reason,startsAt -o csv

            STARTS IN is the earliest start by what is known now: a lease without a
            time (--for) ends nobody knows when, and who waits for it has none.
            """)

    @Argument(help: "Only this queue and those below it, by its path or last name.")
    var queue: String?

    @Flag(help: "List the queues instead of those who wait.")
    var queues = false

    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ConnectionOptions

    func run() async throws {
        let daemon = try Daemon(connection)
        func report() async throws -> QueueReportView {
            let report = try await daemon.queue()
            return try queue.map { report.only(try report.path(of: $0)) } ?? report
        }
        guard !queues else { return try await Self.printQueues(output, report) }
        try await ListingPrinter(options: output, listing: { .waiting }).run {
            let report = try await report()
            return Shown(
                rows: report.waiting, document: report, closing: report.closing,
                emptiness: queue.map { "Nobody waits in queue \($0)" } ?? "Nobody waits")
        }
    }

    /// The listing of queues, which `quota` prints as well.
    static func printQueues(
        _ output: OutputOptions, _ report: @escaping () async throws -> QueueReportView
    ) async throws {
        try await ListingPrinter(options: output, listing: { .queues }).run {
            let report = try await report()
            return Shown(rows: report.queues, document: report, closing: report.closing, emptiness: "No queues")
        }
    }
}
