import Fleet
import Placement

/// Who held which GPUs when, small enough to be drawn.
///
/// A few leases on a few GPUs are drawn one by one; of more, each node is a row of cells, and a cell has the colour of
/// the queue that held most of the node in that time.
package struct Occupancy: Sendable {
    package struct Bar: Hashable, Sendable {
        package var row: Int
        /// In parts of the row's height, from the top.
        package var top: Double
        package var height: Double
        /// In parts of the whole time.
        package var from: Double
        package var until: Double
        package var queue: Int
        /// 1 for a lease drawn by itself; of a cell, how much of the node was held.
        package var strength: Double
        /// For the tooltip.
        package var label: String
    }

    package var rows: [String] = []
    package var bars: [Bar] = []
    package var queues: [String] = []
    /// Whether rows are nodes.
    package var isByNode = false
    /// From the first submission to the last end.
    package var seconds = 0.0

    private static let mostBars = 4000
    private static let mostGPURows = 64
    private static let mostNodeRows = 64
    private static let columns = 240

    package init() {}

    init(_ replay: JobReplay, of simulation: JobSimulation) {
        queues = simulation.trace.queues
        seconds = replay.meter.all.seconds
        guard seconds > 0 else { return }
        let bars = replay.held.reduce(0) { $0 + $1.placement.parts.reduce(0) { $0 + $1.grants.count } }
        if simulation.gpus <= Self.mostGPURows, bars <= Self.mostBars {
            drawLeases(replay, simulation)
        } else {
            drawNodes(replay, simulation)
        }
    }

    /// A row for each GPU; leases that share it are stacked where there is room among those that overlap.
    private mutating func drawLeases(_ replay: JobReplay, _ simulation: JobSimulation) {
        var firsts: [Int] = []
        for node in simulation.fleet {
            firsts.append(rows.count)
            rows += node.node.gpus.indices.map { "\(node.node.name) GPU \($0)" }
        }
        // For each GPU what has been drawn and may still overlap: top, height and end.
        var drawn = rows.map { _ in [(top: Int32, height: Int32, until: Moment)]() }
        for held in replay.held.sorted(by: { ($0.from, $0.job) < ($1.from, $1.job) }) where held.until > held.from {
            let job = simulation.trace.jobs[held.job]
            for part in held.placement.parts {
                for grant in part.grants {
                    let row = firsts[part.node] + grant.gpu
                    drawn[row].removeAll { $0.until <= held.from }
                    var top: Int32 = 0
                    for other in drawn[row].sorted(by: { $0.top < $1.top }) {
                        if other.top - top >= grant.share.milli { break }
                        top = max(top, other.top + other.height)
                    }
                    top = min(top, 1000 - grant.share.milli)
                    drawn[row].append((top, grant.share.milli, held.until))
                    bars.append(
                        Bar(
                            row: row, top: Double(top) / 1000, height: Double(grant.share.milli) / 1000,
                            from: Self.part(held.from, of: seconds), until: Self.part(held.until, of: seconds),
                            queue: job.queue, strength: 1,
                            label: "job \(held.job + 1), \(job.gpus) x \(job.share) GPU, \(held.until - held.from)"))
                }
            }
        }
    }

    private static func part(_ moment: Moment, of seconds: Double) -> Double {
        Double(moment.nanoseconds) / 1e9 / seconds
    }

    private mutating func drawNodes(_ replay: JobReplay, _ simulation: JobSimulation) {
        isByNode = true
        let shown = min(simulation.fleet.count, Self.mostNodeRows)
        rows = simulation.fleet.prefix(shown).map(\.node.name)
        let columns = Self.columns
        let width = queues.count
        // GPU time in thousandths of a cell, for each row, column and queue.
        var cells = [Double](repeating: 0, count: shown * columns * width)
        for held in replay.held {
            let queue = simulation.trace.jobs[held.job].queue
            let (from, until) = (Self.part(held.from, of: seconds), Self.part(held.until, of: seconds))
            for part in held.placement.parts where part.node < shown {
                let milli = Double(part.grants.reduce(0) { $0 + Int64($1.share.milli) })
                let last = min(Int(until * Double(columns)), columns - 1)
                for column in min(Int(from * Double(columns)), columns - 1)...last {
                    let left = max(from * Double(columns), Double(column))
                    let right = min(until * Double(columns), Double(column + 1))
                    cells[(part.node * columns + column) * width + queue] += milli * max(right - left, 0)
                }
            }
        }
        for row in 0..<shown { drawRow(row, cells, gpus: simulation.fleet[row].node.gpus.count) }
    }

    /// Cells beside each other that look the same become one bar.
    private mutating func drawRow(_ row: Int, _ cells: [Double], gpus: Int) {
        let (columns, width) = (Self.columns, queues.count)
        var last: Bar?
        for column in 0..<columns {
            let here = cells[(row * columns + column) * width..<(row * columns + column + 1) * width]
            let sum = here.reduce(0, +) / (Double(max(gpus, 1)) * 1000)
            let strength = (sum * 8).rounded() / 8
            guard strength > 0, let most = here.max(), let place = here.firstIndex(of: most) else { continue }
            let queue = place - here.startIndex
            let (from, until) = (Double(column) / Double(columns), Double(column + 1) / Double(columns))
            if let before = last, before.until == from, before.queue == queue, before.strength == strength {
                last?.until = until
            } else {
                if let before = last { bars.append(before) }
                last = Bar(
                    row: row, top: 0, height: 1, from: from, until: until, queue: queue, strength: strength, label: "")
            }
        }
        if let last { bars.append(last) }
    }
}
