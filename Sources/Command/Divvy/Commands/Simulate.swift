import ArgumentParser

struct Simulate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Ask what policies would do with a trace; no GPU and no daemon takes part.",
        discussion: """
            Examples:
              divvy simulate openb --nodes nodes.csv --pods pods.csv --policy fgd,divvy
              divvy simulate openb --nodes nodes.csv --pods pods.csv --steady 0.95
            """,
        subcommands: [SimulateOpenB.self])
}
