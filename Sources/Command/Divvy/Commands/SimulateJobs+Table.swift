import Fleet
import Presentation
import Simulation

extension SimulateJobs {
    static func table(_ report: JobSimulationReport) -> Table {
        let isTimed = report.runs.contains { $0.planning.plansPerSecond != nil }
        let headings =
            [
                "QUEUE", "POLICY", "WAIT", "P50", "P99", "COMPLETION", "SLOWDOWN", "ALLOCATED", "USED", "NO USE",
                "FAIR",
                "STOPPED", "NOT RUN",
            ] + (isTimed ? ["PLANS/S"] : [])
        let rows = report.runs.map { run in
            [
                Cell(run.queue), Cell(run.policy), time(run.waitSeconds.mean), time(run.waitSeconds.p50),
                time(run.waitSeconds.p99), time(run.completionSeconds.mean), Cell(tenths(run.boundedSlowdown.mean)),
                percent(run.allocatedPercent.whileSubmitting), percent(run.usedPercent.whileSubmitting),
                percent(run.fragmentedPercent), Cell("\(run.fairnessOfQueues.jainIndex)"), Cell("\(run.preemptions)"),
                Cell("\(run.jobs.refused + run.jobs.neverStarted)"),
            ] + (isTimed ? [run.planning.plansPerSecond.map { Cell("\(Int($0))") } ?? .none] : [])
        }
        return Table(
            headings: headings, alignments: [.left, .left] + headings.dropFirst(2).map { _ in .right }, rows: rows)
    }

    private static func time(_ seconds: Double) -> Cell {
        Cell("\(Span(seconds: Int64(seconds.rounded())))")
    }

    private static func tenths(_ value: Double) -> String { "\((value * 10).rounded() / 10)" }

    private static func percent(_ value: Double) -> Cell { Cell("\(tenths(value)) %") }
}
