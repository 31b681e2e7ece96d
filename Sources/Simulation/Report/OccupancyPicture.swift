/// Who held which GPUs when, as rows of bars.
struct OccupancyPicture {
    let run: JobSimulationReport.Run
    let title: String
    /// The longest time of all pictures beside this one, in seconds.
    let longest: Double

    private static let (left, right, top, bottom) = (130.0, 20.0, 6.0, 46.0)
    private static let width = 960.0
    /// Queues beyond these are drawn in one colour.
    private static let mostColours = PageStyle.colourCount - 1

    var html: String {
        let picture = run.pictures.occupancy
        guard !picture.rows.isEmpty else { return "" }
        let colours = colours(picture)
        let shown = colours.enumerated().filter { place, _ in picture.bars.contains { $0.queue == place } }
        var names = shown.filter { $0.element < Self.mostColours }.map { (picture.queues[$0.offset], $0.element) }
        let others = shown.count { $0.element == Self.mostColours }
        if others > 0 { names.append(("\(others) other queues", Self.mostColours)) }
        let what =
            picture.isByNode
            ? "A row for each node; the colour is that of the queue that held most of it, paler where less was held."
            : "A row for each GPU, a bar for each lease, as high as its share."
        return "<h3>\(PageStyle.escaped(title))</h3><p class='note'>\(what)</p>"
            + PageStyle.key(names.map { (name: $0.0, colour: $0.1) }) + svg(picture, colours, rows: picture.rows.count)
    }

    /// For each queue a colour; those with most GPU time have their own.
    private func colours(_ picture: Occupancy) -> [Int] {
        var weights = picture.queues.map { _ in 0.0 }
        for bar in picture.bars { weights[bar.queue] += (bar.until - bar.from) * bar.height * bar.strength }
        let order = weights.indices.sorted { (-weights[$0], $0) < (-weights[$1], $1) }
        var colours = weights.map { _ in Self.mostColours }
        let named = order.count > PageStyle.colourCount ? Self.mostColours : order.count
        for (place, queue) in order.prefix(named).enumerated() {
            colours[queue] = place
        }
        return colours
    }

    private func svg(_ picture: Occupancy, _ colours: [Int], rows: Int) -> String {
        let rowHeight = rows > 32 ? 9.0 : rows > 16 ? 14.0 : 20.0
        let gap = 1.0
        let wholeWidth = Self.width - Self.left - Self.right
        let plotWidth = wholeWidth * picture.seconds / max(longest, picture.seconds)
        let base = Self.top + Double(rows) * rowHeight
        func n(_ value: Double) -> String { "\(value.rounded(to: 1))" }
        var parts = [
            "<rect class='rest' x='\(n(Self.left))' y='\(n(Self.top))' width='\(n(wholeWidth))' "
                + "height='\(n(base - Self.top))'/>"
        ]
        // Small rows are named only now and then, so that the names do not touch.
        let every = max(Int((14 / rowHeight).rounded(.up)), 1)
        for (place, name) in picture.rows.enumerated() where place % every == 0 {
            let y = Self.top + (Double(place) + 0.5) * rowHeight + 4
            parts.append(
                "<text x='\(n(Self.left - 8))' y='\(n(y))' text-anchor='end'>\(PageStyle.escaped(name))</text>")
        }
        for bar in picture.bars {
            let y = Self.top + Double(bar.row) * rowHeight + bar.top * (rowHeight - gap)
            let opacity = bar.strength < 1 ? " opacity='\(bar.strength)'" : ""
            let tip = bar.label.isEmpty ? "/>" : "><title>\(PageStyle.escaped(bar.label))</title></rect>"
            parts.append(
                "<rect class='bar \(PageStyle.colour(colours[bar.queue]))' x='\(n(Self.left + bar.from * plotWidth))' "
                    + "y='\(n(y))' width='\(n(max((bar.until - bar.from) * plotWidth, 0.3)))' "
                    + "height='\(n(max(bar.height * (rowHeight - gap), 1)))'\(opacity)\(tip)")
        }
        let unit = Chart.timeUnit(for: longest)
        let span = longest / unit.seconds
        for mark in Chart.marks(upTo: span) where mark.at <= span {
            let x = Self.left + wholeWidth * mark.at / span
            parts.append("<text x='\(n(x))' y='\(n(base + 18))' text-anchor='middle'>\(mark.text)</text>")
        }
        parts.append(
            "<text x='\(n(Self.left + wholeWidth / 2))' y='\(n(base + 38))' text-anchor='middle'>"
                + "\(unit.name) since the first submission</text>")
        return "<svg viewBox='0 0 \(Int(Self.width)) \(Int(base + Self.bottom))' role='img' "
            + "aria-label='GPUs over time'>\(parts.joined())</svg>"
    }
}
