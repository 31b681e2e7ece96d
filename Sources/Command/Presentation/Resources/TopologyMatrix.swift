package import API

/// How the GPUs of a fleet are joined, in the shape of `nvidia-smi topo -m`.
package struct TopologyMatrix: Sendable {
    private let fleet: FleetView

    package init(_ fleet: FleetView) { self.fleet = fleet }

    /// Row and column for each GPU, then the CPUs and the memory that are near it.
    package var table: Table {
        let names = fleet.gpus.map { "GPU\($0.index)" }
        return Table(
            headings: [""] + names + ["CPU Affinity", "NUMA Affinity"],
            rows: fleet.gpus.indices.map { row in
                let links = names.indices.map { column in
                    column == row
                        ? Cell("X", .muted)
                        : Cell(link(row, column), link(row, column).hasPrefix("NV") ? .good : .plain)
                }
                let cpus = row < fleet.cpuAffinity.count ? fleet.cpuAffinity[row] : ""
                return [Cell(names[row], .heading)] + links
                    + [cpus.isEmpty ? .none : Cell(cpus), fleet.gpus[row].numaNode.map { Cell("\($0)") } ?? .none]
            })
    }

    private func link(_ row: Int, _ column: Int) -> String {
        guard row < fleet.links.count, column < fleet.links[row].count else { return "?" }
        return fleet.links[row][column]
    }

    /// The letters, from the slowest path to the fastest.
    private static let meanings = [
        ("X", "the GPU itself"),
        ("SYS", "across the interconnect between NUMA nodes (QPI, UPI)"),
        ("NODE", "across the PCIe host bridges of one NUMA node"),
        ("PHB", "across one PCIe host bridge, which is usually the CPU"),
        ("PXB", "across several PCIe switches, without the host bridge"),
        ("PIX", "across at most one PCIe switch"),
        ("INT", "on one board"),
        ("NV#", "a bonded set of # NVLinks"),
    ]

    package static var legend: [String] {
        ["Legend:"] + meanings.map { "  \($0.0.fitted(to: 4)) = \($0.1)" }
            + ["The further down this list, the faster two GPUs of one lease reach each other."]
    }
}
