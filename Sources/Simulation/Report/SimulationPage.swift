/// A page with pictures of placement on a trace of the openb family; it needs nothing but itself.
package enum SimulationPage {
    package static func html(_ report: SimulationReport, title: String) -> String {
        let runs = report.runs
        let hasCurves = runs.contains { !$0.curve.isEmpty }
        return PageStyle.page(
            title: title,
            body: """
                <p>Means over \(runs.first?.seeds.count ?? 0) seeds.</p>
                \(hasCurves ? "<h2>Allocation against load</h2>\n" + key(runs) + chart(runs) : "")
                <h2>Figures</h2>
                \(table(runs))
                """)
    }

    private static func key(_ runs: [SimulationReport.Run]) -> String {
        PageStyle.key(runs.enumerated().map { ($1.policy, $0) })
    }

    /// Allocated percent over demand, one line for each policy; the upper part, where they differ.
    private static func chart(_ runs: [SimulationReport.Run]) -> String {
        let last = runs.map(\.curve.count).max().map { $0 - 1 } ?? 0
        let first = max(min(70, last - 10), 0)
        let shown = runs.flatMap { $0.curve.dropFirst(first) }
        let low = ((shown.min() ?? 0) / 5).rounded(.down) * 5
        let high = max(((shown.max() ?? 100) / 5).rounded(.up) * 5, low + 5)
        return Chart(
            label: "Allocation against load", xTitle: "demand that has arrived, in percent of all GPUs",
            yTitle: "allocated, in percent of all GPUs",
            xMarks: stride(from: first, through: last, by: 10).map { Chart.Mark(at: Double($0), text: "\($0) %") },
            yMarks: stride(from: low, through: high, by: 5).map { Chart.Mark(at: $0, text: "\(Int($0)) %") },
            xRange: Double(first)...Double(max(last, first + 1)), yRange: low...high,
            lines: runs.enumerated().map { place, run in
                Chart.Line(
                    colour: place,
                    points: run.curve.enumerated().dropFirst(first).map { (Double($0.offset), $0.element) })
            }
        ).svg
    }

    private static func table(_ runs: [SimulationReport.Run]) -> String {
        let percents = Set(runs.flatMap(\.allocatedPercent.keys)).sorted { (Int($0) ?? 0) < (Int($1) ?? 0) }
        let isSteady = runs.contains { $0.steady != nil }
        var headings = ["policy"] + percents.map { "allocated at \($0)" }
        if isSteady { headings += ["allocated", "lost demand"] }
        headings += ["idle GPUs", "GPUs of gangs", "decisions"]
        let rows = runs.map { run in
            var cells = [PageStyle.escaped(run.policy)] + percents.map { "\(run.allocatedPercent[$0] ?? 0) %" }
            if let steady = run.steady { cells += ["\(steady.allocatedPercent) %", "\(steady.lostDemandPercent) %"] }
            cells += ["\(run.unallocatedGPUs)", "\(run.gangGPUs)", "\(run.decisions)"]
            return cells
        }
        return PageStyle.table(headings, rows)
    }
}
