/// A model of GPU as data.
package struct Board: Sendable {
    package var name: String
    package var partNumber: String
    package var vbios: String
    /// Device id in the upper and vendor id in the lower 16 bits.
    package var pciDeviceID: UInt32
    package var pciSubsystemID: UInt32
    package var brand: Brand
    package var architecture: Architecture
    package var computeCapability: (major: Int, minor: Int)

    package var multiprocessors: Int
    package var coresPerMultiprocessor: Int
    package var engines: Engines
    package var memory: Memory
    package var power: Power
    package var temperature: Temperature
    package var idleClocks: Clocks
    package var maximalClocks: Clocks
    /// The performance state while nothing runs; 0 where the GPU does not sleep.
    package var idlePerformanceState: Int
    package var fans: Int
    package var pcieGeneration: Int
    package var pcieWidth: Int
    package var hasErrorCorrection: Bool
    /// Whether error correction is on in a new machine; boards for workstations leave it off.
    package var startsWithErrorCorrection = true
    /// The sizes of MIG instances; none where the GPU cannot be partitioned.
    package var slices: [Slice] = []
    package var hasPeerAccess: Bool
    package var hasDisplay: Bool

    package var hasMIG: Bool { !slices.isEmpty }

    /// NVML's numbers.
    package enum Brand: UInt32, Sendable {
        case tesla = 2
        case geForce = 5
        case nvidiaRTX = 13
        case nvidia = 14
    }

    /// NVML's numbers.
    package enum Architecture: UInt32, Sendable {
        case volta = 5
        case turing = 6
        case ampere = 7
        case ada = 8
        case hopper = 9
        case blackwell = 10
    }

    package struct Engines: Sendable, Equatable {
        package var copy: Int
        package var decode: Int
        package var encode: Int
        package var jpeg: Int
        package var opticalFlow: Int
    }

    /// In mebibytes; the bus in bits.
    package struct Memory: Sendable {
        package var total: Int
        /// What the driver keeps for itself.
        package var reserved: Int
        /// The window through which the host sees it.
        package var bar1: Int
        package var busWidth: Int
    }

    /// In watts.
    package struct Power: Sendable {
        package var idle: Int
        package var least: Int
        package var standard: Int
        package var most: Int
    }

    /// In degrees Celsius; 0 where the GPU does not say.
    package struct Temperature: Sendable {
        package var idle: Int
        package var busy: Int
        package var most: Int
        package var slowdown: Int
        package var shutdown: Int
        package var memoryMost: Int
    }

    /// In megahertz.
    package struct Clocks: Sendable {
        package var graphics: Int
        package var sm: Int
        package var memory: Int
        package var video: Int
    }
}
