/// A machine as data: which GPUs it has, where they sit, and how they are joined.
package struct SimulatedProfile: Sendable {
    /// What users call it, as in `--driver sim:dgx-a100`.
    package var name: String
    package var driver: Driver
    /// In the order of their minor numbers.
    package var seats: [Seat]
    /// The PCIe path between two GPUs of one NUMA node, and between two of different nodes.
    package var pathWithinNode: PathLevel
    package var pathAcrossNodes: PathLevel
    package var nvlink: NVLink

    /// The version of the driver, and what it says of itself.
    package struct Driver: Sendable {
        package var version: String
        package var nvmlVersion: String
        /// 1000 * major + 10 * minor.
        package var cudaVersion: Int
    }

    /// A GPU in its slot.
    package struct Seat: Sendable {
        package var board: Board
        package var pciBus: Int
        package var numaNode: Int
        /// The CPUs of the NUMA node.
        package var cpus: [ClosedRange<Int>]
        package var serial: String = ""
    }

    /// NVML's topology levels.
    package enum PathLevel: Int, Sendable {
        case oneSwitch = 10
        case switches = 20
        case hostBridge = 30
        case numaNode = 40
        case system = 50
    }

    /// How GPUs are joined besides PCIe.
    package enum NVLink: Sendable {
        case none
        /// Every GPU is joined to every other one through switches; the links are spread over them evenly.
        /// - Parameters:
        ///   - version: NVML's number for the version of the links.
        ///   - speed: megabytes per second of one link, one way.
        case switched(linksPerGPU: Int, version: Int, speed: Int, switchBuses: [Int], switchDeviceID: UInt32)
    }
}

extension SimulatedProfile {
    /// All machines that can be simulated.
    package static let all: [SimulatedProfile] = [.dgxA100, .twoRTX4090]

    /// The machine of that name.
    package static func named(_ name: String) throws(SimulationError) -> SimulatedProfile {
        guard let profile = all.first(where: { $0.name == name }) else {
            throw .unknownProfile(name, known: all.map(\.name))
        }
        return profile
    }

    /// The UUID of a GPU: always the same for the same machine and index.
    /// - Parameter host: tells machines of one profile apart in a simulated fleet.
    package func uuid(ofGPU index: Int, host: String = "") -> String {
        // FNV-1a for the text, SplitMix64 to spread it: stable over versions of Swift, which its own hashing is not.
        var state = "\(name)/\(host)/\(index)".utf8.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { hash, byte in
            (hash ^ UInt64(byte)) &* 0x100_0000_01B3
        }
        func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
            return mixed ^ (mixed >> 31)
        }
        let digits = [next(), next()].map { number in
            let text = String(number, radix: 16)
            return String(repeating: "0", count: 16 - text.count) + text
        }.joined()
        var groups: [Substring] = []
        var rest = digits[...]
        for length in [8, 4, 4, 4, 12] {
            groups.append(rest.prefix(length))
            rest = rest.dropFirst(length)
        }
        return "GPU-" + groups.joined(separator: "-")
    }
}
