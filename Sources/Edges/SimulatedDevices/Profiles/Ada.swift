// Machines with Ada GPUs: no NVLink, no MIG.

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
        idlePerformanceState: 8, fans: 2, pcieGeneration: 4, pcieWidth: 16, hasErrorCorrection: false,
        hasPeerAccess: false, hasDisplay: true)

    /// NVIDIA L40S.
    static let l40S = Board(
        name: "NVIDIA L40S", partNumber: "900-2G133-0080-000", vbios: "95.02.66.00.02",
        pciDeviceID: 0x26B9_10DE, pciSubsystemID: 0x1851_10DE, brand: .nvidia, architecture: .ada,
        computeCapability: (8, 9), multiprocessors: 142, coresPerMultiprocessor: 128,
        engines: Engines(copy: 2, decode: 3, encode: 3, jpeg: 4, opticalFlow: 1),
        memory: Memory(total: 46068, reserved: 627, bar1: 65536, busWidth: 384),
        power: Power(idle: 33, least: 100, standard: 350, most: 350),
        temperature: Temperature(idle: 30, busy: 66, most: 87, slowdown: 95, shutdown: 98, memoryMost: 0),
        idleClocks: Clocks(graphics: 210, sm: 210, memory: 405, video: 1185),
        maximalClocks: Clocks(graphics: 2520, sm: 2520, memory: 9001, video: 1965),
        idlePerformanceState: 8, fans: 0, pcieGeneration: 4, pcieWidth: 16, hasErrorCorrection: true,
        hasPeerAccess: true, hasDisplay: true)
}

extension SimulatedProfile {
    static let twoRTX4090 = SimulatedProfile(
        name: "2x-rtx-4090", driver: .r535,
        seats: [
            Seat(board: .rtx4090, pciBus: 0x01, numaNode: 0, cpus: [0...31]),
            Seat(board: .rtx4090, pciBus: 0x41, numaNode: 0, cpus: [0...31]),
        ],
        pathWithinNode: .numaNode, pathAcrossNodes: .system, nvlink: .none)

    /// Pairs of GPUs share a PCIe switch.
    static let eightL40S = SimulatedProfile(
        name: "8x-l40s", driver: .r535,
        seats: halves(
            of: .l40S, buses: [0x0A, 0x0E, 0x33, 0x37, 0x8A, 0x8E, 0xB3, 0xB7], cpusPerSocket: 32,
            firstSerial: 1_654_623_000_401
        ).enumerated().map { index, seat in
            var seat = seat
            seat.pcieSwitch = index / 2
            return seat
        },
        pathWithinSwitch: .oneSwitch, pathWithinNode: .numaNode, pathAcrossNodes: .system, nvlink: .none)
}
