// A server that grew: four GPUs of four kinds, one of which can be partitioned.

extension SimulatedProfile {
    static let mixed = SimulatedProfile(
        name: "mixed", driver: .r535,
        seats: [
            Seat(board: .a100PCIe40GB, pciBus: 0x21, numaNode: 0, cpus: [0...31], serial: "1565020014674"),
            Seat(board: .l40S, pciBus: 0x41, numaNode: 0, cpus: [0...31], serial: "1654923020711"),
            Seat(board: .rtx4090, pciBus: 0xA1, numaNode: 1, cpus: [32...63]),
            Seat(board: .t4, pciBus: 0xC1, numaNode: 1, cpus: [32...63], serial: "1562520011203"),
        ],
        pathWithinNode: .numaNode, pathAcrossNodes: .system, nvlink: .none)
}
