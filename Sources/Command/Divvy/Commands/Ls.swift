import API
import ArgumentParser
import Presentation

struct Ls: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List GPUs: what is free, what is used, and what could be asked for right now.",
        discussion: """
            Examples:
              divvy ls
              divvy ls -o wide                  with UUIDs, clocks, PCI addresses
              divvy ls -o json | jq '.gpus[].freeBytes'
              divvy ls --watch
            """)

    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ConnectionOptions

    func run() async throws {
        let daemon = try Daemon(connection)
        try await ListingPrinter(options: output, listing: { .gpus }).run {
            let fleet = try await daemon.fleet()
            return Shown(
                rows: fleet.gpus, document: fleet, preamble: fleet.preamble, closing: fleet.closing, emptiness: "")
        }
    }
}
