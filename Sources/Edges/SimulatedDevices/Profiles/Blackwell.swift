// Eight B200 on two NVLink switches, four on each of two processors.

extension Board {
    /// NVIDIA B200 (SXM6).
    static let b200SXM = Board(
        name: "NVIDIA B200", partNumber: "692-2G525-0220-000", vbios: "97.00.88.00.0F",
        pciDeviceID: 0x2901_10DE, pciSubsystemID: 0x1999_10DE, brand: .nvidia, architecture: .blackwell,
        computeCapability: (10, 0), multiprocessors: 148, coresPerMultiprocessor: 128,
        engines: Engines(copy: 8, decode: 7, encode: 0, jpeg: 7, opticalFlow: 1),
        memory: Memory(total: 183_359, reserved: 718, bar1: 262_144, busWidth: 8192),
        power: Power(idle: 140, least: 200, standard: 1000, most: 1000),
        temperature: Temperature(idle: 31, busy: 70, most: 87, slowdown: 89, shutdown: 92, memoryMost: 95),
        idleClocks: Clocks(graphics: 120, sm: 120, memory: 3996, video: 600),
        maximalClocks: Clocks(graphics: 1965, sm: 1965, memory: 3996, video: 1965),
        idlePerformanceState: 0, fans: 0, pcieGeneration: 6, pcieWidth: 16, hasErrorCorrection: true,
        slices: Slice.b200, hasPeerAccess: true, hasDisplay: false)
}

extension SimulatedProfile {
    static let b200 = SimulatedProfile(
        name: "b200", driver: .r580,
        seats: halves(
            of: .b200SXM, buses: [0x1B, 0x43, 0x52, 0x61, 0x9D, 0xC3, 0xD1, 0xDF], cpusPerSocket: 56,
            firstSerial: 1_660_225_000_301),
        pathWithinNode: .numaNode, pathAcrossNodes: .system,
        nvlink: .switched(
            linksPerGPU: 18, version: 7, speed: 53_125, switchBuses: [0x05, 0x06], switchDeviceID: 0x22A3_10DE),
        confidentialComputing: .capable)
}
