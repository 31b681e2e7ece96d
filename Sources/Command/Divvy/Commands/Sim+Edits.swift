import ArgumentParser
import Fleet
import Glibc
import Presentation
import SimulatedDevices

// What can be changed on a simulated machine while it runs.

extension Sim {
    /// The machine that an edit is for.
    struct Target: ParsableArguments {
        @Option(help: ArgumentHelp("The simulated machine, when there are several.", valueName: "name"))
        var machine: String?

        @OptionGroup var machines: MachineOptions

        func open() throws -> SimulatedInstance { try machines.open(machine) }
    }

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

        @OptionGroup var target: Target

        func run() throws { try target.open().setLoad(gpu: gpu, percent: percent) }
    }

    struct Process: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List a running process on a simulated GPU, as if it held memory there.",
            discussion: """
                Examples:
                  sleep 600 & divvy sim process add $! --gpu 0 --memory 4GiB --load 30
                  divvy sim process add $! --gpu 0 --gpu-instance 2 --compute-instance 0
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

            @Flag(help: "It computes through a multi-process server.")
            var served = false

            @Option(help: ArgumentHelp("The id of the GPU instance in which it runs, in MIG mode.", valueName: "id"))
            var gpuInstance: Int?

            @Option(help: ArgumentHelp("The id of the compute instance in that.", valueName: "id"))
            var computeInstance: Int?

            @OptionGroup var target: Target

            func validate() throws {
                if computeInstance != nil, gpuInstance == nil {
                    throw ValidationError("--compute-instance needs --gpu-instance")
                }
            }

            func run() throws {
                let (request, _) = try RequestParser.parse(RequestOptions(gpuMemory: memory))
                guard let size = request.memory?.exact else {
                    throw Failure(.badUsage, "--memory takes one size such as 4GiB, not \"\(memory)\"")
                }
                try target.open().addProcess(
                    pid: pid, gpu: gpu, memory: size.count, load: load, graphics: graphics, isServed: served,
                    slice: gpuInstance.map { (gpuInstance: $0, computeInstance: computeInstance ?? 0) })
            }
        }

        struct Remove: ParsableCommand {
            static let configuration = CommandConfiguration(abstract: "Take a process off all GPUs.")

            @Argument(help: "The process's pid.")
            var pid: Int32

            @OptionGroup var target: Target

            func run() throws { try target.open().removeProcess(pid: pid) }
        }
    }

    struct Throttle: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Hold the clocks of a simulated GPU down, or let them go.",
            discussion: """
                Examples:
                  divvy sim throttle 0 thermal
                  divvy sim throttle 0 none
                """)

        @Argument(help: "The GPU's index.")
        var gpu: Int

        @Argument(help: "power-cap, thermal, hw-thermal, power-brake or none.", completion: .list(reasons))
        var reason: String

        @OptionGroup var target: Target

        static let reasons = SimulatedInstance.Throttle.allCases.map(\.rawValue) + ["none"]

        func run() throws {
            let found = SimulatedInstance.Throttle(rawValue: reason)
            guard found != nil || reason == "none" else {
                throw Failure(
                    .badUsage, "\"\(reason)\" is no reason; there are \(Self.reasons.joined(separator: ", "))")
            }
            try target.open().throttle(gpu: gpu, reason: found)
        }
    }

    struct Reset: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Reset a simulated GPU that no process holds.",
            discussion: """
                Pending modes and repairs take effect; MIG instances are gone.

                Examples:
                  divvy sim reset 0
                """)

        @Argument(help: "The GPU's index.")
        var gpu: Int

        @OptionGroup var target: Target

        func run() throws { try target.open().reset(gpu: gpu) }
    }

    struct Confidential: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Let the GPUs of a simulated machine work confidentially, or no longer.",
            discussion: """
                The driver then tells no process's memory. Only machines that can: dgx-h100, hgx-h200, b200.

                Examples:
                  divvy sim confidential on
                """)

        enum Mode: String, ExpressibleByArgument, CaseIterable { case on, off }

        @Argument(help: "on or off.")
        var mode: Mode

        @OptionGroup var target: Target

        func run() throws { try target.open().setConfidentialComputing(mode == .on) }
    }
}
