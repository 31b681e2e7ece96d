// Eight Hopper GPUs on four NVSwitches, four on each of two processors.

extension Board {
    /// NVIDIA H100 80GB HBM3 (SXM5).
    static let h100SXM = Board(
        name: "NVIDIA H100 80GB HBM3", partNumber: "692-2G520-0200-000", vbios: "96.00.74.00.01",
        pciDeviceID: 0x2330_10DE, pciSubsystemID: 0x16C1_10DE, brand: .nvidia, architecture: .hopper,
        computeCapability: (9, 0), multiprocessors: 132, coresPerMultiprocessor: 128,
        engines: Engines(copy: 8, decode: 7, encode: 0, jpeg: 7, opticalFlow: 1),
        memory: Memory(total: 81559, reserved: 551, bar1: 131_072, busWidth: 5120),
        power: Power(idle: 71, least: 200, standard: 700, most: 700),
        temperature: Temperature(idle: 29, busy: 66, most: 87, slowdown: 89, shutdown: 92, memoryMost: 95),
        idleClocks: Clocks(graphics: 345, sm: 345, memory: 2619, video: 765),
        maximalClocks: Clocks(graphics: 1980, sm: 1980, memory: 2619, video: 1545),
        idlePerformanceState: 0, fans: 0, pcieGeneration: 5, pcieWidth: 16, hasErrorCorrection: true,
        slices: Slice.h100With80GB, hasPeerAccess: true, hasDisplay: false)

    /// NVIDIA H200 (SXM5).
    static let h200SXM: Board = {
        var board = h100SXM
        board.name = "NVIDIA H200"
        board.partNumber = "692-2G520-0280-501"
        board.vbios = "96.00.99.00.01"
        board.pciDeviceID = 0x2335_10DE
        board.pciSubsystemID = 0x18BE_10DE
        board.memory = Memory(total: 143_771, reserved: 612, bar1: 262_144, busWidth: 6144)
        board.power.idle = 76
        board.idleClocks.memory = 3201
        board.maximalClocks.memory = 3201
        board.slices = Slice.h200
        return board
    }()
}

extension SimulatedProfile {
    static let dgxH100 = SimulatedProfile(
        name: "dgx-h100", driver: .r535,
        seats: halves(
            of: .h100SXM, buses: [0x1B, 0x43, 0x52, 0x61, 0x9D, 0xC3, 0xD1, 0xDF], cpusPerSocket: 56,
            firstSerial: 1_652_922_000_101),
        pathWithinNode: .numaNode, pathAcrossNodes: .system,
        nvlink: .switched(
            linksPerGPU: 18, version: 5, speed: 26_562, switchBuses: [0x07, 0x08, 0x09, 0x0A],
            switchDeviceID: 0x22A3_10DE), confidentialComputing: .capable)

    static let hgxH200 = SimulatedProfile(
        name: "hgx-h200", driver: .r550,
        seats: halves(
            of: .h200SXM, buses: [0x0F, 0x2D, 0x44, 0x5B, 0x89, 0xA8, 0xC0, 0xD8], cpusPerSocket: 48,
            firstSerial: 1_654_123_000_201),
        pathWithinNode: .numaNode, pathAcrossNodes: .system,
        nvlink: .switched(
            linksPerGPU: 18, version: 5, speed: 26_562, switchBuses: [0x05, 0x06, 0x07, 0x08],
            switchDeviceID: 0x22A3_10DE), confidentialComputing: .capable)

    /// Eight equal boards, half of them on each of two sockets whose processors have two threads.
    static func halves(of board: Board, buses: [Int], cpusPerSocket: Int, firstSerial: Int) -> [Seat] {
        buses.enumerated().map { index, bus in
            let node = index * 2 / buses.count
            let first = node * cpusPerSocket
            let second = first + 2 * cpusPerSocket
            return Seat(
                board: board, pciBus: bus, numaNode: node,
                cpus: [first...first + cpusPerSocket - 1, second...second + cpusPerSocket - 1],
                serial: String(firstSerial + index * 37))
        }
    }
}
