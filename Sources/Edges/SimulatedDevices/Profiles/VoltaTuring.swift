// Older machines: pages are retired instead of rows remapped, and nothing can be partitioned.

extension Board {
    /// Tesla V100-SXM2-32GB.
    static let v100SXM32GB = Board(
        name: "Tesla V100-SXM2-32GB", partNumber: "900-2G503-0010-000", vbios: "88.00.43.00.03",
        pciDeviceID: 0x1DB5_10DE, pciSubsystemID: 0x1249_10DE, brand: .tesla, architecture: .volta,
        computeCapability: (7, 0), multiprocessors: 80, coresPerMultiprocessor: 64,
        engines: Engines(copy: 6, decode: 1, encode: 3, jpeg: 0, opticalFlow: 0),
        memory: Memory(total: 32768, reserved: 266, bar1: 32768, busWidth: 4096),
        power: Power(idle: 43, least: 150, standard: 300, most: 300),
        temperature: Temperature(idle: 33, busy: 64, most: 83, slowdown: 87, shutdown: 90, memoryMost: 85),
        idleClocks: Clocks(graphics: 135, sm: 135, memory: 877, video: 555),
        maximalClocks: Clocks(graphics: 1530, sm: 1530, memory: 877, video: 1372),
        idlePerformanceState: 0, fans: 0, pcieGeneration: 3, pcieWidth: 16, hasErrorCorrection: true,
        hasPeerAccess: true, hasDisplay: false)

    /// Tesla T4.
    static let t4 = Board(
        name: "Tesla T4", partNumber: "900-2G183-0000-001", vbios: "90.04.38.00.03",
        pciDeviceID: 0x1EB8_10DE, pciSubsystemID: 0x12A2_10DE, brand: .nvidia, architecture: .turing,
        computeCapability: (7, 5), multiprocessors: 40, coresPerMultiprocessor: 64,
        engines: Engines(copy: 3, decode: 2, encode: 1, jpeg: 1, opticalFlow: 0),
        memory: Memory(total: 15360, reserved: 428, bar1: 256, busWidth: 256),
        power: Power(idle: 9, least: 60, standard: 70, most: 70),
        temperature: Temperature(idle: 34, busy: 70, most: 85, slowdown: 93, shutdown: 96, memoryMost: 0),
        idleClocks: Clocks(graphics: 300, sm: 300, memory: 405, video: 540),
        maximalClocks: Clocks(graphics: 1590, sm: 1590, memory: 5001, video: 1470),
        idlePerformanceState: 8, fans: 0, pcieGeneration: 3, pcieWidth: 16, hasErrorCorrection: true,
        hasPeerAccess: true, hasDisplay: false)
}

extension SimulatedProfile {
    /// NVIDIA DGX-1: two fully joined rings of four, and one link or two from each GPU to its twin on the other socket.
    static let dgx1V100 = SimulatedProfile(
        name: "dgx-1-v100", driver: .r535,
        seats: halves(
            of: .v100SXM32GB, buses: [0x06, 0x07, 0x0A, 0x0B, 0x85, 0x86, 0x89, 0x8A], cpusPerSocket: 20,
            firstSerial: 324_918_000_501
        ).enumerated().map { index, seat in
            var seat = seat
            seat.pcieSwitch = index / 2
            return seat
        },
        pathWithinSwitch: .oneSwitch, pathWithinNode: .hostBridge, pathAcrossNodes: .system,
        nvlink: .direct(
            linksPerGPU: 6, version: 2, speed: 25_781,
            pairs: cube([
                (0, 1, 1), (0, 2, 1), (0, 3, 2), (1, 2, 2), (1, 3, 1), (2, 3, 2),
                (4, 5, 1), (4, 6, 1), (4, 7, 2), (5, 6, 2), (5, 7, 1), (6, 7, 2),
                (0, 4, 2), (1, 5, 2), (2, 6, 1), (3, 7, 1),
            ])))

    private static func cube(_ edges: [(Int, Int, Int)]) -> [Pair] {
        edges.map { Pair(first: $0.0, second: $0.1, links: $0.2) }
    }

    static let fourT4 = SimulatedProfile(
        name: "4x-t4", driver: .r535,
        seats: [(0x18, 0), (0x3B, 0), (0x86, 1), (0xAF, 1)].enumerated().map { index, place in
            let (bus, node) = place
            return Seat(
                board: .t4, pciBus: bus, numaNode: node, cpus: node == 0 ? [0...11, 24...35] : [12...23, 36...47],
                serial: String(1_562_520_000_601 + index * 23))
        },
        pathWithinNode: .numaNode, pathAcrossNodes: .system, nvlink: .none)
}
