import ArgumentParser
import Fleet
import Glibc
import Presentation
import SimulatedDevices

// What can be changed on a simulated machine while it runs.

extension Sim {
    struct Load: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Set how busy a simulated GPU is.",
            discussion: """
                Examples:
                  divvy sim load 0 85
                """)

        @Argument(help: "The GPU's index.")
        var gpu: Int

        @Argument(help: "Per cent, 0 to 100.")
        var percent: Int

        @Option(help: ArgumentHelp("The simulated machine, when there are several.", valueName: "name"))
        var machine: String?

        @OptionGroup var machines: MachineOptions

        func run() throws { try machines.open(machine).setLoad(gpu: gpu, percent: percent) }
    }

    struct Process: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List a running process on a simulated GPU, as if it held memory there.",
            discussion: """
                Examples:
                  sleep 600 & divvy sim process add $! --gpu 0 --memory 4GiB --load 30
                  divvy sim process remove 4711
                """,
            subcommands: [Add.self, Remove.self])

        struct Add: ParsableCommand {
            static let configuration = CommandConfiguration(abstract: "Put a process on a GPU until it ends.")

            @Argument(help: "The process's pid.")
            var pid: Int32

            @Option(help: "The GPU's index.")
            var gpu = 0

            @Option(help: ArgumentHelp("GPU memory that it holds: 4GiB, 512MiB.", valueName: "size"))
            var memory = "1GiB"

            @Option(help: ArgumentHelp("How busy it keeps the GPU, in per cent.", valueName: "percent"))
            var load = 0

            @Flag(help: "It draws instead of computing.")
            var graphics = false

            @Option(help: ArgumentHelp("The simulated machine, when there are several.", valueName: "name"))
            var machine: String?

            @OptionGroup var machines: MachineOptions

            func run() throws {
                let (request, _) = try RequestParser.parse(RequestOptions(gpuMemory: memory))
                guard let size = request.memory?.exact else {
                    throw Failure(.badUsage, "--memory takes one size such as 4GiB, not \"\(memory)\"")
                }
                try machines.open(machine).addProcess(
                    pid: pid, gpu: gpu, memory: size.count, load: load, graphics: graphics)
            }
        }

        struct Remove: ParsableCommand {
            static let configuration = CommandConfiguration(abstract: "Take a process off all GPUs.")

            @Argument(help: "The process's pid.")
            var pid: Int32

            @Option(help: ArgumentHelp("The simulated machine, when there are several.", valueName: "name"))
            var machine: String?

            @OptionGroup var machines: MachineOptions

            func run() throws { try machines.open(machine).removeProcess(pid: pid) }
        }
    }

    struct XID: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "xid",
            abstract: "Report an XID for a simulated GPU, as a driver does when something goes wrong.")

        @Argument(help: "The GPU's index.")
        var gpu: Int

        @Argument(help: "The XID's number: 48, 79, ...")
        var code: Int

        @Option(help: ArgumentHelp("The simulated machine, when there are several.", valueName: "name"))
        var machine: String?

        @OptionGroup var machines: MachineOptions

        func run() throws { try machines.open(machine).raiseXID(gpu: gpu, code: code) }
    }

    struct Lose: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Let a simulated GPU fall off the bus.")

        @Argument(help: "The GPU's index.")
        var gpu: Int

        @Option(help: ArgumentHelp("The simulated machine, when there are several.", valueName: "name"))
        var machine: String?

        @OptionGroup var machines: MachineOptions

        func run() throws { try machines.open(machine).lose(gpu: gpu) }
    }

    struct Restore: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Bring a lost simulated GPU back, as after a reboot.")

        @Argument(help: "The GPU's index.")
        var gpu: Int

        @Option(help: ArgumentHelp("The simulated machine, when there are several.", valueName: "name"))
        var machine: String?

        @OptionGroup var machines: MachineOptions

        func run() throws { try machines.open(machine).restore(gpu: gpu) }
    }
}
