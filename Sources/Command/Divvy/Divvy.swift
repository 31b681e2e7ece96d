import ArgumentParser
import Presentation

/// The command line: one command per file in `Commands`.
struct Divvy: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "divvy",
        abstract: "One pool of GPUs that containers and processes share.",
        discussion: """
            Examples:
              divvy up                                serve this machine's GPUs
              divvy up --driver sim:dgx-a100          try it without a GPU
              divvy run --gpus 1 -- python train.py   a process with its own GPU
              divvy run --gpus 0.5 IMAGE infer.py     a container with half a GPU
              divvy ls                                what there is, what is free
              divvy ps                                who has what
              divvy why 17                            why it waits, and until when

            Settings come from flags, then DIVVY_... variables, then
            ~/.config/divvy/config.yaml, then /etc/divvy/config.yaml;
            `divvy config check` reads them all and says what is wrong.

            Exit status: 0 done, 1 failed, 64 bad usage, 65 bad data, 66 no such
            thing, 69 no daemon, 70 our fault, 73 cannot create, 74 input or output
            failed, 75 no capacity now, 77 not permitted, 78 bad configuration,
            124 the wait ran out.
            """,
        version: Release.version,
        subcommands: [Confine.self, Hook.self, OCI.self, ProbeMPS.self],
        groupedSubcommands: [
            CommandGroup(name: "Using GPUs", subcommands: [Run.self, Hold.self, ReleaseLeases.self, Extend.self]),
            CommandGroup(
                name: "Looking",
                subcommands: [
                    Ps.self, Ls.self, Queue.self, Why.self, OfferCommand.self, Show.self, Logs.self, Events.self,
                    Topo.self, Top.self,
                ]),
            CommandGroup(
                name: "Operating",
                subcommands: [
                    Up.self, Quota.self, Reserve.self, Drain.self, Undrain.self, CDI.self, Sim.self, Simulate.self,
                    Config.self,
                ]),
            CommandGroup(name: "About", subcommands: [Version.self, Completion.self]),
        ])

    /// What the parser writes before its own messages, as before all others.
    static let _errorPrefix = "divvy: "
}
