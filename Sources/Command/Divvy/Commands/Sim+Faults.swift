import ArgumentParser
import Glibc
import Presentation
import SimulatedDevices

// What can be made to go wrong with a simulated machine.

extension Sim {
    struct XID: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "xid",
            abstract: "Report an XID for a simulated GPU, as a driver does when something goes wrong.",
            discussion: """
                Examples:
                  divvy sim xid 31      of GPU 0
                  divvy sim xid 2 79    of GPU 2
                """)

        @Argument(help: ArgumentHelp("The GPU's index (0 unless said), and the XID's number.", valueName: "gpu> <xid"))
        var numbers: [Int]

        @OptionGroup var target: Target

        func validate() throws {
            guard (1...2).contains(numbers.count) else {
                throw ValidationError("give the XID's number, or the GPU's index before it")
            }
        }

        func run() throws {
            let gpu = numbers.count == 2 ? numbers[0] : 0
            try target.open().raiseXID(gpu: gpu, code: numbers[numbers.count - 1])
        }
    }

    struct Lose: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Let a simulated GPU fall off the bus.")

        @Argument(help: "The GPU's index.")
        var gpu: Int

        @OptionGroup var target: Target

        func run() throws { try target.open().lose(gpu: gpu) }
    }

    struct Return: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Bring a lost simulated GPU back, as after a reboot.", aliases: ["restore"])

        @Argument(help: "The GPU's index.")
        var gpu: Int

        @OptionGroup var target: Target

        func run() throws { try target.open().restore(gpu: gpu) }
    }

    struct ECC: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "ecc",
            abstract: "Count memory errors of a simulated GPU.",
            discussion: """
                An uncorrected error retires a row of memory with the next reset, and XIDs 48 and 63 say so.

                Examples:
                  divvy sim ecc 0 --corrected 12
                  divvy sim ecc 0 --uncorrected 1
                """)

        @Argument(help: "The GPU's index.")
        var gpu: Int

        @Option(help: ArgumentHelp("So many that the hardware corrected.", valueName: "count"))
        var corrected = 0

        @Option(help: ArgumentHelp("So many that it could not correct.", valueName: "count"))
        var uncorrected = 0

        @OptionGroup var target: Target

        func validate() throws {
            let isPossible = (0...1_000_000).contains(corrected) && (0...1_000_000).contains(uncorrected)
            guard isPossible, corrected + uncorrected > 0 else {
                throw ValidationError("give --corrected or --uncorrected, 1 to 1000000")
            }
        }

        func run() throws {
            try target.open().addMemoryErrors(gpu: gpu, corrected: corrected, uncorrected: uncorrected)
        }
    }

    struct Hang: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Let a call of a simulated driver hang until `divvy sim clear`.",
            discussion: """
                Examples:
                  divvy sim hang nvmlDeviceGetPowerUsage
                  divvy sim hang cuMemAlloc after 100
                """)

        @OptionGroup var call: Call
        @OptionGroup var target: Target

        func run() throws { try target.open().hangCall(call.name, after: try call.calls()) }
    }

    struct Fail: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Let a call of a simulated driver fail until `divvy sim clear`.",
            discussion: """
                Examples:
                  divvy sim fail nvmlDeviceGetPowerUsage
                  divvy sim fail nvmlDeviceGetMemoryInfo after 10 --result 15 --times 3
                """)

        @OptionGroup var call: Call

        @Option(help: ArgumentHelp("The driver's number for the error; 999 is an unknown one.", valueName: "number"))
        var result = 999

        @Option(help: ArgumentHelp("How many calls fail; all unless said.", valueName: "count"))
        var times: Int?

        @OptionGroup var target: Target

        func run() throws {
            try target.open().failCall(call.name, result: result, after: try call.calls(), times: times)
        }
    }

    /// A call, and how many of it still come back as they should.
    struct Call: ParsableArguments {
        @Argument(help: ArgumentHelp("A function, with or without its version.", valueName: "call"))
        var name: String

        @Argument(help: ArgumentHelp("`after` and how many calls are still good.", valueName: "after> <count"))
        var after: [String] = []

        func calls() throws -> Int {
            if after.isEmpty { return 0 }
            guard after.count == 2, after[0] == "after", let count = Int(after[1]), count >= 0 else {
                throw Failure(
                    .badUsage, "after the call stands \"\(after.joined(separator: " "))\"; give \"after\" and a number")
            }
            return count
        }
    }

    struct Clear: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Let all calls of a simulated driver do what they should; those that hang come back.")

        @OptionGroup var target: Target

        func run() throws { try target.open().clearCalls() }
    }

    struct Script: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Do to a simulated machine what a file says, at the times that it says.",
            discussion: """
                Each line has seconds since the start and an edit; # begins a comment. The edits are
                  \(Edit.forms.joined(separator: "\n  "))

                Examples:
                  divvy sim script bad-day.txt
                  echo "2.5 xid 0 79" | divvy sim script /dev/stdin
                """)

        @Argument(help: "The file.", completion: .file())
        var file: String

        @OptionGroup var target: Target

        func run() throws {
            guard let text = try Files.read(file) else { throw Failure(.notFound, "there is no file \(file)") }
            let script = try SimulatedDevices.Script(text)
            let machine = try target.open()
            let start = ContinuousClock.now
            for step in script.steps {
                Self.sleep(until: start + step.time)
                try machine.apply(step.edit)
                Console.note("\(step.time): \(step.edit.words)")
            }
        }

        /// Sleeps on through signals that do not end the program.
        private static func sleep(until time: ContinuousClock.Instant) {
            while true {
                let (seconds, attoseconds) = (time - .now).components
                guard seconds > 0 || attoseconds > 0 else { return }
                var rest = timespec(tv_sec: Int(seconds), tv_nsec: Int(attoseconds / 1_000_000_000))
                nanosleep(&rest, nil)
            }
        }
    }
}
