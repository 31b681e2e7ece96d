// NVIDIA DGX A100: eight GPUs on six NVSwitches, two GPUs on each of four NUMA nodes of two EPYC processors.

extension Board {
    /// NVIDIA A100-SXM4-40GB.
    static let a100SXM40GB = Board(
        name: "NVIDIA A100-SXM4-40GB", partNumber: "692-2G506-0200-002", vbios: "92.00.45.00.03",
        pciDeviceID: 0x20B0_10DE, pciSubsystemID: 0x134F_10DE, brand: .nvidia, architecture: .ampere,
        computeCapability: (8, 0), multiprocessors: 108, coresPerMultiprocessor: 64,
        engines: Engines(copy: 7, decode: 5, encode: 0, jpeg: 1, opticalFlow: 1),
        memory: Memory(total: 40960, reserved: 571, bar1: 65536, busWidth: 5120),
        power: Power(idle: 52, least: 100, standard: 400, most: 400),
        temperature: Temperature(idle: 30, busy: 68, most: 85, slowdown: 89, shutdown: 92, memoryMost: 95),
        idleClocks: Clocks(graphics: 210, sm: 210, memory: 1215, video: 585),
        maximalClocks: Clocks(graphics: 1410, sm: 1410, memory: 1215, video: 1290),
        idlePerformanceState: 0, fans: 0, pcieGeneration: 4, pcieWidth: 16, hasErrorCorrection: true,
        slices: Slice.a100With40GB, hasPeerAccess: true, hasDisplay: false)

    /// NVIDIA A100-SXM4-80GB.
    static let a100SXM80GB: Board = {
        var board = a100SXM40GB
        board.name = "NVIDIA A100-SXM4-80GB"
        board.partNumber = "692-2G506-0212-002"
        board.vbios = "92.00.9E.00.01"
        board.pciDeviceID = 0x20B2_10DE
        board.pciSubsystemID = 0x147F_10DE
        board.memory = Memory(total: 81920, reserved: 766, bar1: 131_072, busWidth: 5120)
        board.power.idle = 61
        board.idleClocks.memory = 1593
        board.maximalClocks.memory = 1593
        board.slices = Slice.a100With80GB
        return board
    }()
}

extension SimulatedProfile {
    static let dgxA100 = dgxA100(name: "dgx-a100", board: .a100SXM40GB)
    static let dgxA100With80GB = dgxA100(name: "dgx-a100-80gb", board: .a100SXM80GB)

    private static func dgxA100(name: String, board: Board) -> SimulatedProfile {
        func seat(_ bus: Int, node: Int, cpus: ClosedRange<Int>..., serial: String) -> Seat {
            Seat(board: board, pciBus: bus, numaNode: node, cpus: cpus, serial: serial)
        }
        return SimulatedProfile(
            name: name, driver: .r535,
            seats: [
                seat(0x07, node: 3, cpus: 48...63, 176...191, serial: "1564720001081"),
                seat(0x0F, node: 3, cpus: 48...63, 176...191, serial: "1564720004631"),
                seat(0x47, node: 1, cpus: 16...31, 144...159, serial: "1564720004588"),
                seat(0x4E, node: 1, cpus: 16...31, 144...159, serial: "1564720003892"),
                seat(0x87, node: 7, cpus: 112...127, 240...255, serial: "1564720001147"),
                seat(0x90, node: 7, cpus: 112...127, 240...255, serial: "1564720002250"),
                seat(0xB7, node: 5, cpus: 80...95, 208...223, serial: "1564720002376"),
                seat(0xBD, node: 5, cpus: 80...95, 208...223, serial: "1564720003501"),
            ],
            pathWithinNode: .switches, pathAcrossNodes: .system,
            nvlink: .switched(
                linksPerGPU: 12, version: 4, speed: 25_000, switchBuses: [0xC4, 0xC5, 0xC6, 0xC7, 0xC8, 0xC9],
                switchDeviceID: 0x1AF1_10DE))
    }
}
