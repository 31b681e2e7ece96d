/// A machine as data: which GPUs it has, where they sit, and how they are joined.
package struct SimulatedProfile: Sendable {
    /// What users call it, as in `--driver sim:dgx-a100`.
    package var name: String
    package var driver: Driver
    /// In the order of their minor numbers.
    package var seats: [Seat]
    /// The PCIe path between two GPUs behind one switch, on one NUMA node, and on different nodes.
    package var pathWithinSwitch = PathLevel.oneSwitch
    package var pathWithinNode: PathLevel
    package var pathAcrossNodes: PathLevel
    package var nvlink: NVLink
    /// What the machine's processors and driver do for confidential computing.
    package var confidentialComputing = ConfidentialComputing.none

    /// A GPU in its slot.
    package struct Seat: Sendable {
        package var board: Board
        package var pciBus: Int
        package var numaNode: Int
        /// The CPUs of the NUMA node.
        package var cpus: [ClosedRange<Int>]
        package var serial: String = ""
        /// Seats with the same number hang on one PCIe switch; nil is none that another GPU hangs on.
        package var pcieSwitch: Int?
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
        /// GPUs are joined to each other directly, by bridges or on the baseboard.
        case direct(linksPerGPU: Int, version: Int, speed: Int, pairs: [Pair])
    }

    /// Two GPUs and the number of links between them.
    package struct Pair: Sendable {
        package var first: Int
        package var second: Int
        package var links: Int
    }

    package enum ConfidentialComputing: Sendable {
        case none
        /// The hardware can, and the driver runs without.
        case capable
        /// The driver runs the GPUs in confidential mode; processes' memory is then not told.
        case on
    }
}

extension SimulatedProfile {
    /// All machines that can be simulated.
    package static let all: [SimulatedProfile] = [
        .dgxA100, .dgxA100With80GB, .dgxH100, .hgxH200, .b200, .eightL40S, .twoRTX4090, .twoRTXA6000, .twoA30,
        .dgx1V100, .fourT4, .mixed,
    ]

    /// The machine of that name, with another driver where its branch stands behind an `@`: `dgx-a100@580`.
    package static func named(_ name: String) throws(SimulationError) -> SimulatedProfile {
        let parts = name.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
        guard var profile = all.first(where: { $0.name == parts[0] }) else {
            throw .unknownProfile(name, known: all.map(\.name))
        }
        if parts.count == 2 { profile.driver = try .named(String(parts[1])) }
        return profile
    }

    /// The models of GPU, each once.
    package var models: [String] {
        seats.reduce(into: []) { models, seat in
            if !models.contains(seat.board.name) { models.append(seat.board.name) }
        }
    }

    /// How two GPUs are joined over PCIe.
    package func pathLevel(_ first: Int, _ second: Int) -> PathLevel {
        let (first, second) = (seats[first], seats[second])
        if let group = first.pcieSwitch, group == second.pcieSwitch { return pathWithinSwitch }
        return first.numaNode == second.numaNode ? pathWithinNode : pathAcrossNodes
    }

    /// How many NVLinks join two GPUs, directly or through switches.
    package func nvlinks(_ first: Int, _ second: Int) -> Int {
        switch nvlink {
        case .none: 0
        case .switched(let links, _, _, _, _): first == second ? 0 : links
        case .direct(_, _, _, let pairs):
            pairs.filter { ($0.first, $0.second) == (first, second) || ($0.second, $0.first) == (first, second) }
                .reduce(0) { $0 + $1.links }
        }
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
