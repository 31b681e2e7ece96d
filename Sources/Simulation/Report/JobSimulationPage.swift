/// A page that compares replays of jobs.
package enum JobSimulationPage {
    package static func html(_ report: JobSimulationReport, title: String) -> String {
        let runs = report.runs
        let body = [
            introduction(report),
            runs.count > 1 ? PageStyle.key(runs.enumerated().map { (name($1), $0) }) : "",
            section("Waiting jobs", "Mean over each stretch of time.", overTime(runs, "jobs", \.waiting)),
            section(
                "Allocated GPUs", "What leases hold, in percent of the fleet.",
                overTime(runs, "percent of all GPUs", \.allocatedPercent)),
            runs.contains(where: sharesGPUs)
                ? section(
                    "Used GPUs", "What the jobs keep busy of what they hold, in percent of the fleet.",
                    overTime(runs, "percent of all GPUs", \.usedPercent)) : "",
            section(
                "Free but of no use", "Free GPU that a request drawn from the trace's mix cannot use.",
                overTime(runs, "percent of all GPUs", \.fragmentedPercent)),
            section("Waits", "How many jobs waited no longer than so long.", waits(runs)),
            "<h2>Figures</h2>", figures(runs), "<h2>GPUs over time</h2>",
            pictures(runs),
        ]
        return PageStyle.page(title: title, body: body.filter { !$0.isEmpty }.joined(separator: "\n"))
    }

    /// All over the same stretch of time, so that they can be laid side by side.
    private static func pictures(_ runs: [JobSimulationReport.Run]) -> String {
        let longest = runs.map(\.pictures.occupancy.seconds).max() ?? 0
        return runs.map { OccupancyPicture(run: $0, title: name($0), longest: longest).html }.joined(separator: "\n")
    }

    private static func name(_ run: JobSimulationReport.Run) -> String { "\(run.queue), \(run.policy)" }

    private static func sharesGPUs(_ run: JobSimulationReport.Run) -> Bool {
        (run.usedPercent.overall - run.allocatedPercent.overall).magnitude > 0.05
    }

    private static func introduction(_ report: JobSimulationReport) -> String {
        let (fleet, trace) = (report.fleet, report.trace)
        return """
            <p>\(trace.jobs) jobs submitted over \(PageStyle.time(trace.spanSeconds)) to \
            \(PageStyle.escaped(fleet.name)): \(fleet.nodes) \(fleet.nodes == 1 ? "node" : "nodes") with \(fleet.gpus) GPUs. \
            Offered load \(PageStyle.short(trace.offeredLoad)), seed \(trace.seed).</p>
            """
    }

    private static func section(_ heading: String, _ text: String, _ picture: String) -> String {
        "<h2>\(heading)</h2><p class='note'>\(text)</p>\n\(picture)"
    }

    private static func overTime(
        _ runs: [JobSimulationReport.Run], _ yTitle: String, _ values: (JobSimulationReport.Timeline) -> [Double]
    ) -> String {
        let longest = max(runs.map(\.spanSeconds).max() ?? 0, 1)
        let unit = Chart.timeUnit(for: longest)
        let isPercent = yTitle.hasPrefix("percent")
        let most = max(runs.flatMap { values($0.timeline) }.max() ?? 0, isPercent ? 5 : 1)
        let yMarks = Chart.marks(upTo: isPercent && most > 40 ? 100 : most, unit: isPercent ? " %" : "")
        let lines = runs.enumerated().map { place, run in
            Chart.Line(
                colour: place,
                points: values(run.timeline).enumerated().map { index, value in
                    (min((Double(index) + 0.5) * run.timeline.stepSeconds, run.spanSeconds) / unit.seconds, value)
                })
        }
        return Chart(
            label: yTitle, xTitle: "\(unit.name) since the first submission", yTitle: yTitle,
            xMarks: Chart.marks(upTo: longest / unit.seconds).filter { $0.at <= longest / unit.seconds },
            yMarks: yMarks, xRange: 0...(longest / unit.seconds), yRange: 0...(yMarks.last?.at ?? 1), lines: lines
        ).svg
    }

    /// Waits on a scale where each step is several times the one before, since they go from seconds to weeks.
    private static func waits(_ runs: [JobSimulationReport.Run]) -> String {
        let steps: [(seconds: Double, text: String)] = [
            (0, "0 s"), (10, "10 s"), (60, "1 min"), (600, "10 min"), (3600, "1 h"), (21_600, "6 h"), (86_400, "1 d"),
            (604_800, "7 d"), (2_592_000, "30 d"), (31_536_000, "1 y"),
        ]
        let longest = runs.compactMap { $0.pictures.waitQuantiles.last }.max() ?? 0
        let last = max(steps.firstIndex { $0.seconds >= longest } ?? steps.count - 1, 1)
        func place(_ seconds: Double) -> Double {
            guard let above = steps.firstIndex(where: { $0.seconds >= seconds }) else { return Double(last) }
            guard above > 0 else { return 0 }
            let (low, high) = (steps[above - 1].seconds, steps[above].seconds)
            return Double(above - 1) + (seconds - low) / (high - low)
        }
        let lines = runs.enumerated().map { index, run in
            Chart.Line(
                colour: index,
                points: run.pictures.waitQuantiles.enumerated().map { (place($1), Double($0) / 2) })
        }
        return Chart(
            label: "Waits", xTitle: "wait", yTitle: "percent of jobs",
            xMarks: (0...last).map { Chart.Mark(at: Double($0), text: steps[$0].text) },
            yMarks: stride(from: 0.0, through: 100, by: 20).map { Chart.Mark(at: $0, text: "\(Int($0)) %") },
            xRange: 0...Double(last), yRange: 0...100, lines: lines
        ).svg
    }

    private static func figures(_ runs: [JobSimulationReport.Run]) -> String {
        typealias Column = (heading: String, text: (JobSimulationReport.Run) -> String)
        var columns: [Column] = [
            ("queue, placement", { PageStyle.escaped(name($0)) }),
            ("mean<br>wait", { PageStyle.time($0.waitSeconds.mean) }), ("p50", { PageStyle.time($0.waitSeconds.p50) }),
            ("p99", { PageStyle.time($0.waitSeconds.p99) }),
            ("mean<br>completion", { PageStyle.time($0.completionSeconds.mean) }),
            ("mean<br>slowdown", { PageStyle.short($0.boundedSlowdown.mean) }),
            ("allocated<br>in all", { percent($0.allocatedPercent.overall) }),
            ("while<br>some wait", { percent($0.allocatedPercent.whileWaiting) }),
        ]
        if runs.contains(where: sharesGPUs) {
            columns.append(("used<br>in all", { percent($0.usedPercent.overall) }))
        }
        columns += [
            ("free, of<br>no use", { percent($0.fragmentedPercent) }),
            ("fairness<br>of queues", { PageStyle.short($0.fairnessOfQueues.jainIndex) }),
            ("started<br>as told", { $0.promises.count > 0 ? percent($0.promises.keptPercent) : "-" }),
        ]
        if runs.contains(where: { $0.preemptions > 0 }) {
            columns += [
                ("stopped", { "\($0.preemptions)" }),
                ("GPU time<br>lost", { "\(PageStyle.short($0.lostGPUHours)) h" }),
            ]
        }
        return PageStyle.table(columns.map(\.heading), runs.map { run in columns.map { $0.text(run) } })
    }

    private static func percent(_ value: Double) -> String { "\(PageStyle.short(value)) %" }
}
