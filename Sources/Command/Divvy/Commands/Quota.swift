import API
import ArgumentParser
import Fleet
import Presentation

struct Quota: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show what queues may have and have, and change it.",
        discussion: """
            Examples:
              divvy quota                       what all queues may have and have
              divvy quota -o wide               with lending, times, policies, users
              divvy quota set research --guaranteed 2 --max 4 --weight 3
              divvy quota set research/vision --max-memory 80GiB --tenant-max 1
              divvy quota set research --max none
              divvy quota reset research        back to the configuration
            """,
        subcommands: [List.self, Set.self, Reset.self], defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show what queues may have and have; also what `quota` alone does.")

        @OptionGroup var output: OutputOptions
        @OptionGroup var connection: ConnectionOptions

        func run() async throws {
            let daemon = try Daemon(connection)
            try await Queue.printQueues(output) { try await daemon.queue() }
        }
    }

    struct Set: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Change what a queue may have, until it is set back.",
            discussion: """
                What is not named stays as it is; "none" takes a bound away. Root and the
                daemon's own user may do this; it outlives restarts of the daemon.

                Examples:
                  divvy quota set research --guaranteed 2 --max 4
                  divvy quota set research --max-memory none
                """)

        @Argument(help: "The queue, by its path or last name.")
        var queue: String

        @Option(help: ArgumentHelp("GPUs that it gets back when it asks: 2, 0.5, none.", valueName: "gpus"))
        var guaranteed: QuotaText.GPUs?

        @Option(help: ArgumentHelp("GPU memory that it gets back: 80GiB, none.", valueName: "size"))
        var guaranteedMemory: QuotaText.Memory?

        @Option(help: ArgumentHelp("GPUs that it never exceeds.", valueName: "gpus"))
        var max: QuotaText.GPUs?

        @Option(help: ArgumentHelp("GPU memory that it never exceeds.", valueName: "size"))
        var maxMemory: QuotaText.Memory?

        @Option(help: ArgumentHelp("GPUs that one tenant in it never exceeds.", valueName: "gpus"))
        var tenantMax: QuotaText.GPUs?

        @Option(help: ArgumentHelp("GPU memory that one tenant in it never exceeds.", valueName: "size"))
        var tenantMaxMemory: QuotaText.Memory?

        @Option(help: ArgumentHelp("Its part of what siblings share.", valueName: "number"))
        var weight: Int64?

        @Flag(name: .shortAndLong, help: "Print nothing.")
        var quiet = false

        @OptionGroup var connection: ConnectionOptions

        func validate() throws {
            guard change == QuotaRequest() else { return }
            throw ValidationError("nothing is to change; name a bound, such as --max 4")
        }

        /// What the API is to be asked for.
        var change: QuotaRequest {
            func bound(_ gpus: QuotaText.GPUs?, _ memory: QuotaText.Memory?) -> QuotaRequest.Bound? {
                let bound = QuotaRequest.Bound(
                    milliGPU: gpus.map(\.milli), memoryBytes: memory.map { $0.bytes?.count })
                return bound.isEmpty ? nil : bound
            }
            return QuotaRequest(
                guaranteed: bound(guaranteed, guaranteedMemory), maximum: bound(max, maxMemory),
                tenantMaximum: bound(tenantMax, tenantMaxMemory), weight: weight)
        }

        func run() async throws {
            let daemon = try Daemon(connection)
            let path = try await daemon.queue().path(of: queue)
            try Quota.show(try await daemon.changeQuota(of: path, change), isQuiet: quiet)
        }
    }

    struct Reset: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Set what a queue may have back to the configuration.",
            discussion: """
                Examples:
                  divvy quota reset research
                """)

        @Argument(help: "The queue, by its path or last name.")
        var queue: String

        @Flag(name: .shortAndLong, help: "Print nothing.")
        var quiet = false

        @OptionGroup var connection: ConnectionOptions

        func run() async throws {
            let daemon = try Daemon(connection)
            let path = try await daemon.queue().path(of: queue)
            try Quota.show(try await daemon.resetQuota(of: path), isQuiet: quiet)
        }
    }

    private static func show(_ queue: QueueView, isQuiet: Bool) throws {
        if isQuiet { return }
        Console.print(Listing.queues.table([queue], isWide: false).lines(palette: Console.palette()))
    }
}
