import ArgumentParser

struct Simulate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Ask what policies would do with a trace; no GPU and no daemon takes part.",
        discussion: """
            Examples:
              divvy simulate openb --nodes nodes.csv --pods pods.csv --policy fgd,divvy
              divvy simulate openb --nodes nodes.csv --pods pods.csv --steady 0.95
              divvy simulate jobs --trace jobs.csv --fleet dgx-a100x8 --queue fifo,easy
              divvy simulate generate jobs --count 10000 --load 0.9 --gpus 64 > jobs.csv
            """,
        subcommands: [SimulateOpenB.self, SimulateJobs.self, SimulateGenerate.self])
}
