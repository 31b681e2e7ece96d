// Machines with Ampere GPUs on PCIe boards.

extension Board {
    /// NVIDIA RTX A6000. Its error correction is off until somebody turns it on.
    static let rtxA6000 = Board(
        name: "NVIDIA RTX A6000", partNumber: "900-5G133-2200-000", vbios: "94.02.5C.00.02",
        pciDeviceID: 0x2230_10DE, pciSubsystemID: 0x1459_10DE, brand: .nvidiaRTX, architecture: .ampere,
        computeCapability: (8, 6), multiprocessors: 84, coresPerMultiprocessor: 128,
        engines: Engines(copy: 2, decode: 2, encode: 1, jpeg: 0, opticalFlow: 1),
        memory: Memory(total: 49140, reserved: 454, bar1: 256, busWidth: 384),
        power: Power(idle: 22, least: 100, standard: 300, most: 300),
        temperature: Temperature(idle: 33, busy: 80, most: 93, slowdown: 95, shutdown: 98, memoryMost: 0),
        idleClocks: Clocks(graphics: 210, sm: 210, memory: 405, video: 555),
        maximalClocks: Clocks(graphics: 2100, sm: 2100, memory: 8001, video: 1950),
        idlePerformanceState: 8, fans: 1, pcieGeneration: 4, pcieWidth: 16, hasErrorCorrection: true,
        startsWithErrorCorrection: false, hasPeerAccess: true, hasDisplay: true)

    /// NVIDIA A30.
    static let a30 = Board(
        name: "NVIDIA A30", partNumber: "900-21001-0040-000", vbios: "92.00.66.00.0A",
        pciDeviceID: 0x20B7_10DE, pciSubsystemID: 0x1532_10DE, brand: .nvidia, architecture: .ampere,
        computeCapability: (8, 0), multiprocessors: 56, coresPerMultiprocessor: 64,
        engines: Engines(copy: 4, decode: 4, encode: 0, jpeg: 1, opticalFlow: 1),
        memory: Memory(total: 24576, reserved: 511, bar1: 32768, busWidth: 3072),
        power: Power(idle: 28, least: 100, standard: 165, most: 165),
        temperature: Temperature(idle: 31, busy: 62, most: 85, slowdown: 88, shutdown: 91, memoryMost: 95),
        idleClocks: Clocks(graphics: 210, sm: 210, memory: 1215, video: 585),
        maximalClocks: Clocks(graphics: 1440, sm: 1440, memory: 1215, video: 1305),
        idlePerformanceState: 0, fans: 0, pcieGeneration: 4, pcieWidth: 16, hasErrorCorrection: true,
        slices: Slice.a30, hasPeerAccess: true, hasDisplay: false)

    /// NVIDIA A100-PCIE-40GB.
    static let a100PCIe40GB: Board = {
        var board = a100SXM40GB
        board.name = "NVIDIA A100-PCIE-40GB"
        board.partNumber = "900-21001-0000-000"
        board.vbios = "92.00.25.00.08"
        board.pciDeviceID = 0x20F1_10DE
        board.pciSubsystemID = 0x145F_10DE
        board.power = Power(idle: 36, least: 150, standard: 250, most: 250)
        return board
    }()
}

extension SimulatedProfile {
    /// A workstation with an NVLink bridge over both boards.
    static let twoRTXA6000 = SimulatedProfile(
        name: "2x-rtx-a6000", driver: .r535,
        seats: [
            Seat(board: .rtxA6000, pciBus: 0x17, numaNode: 0, cpus: [0...23], serial: "1561721003118"),
            Seat(board: .rtxA6000, pciBus: 0x65, numaNode: 0, cpus: [0...23], serial: "1561721003142"),
        ],
        pathWithinNode: .numaNode, pathAcrossNodes: .system,
        nvlink: .direct(
            linksPerGPU: 4, version: 4, speed: 14_062, pairs: [Pair(first: 0, second: 1, links: 4)]))

    /// A server with two boards that can be partitioned, on one socket each.
    static let twoA30 = SimulatedProfile(
        name: "2x-a30", driver: .r535,
        seats: [
            Seat(board: .a30, pciBus: 0x3B, numaNode: 0, cpus: [0...15, 32...47], serial: "1324321008241"),
            Seat(board: .a30, pciBus: 0xAF, numaNode: 1, cpus: [16...31, 48...63], serial: "1324321008267"),
        ],
        pathWithinNode: .numaNode, pathAcrossNodes: .system, nvlink: .none)
}
