import ArgumentParser
import Glibc
import Presentation
import SimulatedDevices

struct Sim: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Simulated drivers: machines with GPUs, for a machine without.",
        discussion: """
            Examples:
              divvy sim profiles                what can be simulated
              divvy sim start dgx-a100          make such a machine
              eval "$(divvy sim env dgx-a100)"  let this shell's programs see it
              nvidia-smi                        the real one, over the simulated driver
              divvy up --driver sim:dgx-a100    serve it
              divvy sim lose 3                  let a GPU fall off the bus
              divvy sim stop dgx-a100           take it away
            """,
        subcommands: [Profiles.self, Start.self, Env.self, List.self, Stop.self],
        groupedSubcommands: [
            CommandGroup(
                name: "Changing",
                subcommands: [
                    Load.self, Process.self, Throttle.self, Reset.self, Confidential.self, Script.self,
                ]),
            CommandGroup(
                name: "Breaking",
                subcommands: [
                    XID.self, ECC.self, Lose.self, Return.self, Hang.self, Fail.self, Clear.self,
                ]),
        ])

    /// The machine that is meant, and where machines lie.
    struct MachineOptions: ParsableArguments {
        @Option(
            name: [.customLong("sim-dir")],
            help: ArgumentHelp("The directory in which simulated machines lie.", valueName: "path"),
            completion: .directory)
        var directory: String?

        var root: String {
            directory ?? StandardPaths(uid: getuid(), environment: Console.environment).simulationDirectory
        }

        /// A machine by name; without a name the only one that there is.
        func open(_ name: String?) throws -> SimulatedInstance {
            let machines = SimulatedMachines(root: root)
            return try name.map { try machines.open($0) } ?? machines.only()
        }
    }

    struct Profiles: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the machines that can be simulated.")

        func run() {
            let table = Table(
                headings: ["PROFILE", "GPUS", "MODEL", "DRIVER"], alignments: [.left, .right, .left, .left],
                rows: SimulatedProfile.all.map { profile in
                    [
                        Cell(profile.name), "\(profile.seats.count)", Cell(profile.models.joined(separator: ", ")),
                        Cell(profile.driver.version),
                    ]
                })
            Console.print(table.lines(palette: Console.palette()))
            let branches = SimulatedProfile.Driver.all.map { "\($0.branch)" }.joined(separator: ", ")
            Console.note("Each with another driver, too: dgx-a100@580, of \(branches)")
        }
    }

    struct Start: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a simulated machine; it lasts until it is stopped.")

        @Argument(help: "A profile (divvy sim profiles), with a driver's branch behind @ if wanted: dgx-a100@580.")
        var profile: String

        @Option(help: ArgumentHelp("What to call it; the profile's name unless said.", valueName: "name"))
        var name: String?

        @OptionGroup var machines: MachineOptions

        func run() throws {
            let machine = try SimulatedMachines(root: machines.root).make(profile: profile, name: name ?? profile)
            Console.print(machine.directory)
            Console.note(
                "\(machine.gpuCount) simulated GPUs (\(machine.profileName)); let this shell see them: "
                    + "eval \"$(divvy sim env \(name ?? profile))\"")
        }
    }

    struct Env: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print what makes programs of a shell load a simulated driver.",
            discussion: """
                Examples:
                  eval "$(divvy sim env dgx-a100)"; nvidia-smi
                """)

        @Argument(help: "A simulated machine; without one, the only one.")
        var name: String?

        @OptionGroup var machines: MachineOptions

        func run() throws {
            let machine = try machines.open(name)
            let library = Shell.quoted("\(machine.directory)/lib")
            Console.print("export LD_LIBRARY_PATH=\(library)${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}")
            if machine.mpsControlPath != nil {
                Console.print("export PATH=\(Shell.quoted("\(machine.directory)/bin")):$PATH")
            }
        }
    }

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List simulated machines.")

        @Flag(name: .shortAndLong, help: "Print names only.")
        var quiet = false

        @OptionGroup var machines: MachineOptions

        func run() {
            let all = SimulatedInstance.list(in: machines.root)
            let others = SimulatedInstance.unreadable(in: machines.root)
            if !others.isEmpty {
                Console.note(
                    "Made by another version of Divvy, to be taken away by divvy sim stop: "
                        + others.joined(separator: ", "))
            }
            if quiet { return Console.print(all.map(\.name)) }
            if all.isEmpty { return Console.note("No simulated machines in \(machines.root)") }
            let table = Table(
                headings: ["NAME", "PROFILE", "GPUS", "DIRECTORY"], alignments: [.left, .left, .right, .left],
                rows: all.map { [Cell($0.name), Cell($0.profileName), "\($0.gpuCount)", Cell($0.directory)] })
            Console.print(table.lines(palette: Console.palette()))
        }
    }

    struct Stop: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Take simulated machines away.")

        @Argument(help: "Simulated machines.")
        var names: [String]

        @OptionGroup var machines: MachineOptions

        func run() throws {
            for name in names {
                do {
                    try machines.open(name).remove()
                } catch SimulationError.notAnInstance {
                    // One that another version of Divvy made cannot be opened, and can be taken away.
                    try SimulatedInstance.remove(at: "\(machines.root)/\(name)")
                }
            }
        }
    }
}

extension SimulatedInstance {
    var name: String { directory.split(separator: "/").last.map(String.init) ?? directory }
}
