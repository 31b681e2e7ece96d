package import API
import Fleet

extension Listing where Row == GPUView {
    package static var gpus: Listing {
        Listing(
            columns: [
                Column("GPU", key: "index", alignment: .right, value: { "\($0.index)" }),
                Column("NAME", key: "name", value: \.name),
                Column("UUID", key: "id", isWide: true, value: \.id.rawValue),
                Column("FREE", key: "freeMilliGPU", alignment: .right, value: { "\($0.freeMilliGPU)" }) { gpu in
                    Cell(Wording.share(gpu.freeMilliGPU), gpu.freeMilliGPU == 0 ? .muted : .plain)
                },
                Column("FREE MEMORY", key: "freeBytes", alignment: .right, value: { "\($0.freeBytes)" }) {
                    Cell(Wording.bytes($0.freeBytes), $0.freeBytes == 0 ? .muted : .plain)
                },
                Column("OF", key: "allocatableBytes", alignment: .right, value: { "\($0.memory.allocatableBytes)" }) {
                    Cell(Wording.bytes($0.memory.allocatableBytes))
                },
                Column("USED", key: "usedBytes", alignment: .right, value: { Wording.number($0.memory.usedBytes) }) {
                    $0.memory.usedBytes.map { Cell(Wording.bytes($0)) } ?? .none
                },
                Column("FOREIGN", key: "foreignBytes", alignment: .right, value: { "\($0.memory.foreignBytes)" }) {
                    $0.memory.foreignBytes == 0 ? .none : Cell(Wording.bytes($0.memory.foreignBytes), .warning)
                },
                reading("BUSY", "utilisationPercent", "%") { Wording.number($0.utilisationPercent) },
                reading("TEMP", "temperatureCelsius", "C", isWide: true) { Wording.number($0.temperatureCelsius) },
                reading("POWER", "powerWatts", "W", isWide: true, exact: \.powerWatts),
                reading("LIMIT", "powerLimitWatts", "W", isWide: true, exact: \.powerLimitWatts),
                reading("CLOCK", "smClockMegahertz", "MHz", isWide: true) { Wording.number($0.smClockMegahertz) },
                Column("HEALTH", key: "health", value: \.health.state.rawValue) { Wording.health(of: $0) },
                Column("DRAINED", key: "drained", isWide: true, value: { $0.drained ?? "" }),
                Column("PCI", key: "pciAddress", isWide: true, value: \.pciAddress),
                Column("NUMA", key: "numaNode", alignment: .right, isWide: true) { Wording.number($0.numaNode) },
                Column("CC", key: "computeCapability", alignment: .right, isWide: true) { $0.computeCapability ?? "" },
                Column("MIG", key: "mig", isWide: true, value: \.mig.rawValue),
                Column("LEASES", key: "leases") { $0.leases.map(\.description).joined(separator: " ") },
            ],
            name: \.id.rawValue)
    }

    /// A measured number: to the tenth for people, as exact as the API has it for programs.
    private static func reading(
        _ heading: String, _ key: String, _ unit: String, isWide: Bool = false,
        exact value: @escaping @Sendable (ReadingView) -> Double?
    ) -> Column<GPUView> {
        Column(heading, key: key, alignment: .right, isWide: isWide, value: { Wording.exact(value($0.reading)) }) {
            Wording.cell(Wording.number(value($0.reading)), unit: unit)
        }
    }

    private static func reading(
        _ heading: String, _ key: String, _ unit: String, isWide: Bool = false,
        _ value: @escaping @Sendable (ReadingView) -> String
    ) -> Column<GPUView> {
        Column(heading, key: key, alignment: .right, isWide: isWide, value: { value($0.reading) }) {
            Wording.cell(value($0.reading), unit: unit)
        }
    }
}

extension FleetView {
    /// What must be known before the table is read: that the driver is no hardware, or why there is nothing.
    package var preamble: [Cell] {
        var lines: [Cell] = []
        if let note = driver?.note { lines.append(Cell("Driver: \(note) — not hardware", .warning)) }
        if gpus.isEmpty { lines.append(Cell("No GPUs: \(whyEmpty ?? "the driver lists none")", .warning)) }
        return lines
    }

    /// What could be asked for right now, and who waits already.
    package var closing: [Cell] {
        guard !gpus.isEmpty else { return [] }
        let shares = requestable.filter { $0.count > 0 }.map { "\($0.count) x --gpus \($0.request)" }
        let sizes = (shares + freeSlices).joined(separator: ", ")
        var lines = sliceTable + [Cell("Requestable now: \(sizes.isEmpty ? "nothing" : sizes)")]
        if waiting > 0 {
            lines.append(Cell(waiting == 1 ? "1 lease waits" : "\(waiting) leases wait", .warning))
        }
        return lines
    }
}
