import Fleet
import Placement

/// Link matrices of real machines, as they were published, and made-up ones.
struct TopologyMachine {
    var links: [[Link]]
    var numaNodes: [Int?]

    var tables: TopologyTables { TopologyTables(links: links, numaNodes: numaNodes) }
    var count: Int { numaNodes.count }

    init(numaNodes: [Int?], path: (Int, Int) -> Link.Path, nvlinks: (Int, Int) -> Int = { _, _ in 0 }) {
        self.numaNodes = numaNodes
        links = numaNodes.indices.map { row in
            numaNodes.indices.map { column in
                row == column
                    ? Link(path: .unknown, nvlinks: 0)
                    : Link(
                        path: path(min(row, column), max(row, column)),
                        nvlinks: nvlinks(min(row, column), max(row, column)))
            }
        }
    }

    /// NVIDIA DGX-1 with V100: a cube of NVLinks over two sockets of two PCIe switches each.
    static let dgx1V100: TopologyMachine = {
        let bonds: [[Int]: Int] = [
            [0, 1]: 1, [0, 2]: 1, [0, 3]: 2, [0, 4]: 2, [1, 2]: 2, [1, 3]: 1, [1, 5]: 2, [2, 3]: 2, [2, 6]: 1,
            [3, 7]: 1, [4, 5]: 1, [4, 6]: 1, [4, 7]: 2, [5, 6]: 2, [5, 7]: 1, [6, 7]: 2,
        ]
        return TopologyMachine(
            numaNodes: [0, 0, 0, 0, 1, 1, 1, 1],
            path: { $0 / 4 != $1 / 4 ? .acrossNUMANodes : $0 / 2 == $1 / 2 ? .oneSwitch : .hostBridge },
            nvlinks: { bonds[[$0, $1]] ?? 0 })
    }()

    /// Four RTX 8000 in a workstation, bridged in two pairs.
    static let fourRTX8000 = TopologyMachine(
        numaNodes: [0, 0, 1, 1], path: { $0 / 2 == $1 / 2 ? .sameNUMANode : .acrossNUMANodes },
        nvlinks: { $0 + $1 == 3 ? 2 : 0 })

    /// NVIDIA DGX A100: every two joined by 12 NVLinks through NVSwitches, two GPUs on each of four NUMA nodes.
    static let dgxA100 = TopologyMachine(
        numaNodes: [3, 3, 1, 1, 7, 7, 5, 5], path: { $0 / 2 == $1 / 2 ? .severalSwitches : .acrossNUMANodes },
        nvlinks: { _, _ in 12 })

    /// HGX H200: every two joined by 18 NVLinks, four GPUs on each of two NUMA nodes.
    static let hgxH200 = TopologyMachine(
        numaNodes: [0, 0, 0, 0, 1, 1, 1, 1], path: { $0 / 4 == $1 / 4 ? .sameNUMANode : .acrossNUMANodes },
        nvlinks: { _, _ in 18 })

    /// Eight L40S on two sockets of two PCIe switches each, without NVLink.
    static let eightL40S = TopologyMachine(
        numaNodes: [0, 0, 0, 0, 1, 1, 1, 1],
        path: { $0 / 4 != $1 / 4 ? .acrossNUMANodes : $0 / 2 == $1 / 2 ? .oneSwitch : .sameNUMANode })

    /// Sixteen GPUs like two HGX H200 in one node: NVLinks inside each eight only.
    static let sixteen = TopologyMachine(
        numaNodes: (0..<16).map { $0 / 4 }, path: { $0 / 4 == $1 / 4 ? .severalSwitches : .acrossNUMANodes },
        nvlinks: { $0 / 8 == $1 / 8 ? 18 : 0 })

    /// GPUs in groups of such sizes, each under a PCIe switch of its own.
    static func groups(_ sizes: [Int]) -> TopologyMachine {
        let group = sizes.enumerated().flatMap { Array(repeating: $0, count: $1) }
        return TopologyMachine(
            numaNodes: group, path: { group[$0] == group[$1] ? .oneSwitch : .acrossNUMANodes })
    }

    /// So many GPUs, four under each PCIe switch.
    static func switches(of count: Int) -> TopologyMachine {
        TopologyMachine(
            numaNodes: (0..<count).map { $0 / 16 },
            path: { $0 / 4 == $1 / 4 ? .oneSwitch : $0 / 16 == $1 / 16 ? .hostBridge : .acrossNUMANodes })
    }

    /// Any links at all.
    static func random(_ count: Int, seed: UInt64) -> TopologyMachine {
        var generator = TestGenerator(state: seed)
        let numaNodes: [Int?] = (0..<count).map { _ in generator.below(3) }
        let density = generator.below(4)
        var links: [[Link]] = []
        for _ in 0..<count {
            links.append(
                (0..<count).map { _ in
                    let bonds = generator.below(4) < density ? generator.below(3) : 0
                    return Link(path: generator.pick(Link.Path.allCases), nvlinks: bonds)
                })
        }
        for row in 0..<count {
            for column in 0..<row { links[row][column] = links[column][row] }
        }
        var machine = TopologyMachine(numaNodes: numaNodes, path: { _, _ in .unknown })
        machine.links = links
        return machine
    }
}

/// The mask of positions.
func maskOf(_ positions: Int...) -> GPUMask { positions.reduce(0) { $0 | 1 << GPUMask($1) } }
