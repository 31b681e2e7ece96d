package import API
import Fleet

/// One picture of the fleet: GPUs, leases and processes.
package struct TopScreen: Sendable {
    package let fleet: FleetView
    package let leases: [LeaseView]
    package let now: Timestamp

    package init(fleet: FleetView, leases: [LeaseView], now: Timestamp) {
        self.fleet = fleet
        self.leases = leases
        self.now = now
    }

    /// The lines of the picture, unlimited in number and width.
    package func lines(palette: Palette) -> [String] {
        let driver = fleet.driver.map { "driver \($0.version)" } ?? "no driver"
        var lines = [palette.paint("divvy top", .heading) + "  \(fleet.node)  \(driver)  \(now)"]
        lines += fleet.preamble.map { palette.paint($0.text, $0.style) }
        if !fleet.gpus.isEmpty { lines += [""] + gpuTable.lines(palette: palette) }
        let shown = leases.filter { $0.state != .ended }
        lines += [""]
        lines +=
            shown.isEmpty
            ? ["No leases"] : Listing.leases(now: now).table(shown, isWide: false).lines(palette: palette)
        let processes = fleet.processRows
        lines += [""]
        lines +=
            processes.isEmpty
            ? ["No processes on the GPUs"] : Listing.processes.table(processes, isWide: false).lines(palette: palette)
        return lines
    }

    /// What matters most comes first: a terminal of 80 columns cuts the rest.
    private var gpuTable: Table {
        Table(
            headings: ["GPU", "NAME", "BUSY", "", "MEMORY", "", "TAKEN", "HEALTH", "TEMP", "POWER"],
            alignments: [.right, .left, .left, .right, .left, .right, .right, .left, .right, .right],
            rows: fleet.gpus.map { gpu in
                let busy = gpu.reading.utilisationPercent
                let used = gpu.memory.usedBytes
                let total = gpu.memory.totalBytes
                return [
                    "\(gpu.index)", Cell(gpu.name.hasPrefix("NVIDIA ") ? String(gpu.name.dropFirst(7)) : gpu.name),
                    Self.bar(busy.map { Double($0) / 100 }), busy.map { "\($0)%" } ?? .none,
                    Self.bar(used.map { Double($0) / Double(max(total, 1)) }),
                    Cell("\(used.map(Wording.bytes) ?? "?")/\(Wording.bytes(total))"),
                    Cell(Wording.share(1000 - gpu.freeMilliGPU)), Wording.health(of: gpu),
                    Wording.cell(Wording.number(gpu.reading.temperatureCelsius), unit: "C"),
                    Wording.cell(Wording.number(gpu.reading.powerWatts), unit: "W"),
                ]
            })
    }

    private static let barLength = 6

    /// A bar that needs no colour to be read.
    private static func bar(_ part: Double?) -> Cell {
        guard let part else { return .none }
        let filled = Int((max(0, min(part, 1)) * Double(barLength)).rounded())
        let bar = String(repeating: "|", count: filled) + String(repeating: " ", count: barLength - filled)
        return Cell("[\(bar)]", part > 0.9 ? .warning : filled > 0 ? .good : .muted)
    }
}
