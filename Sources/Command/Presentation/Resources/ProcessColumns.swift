package import API
import Fleet

/// A process on one GPU.
package struct GPUProcessRow: Hashable, Sendable, Encodable {
    package let gpu: Int
    package let process: ProcessView

    package init(gpu: Int, process: ProcessView) {
        self.gpu = gpu
        self.process = process
    }
}

extension FleetView {
    /// All processes of all GPUs, in the order of the GPUs.
    package var processRows: [GPUProcessRow] {
        gpus.flatMap { gpu in gpu.processes.map { GPUProcessRow(gpu: gpu.index, process: $0) } }
    }
}

extension Listing where Row == GPUProcessRow {
    package static var processes: Listing {
        Listing(
            columns: [
                Column("GPU", key: "gpu", alignment: .right, value: { "\($0.gpu)" }),
                Column("PID", key: "pid", alignment: .right, value: { "\($0.process.pid)" }),
                Column("USER", key: "user", value: { $0.process.user ?? Wording.number($0.process.uid) }),
                Column(
                    "MEMORY", key: "memoryBytes", alignment: .right, value: { Wording.number($0.process.memoryBytes) }
                ) {
                    $0.process.memoryBytes.map { Cell(Wording.bytes($0)) } ?? .none
                },
                Column("LEASE", key: "lease", value: { $0.process.lease?.description ?? "" }) {
                    $0.process.lease.map { Cell("\($0)") } ?? Cell("foreign", .warning)
                },
                Column("COMMAND", key: "command", value: { $0.process.command ?? "" }),
            ],
            name: { "\($0.process.pid)" })
    }
}
