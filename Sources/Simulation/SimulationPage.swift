/// A page with pictures of a simulation; it needs nothing but itself.
package enum SimulationPage {
    private static let colours = [
        "#1b6ca8", "#c0392b", "#2e8b57", "#8e44ad", "#d68910", "#16a085", "#7f8c8d", "#6c3483", "#a04000", "#212f3d",
    ]

    package static func html(_ report: SimulationReport, title: String) -> String {
        let runs = report.runs
        let curves = runs.contains { !$0.curve.isEmpty }
        return """
            <!doctype html>
            <html lang="en"><head><meta charset="utf-8"><title>\(escaped(title))</title><style>
            body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222}
            table{border-collapse:collapse}td,th{padding:.25rem .75rem;text-align:right;border-bottom:1px solid #ddd}
            td:first-child,th:first-child{text-align:left}svg{width:100%;height:auto}
            </style></head><body>
            <h1>\(escaped(title))</h1>
            <p>Means over \(runs.first?.seeds.count ?? 0) seeds.</p>
            \(curves ? "<h2>Allocation against load</h2>\n" + chart(runs) : "")
            <h2>Figures</h2>
            \(table(runs))
            </body></html>

            """
    }

    /// Allocated percent over demand, one line for each policy; the upper part, where they differ.
    private static func chart(_ runs: [SimulationReport.Run]) -> String {
        let last = runs.map(\.curve.count).max().map { $0 - 1 } ?? 0
        let first = min(70, last)
        let shown = runs.flatMap { $0.curve.dropFirst(first) }
        let low = ((shown.min() ?? 0) / 5).rounded(.down) * 5
        let high = max(((shown.max() ?? 100) / 5).rounded(.up) * 5, low + 5)
        let (left, top, width, height) = (50.0, 10.0, 700.0, 320.0)
        func x(_ percent: Double) -> Double { left + width * (percent - Double(first)) / max(Double(last - first), 1) }
        func y(_ percent: Double) -> Double { top + height * (high - percent) / (high - low) }
        var parts: [String] = []
        for mark in stride(from: low, through: high, by: 5) {
            parts.append(
                "<line x1='\(left)' x2='\(left + width)' y1='\(y(mark))' y2='\(y(mark))' stroke='#ddd'/>"
                    + "<text x='\(left - 8)' y='\(y(mark) + 4)' font-size='12' text-anchor='end'>\(Int(mark)) %</text>")
        }
        for mark in stride(from: first, through: last, by: 10) {
            parts.append(
                "<text x='\(x(Double(mark)))' y='\(top + height + 18)' font-size='12' text-anchor='middle'>\(mark) %</text>"
            )
        }
        for (place, run) in runs.enumerated() {
            let colour = colours[place % colours.count]
            let points = run.curve.enumerated().dropFirst(first).map { point in
                "\(x(Double(point.offset)).rounded(to: 1)),\(y(point.element).rounded(to: 1))"
            }
            parts.append(
                "<polyline fill='none' stroke='\(colour)' stroke-width='2' points='\(points.joined(separator: " "))'/>"
                    + "<text x='\(left + width + 8)' y='\(top + 14 + Double(place) * 18)' font-size='13' fill='\(colour)'>"
                    + "\(escaped(run.policy))</text>")
        }
        return "<svg viewBox='0 0 880 360' role='img' aria-label='Allocation against load'>\(parts.joined())</svg>"
    }

    private static func table(_ runs: [SimulationReport.Run]) -> String {
        let percents = Set(runs.flatMap(\.allocatedPercent.keys)).sorted { (Int($0) ?? 0) < (Int($1) ?? 0) }
        let isSteady = runs.contains { $0.steady != nil }
        var headings = ["policy"] + percents.map { "allocated at \($0)" }
        if isSteady { headings += ["allocated", "lost demand"] }
        headings += ["idle GPUs", "GPUs of gangs", "decisions"]
        let rows = runs.map { run in
            var cells = [escaped(run.policy)] + percents.map { "\(run.allocatedPercent[$0] ?? 0) %" }
            if let steady = run.steady { cells += ["\(steady.allocatedPercent) %", "\(steady.lostDemandPercent) %"] }
            cells += ["\(run.unallocatedGPUs)", "\(run.gangGPUs)", "\(run.decisions)"]
            return "<tr>" + cells.map { "<td>\($0)</td>" }.joined() + "</tr>"
        }
        return "<table><tr>" + headings.map { "<th>\($0)</th>" }.joined() + "</tr>\n" + rows.joined(separator: "\n")
            + "</table>"
    }

    private static func escaped(_ text: String) -> String {
        var result = ""
        for character in text {
            switch character {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            default: result.append(character)
            }
        }
        return result
    }
}
