import Fleet
import Presentation
import SimulatedDevices

/// Nodes of a fleet that exists nowhere, from the profiles of simulated machines.
enum SimulatedFleet {
    private static let mostNodes = 100_000

    /// Reads `dgx-a100x64,4x-t4x20`: a profile, an x and how many nodes; one node where no number follows.
    static func nodes(_ text: String) throws -> [NodeObservation] {
        var nodes: [NodeObservation] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let (profile, count) = try read(String(part))
            guard nodes.count + count <= mostNodes else {
                throw Failure(.badUsage, "--fleet names more than \(mostNodes) nodes: \(text)")
            }
            let links = links(profile)
            for number in 0..<count { nodes.append(node(profile, links, name: "\(profile.name)-\(number + 1)")) }
        }
        return nodes
    }

    /// The whole is a profile's name, or what stands before its last x is one and a number follows.
    private static func read(_ part: String) throws -> (SimulatedProfile, Int) {
        if let profile = SimulatedProfile.all.first(where: { $0.name == part }) { return (profile, 1) }
        let known = SimulatedProfile.all.map(\.name).joined(separator: ", ")
        guard let mark = part.lastIndex(of: "x"), let count = Int(part[part.index(after: mark)...]), count > 0,
            let profile = SimulatedProfile.all.first(where: { $0.name == part[..<mark] })
        else {
            throw Failure(
                .badUsage, "--fleet does not take \"\(part)\"; write a profile and a number, such as dgx-a100x64",
                hint: "profiles: \(known)")
        }
        return (profile, count)
    }

    private static func node(_ profile: SimulatedProfile, _ links: [[Link]], name: String) -> NodeObservation {
        let gpus = profile.seats.enumerated().map { index, seat in
            GPU(
                id: GPUID(profile.uuid(ofGPU: index, host: name)), index: index, minor: index, name: seat.board.name,
                memory: GPU.Memory(
                    total: .mebibytes(Int64(seat.board.memory.total)),
                    reserved: .mebibytes(Int64(seat.board.memory.reserved))),
                computeCapability: "\(seat.board.computeCapability.major).\(seat.board.computeCapability.minor)",
                multiprocessors: seat.board.multiprocessors, pciAddress: pciAddress(bus: seat.pciBus),
                numaNode: seat.numaNode, mig: seat.board.hasMIG ? .off : .unsupported)
        }
        let cpus = profile.seats.map { seat in
            seat.cpus.map { "\($0.lowerBound)-\($0.upperBound)" }.joined(separator: ",")
        }
        return NodeObservation(
            node: Node(name: name, driver: nil, gpus: gpus, links: links, cpuAffinity: cpus, whyEmpty: nil),
            conditions: gpus.map { _ in .good })
    }

    private static func pciAddress(bus: Int) -> String {
        let digits = String(bus, radix: 16, uppercase: true)
        return "00000000:\(String(repeating: "0", count: 2 - digits.count))\(digits):00.0"
    }

    private static func links(_ profile: SimulatedProfile) -> [[Link]] {
        profile.seats.indices.map { row in
            profile.seats.indices.map { column in
                let path: Link.Path =
                    switch profile.pathLevel(row, column) {
                    case .oneSwitch: .oneSwitch
                    case .switches: .severalSwitches
                    case .hostBridge: .hostBridge
                    case .numaNode: .sameNUMANode
                    case .system: .acrossNUMANodes
                    }
                return Link(path: path, nvlinks: row == column ? 0 : profile.nvlinks(row, column))
            }
        }
    }
}
