// A workstation with two GeForce cards: no NVLink, no peer access, no error correction, no MIG.

extension Board {
    /// NVIDIA GeForce RTX 4090.
    static let rtx4090 = Board(
        name: "NVIDIA GeForce RTX 4090", partNumber: "900-1G136-2530-000", vbios: "95.02.18.80.5F",
        pciDeviceID: 0x2684_10DE, pciSubsystemID: 0x16F3_10DE, brand: .geForce, architecture: .ada,
        computeCapability: (8, 9), multiprocessors: 128, coresPerMultiprocessor: 128,
        engines: Engines(copy: 2, decode: 1, encode: 2, jpeg: 4, opticalFlow: 1),
        memory: Memory(total: 24564, reserved: 346, bar1: 256, busWidth: 384),
        power: Power(idle: 18, least: 150, standard: 450, most: 600),
        temperature: Temperature(idle: 34, busy: 74, most: 90, slowdown: 97, shutdown: 100, memoryMost: 0),
        idleClocks: Clocks(graphics: 210, sm: 210, memory: 405, video: 1185),
        maximalClocks: Clocks(graphics: 3105, sm: 3105, memory: 10501, video: 2415),
        idlePerformanceState: 8, fans: 2, pcieGeneration: 4, pcieWidth: 16, hasErrorCorrection: false, hasMIG: false,
        hasPeerAccess: false, hasDisplay: true)
}

extension SimulatedProfile {
    static let twoRTX4090 = SimulatedProfile(
        name: "2x-rtx-4090",
        driver: Driver(version: "535.261.03", nvmlVersion: "12.535.261.03", cudaVersion: 12020),
        seats: [
            Seat(board: .rtx4090, pciBus: 0x01, numaNode: 0, cpus: [0...31]),
            Seat(board: .rtx4090, pciBus: 0x41, numaNode: 0, cpus: [0...31]),
        ],
        pathWithinNode: .numaNode, pathAcrossNodes: .system, nvlink: .none)
}
