import Fleet
import Testing

@testable import Placement

/// The answers against a search that goes by the definition, through all sets and all partitions.
struct TopologySearchTests {
    private struct Naive {
        let machine: TopologyMachine

        func score(_ set: [Int]) -> Int {
            let points: [Link.Path: Int] = [
                .sameBoard: 60, .oneSwitch: 50, .severalSwitches: 40, .hostBridge: 30, .sameNUMANode: 20,
                .acrossNUMANodes: 10, .unknown: 0,
            ]
            return pairs(set).reduce(0) { sum, pair in
                let link = machine.links[pair.0][pair.1]
                return sum + 100 * link.nvlinks + (points[link.path] ?? 0)
            }
        }

        func pairs(_ set: [Int]) -> [(Int, Int)] {
            set.flatMap { first in set.filter { $0 > first }.map { (first, $0) } }
        }

        func bonds(_ set: [Int]) -> Int { pairs(set).reduce(0) { $0 + machine.links[$1.0][$1.1].nvlinks } }

        func meets(_ requirement: TopologyRequirement?, _ set: [Int]) -> Bool {
            pairs(set).allSatisfy { first, second in
                let link = machine.links[first][second]
                return switch requirement {
                case nil: true
                case .nvlink: link.nvlinks > 0
                case .sameSwitch: link.nvlinks > 0 || link.path == .oneSwitch || link.path == .sameBoard
                case .sameNUMA: machine.numaNodes[first] == machine.numaNodes[second]
                }
            }
        }

        func sets(_ size: Int, of positions: [Int]) -> [[Int]] {
            guard size > 0 else { return [[]] }
            guard let first = positions.first else { return [] }
            let rest = Array(positions.dropFirst())
            return sets(size - 1, of: rest).map { [first] + $0 } + sets(size, of: rest)
        }

        /// The best partition into sets of that size.
        func partition(_ positions: [Int], into size: Int) -> Int {
            guard positions.count >= size else { return 0 }
            let rest = Array(positions.dropFirst())
            var best = partition(rest, into: size)
            for others in sets(size - 1, of: rest) {
                let left = rest.filter { !others.contains($0) }
                best = max(best, score([positions[0]] + others) + partition(left, into: size))
            }
            return best
        }

        func best(_ size: Int, of free: [Int], requiring requirement: TopologyRequirement?) -> [Int]? {
            func key(_ set: [Int]) -> [Int] {
                let rest = free.filter { !set.contains($0) }
                let worth = [2, 4, 8].reduce(0) { $0 + partition(rest, into: $1) }
                let bonds = bonds(set)
                return [
                    bonds, bonds > 0 ? 0 : score(set), score(set) + worth,
                    -Set(set.map { machine.numaNodes[$0] }).count,
                ] + set.map { -$0 }
            }
            let keyed = sets(size, of: free).filter { meets(requirement, $0) }.map { (set: $0, key: key($0)) }
            return keyed.max { $0.key.lexicographicallyPrecedes($1.key) }?.set
        }
    }

    @Test(arguments: 0..<12)
    func `every answer is that of the definition`(seed: UInt64) {
        let machine = TopologyMachine.random(4 + Int(seed) % 4, seed: seed &+ 5000)
        let (tables, naive) = (machine.tables, Naive(machine: machine))
        var generator = TestGenerator(state: seed)
        for _ in 0..<60 {
            let free = generator.next() & tables.everything
            let positions = TopologyTables.positions(in: free)
            let size = 1 + generator.below(machine.count)
            for requirement in [nil] + TopologyRequirement.allCases {
                let answer = tables.best(size, in: free, requiring: requirement).map(TopologyTables.positions(in:))
                let expected = naive.best(size, of: positions, requiring: requirement)
                #expect(answer == expected, "\(size) of \(positions), \(String(describing: requirement))")
            }
            #expect(tables.score(free) == naive.score(positions))
        }
    }

    @Test func `every answer is that of the definition with more than eight GPUs`() {
        let machine = TopologyMachine.random(10, seed: 77)
        let (tables, naive) = (machine.tables, Naive(machine: machine))
        for (size, free) in [(2, 0x3DF), (4, 0x3FF), (3, 0x2FD), (8, 0x3FF), (1, 0x3FF)] as [(Int, GPUMask)] {
            let answer = tables.best(size, in: free).map(TopologyTables.positions(in:))
            #expect(answer == naive.best(size, of: TopologyTables.positions(in: free), requiring: nil))
        }
    }

    @Test func `remembered answers are the fresh ones`() {
        for machine in [TopologyMachine.random(9, seed: 3), .random(12, seed: 4)] {
            let tables = machine.tables
            var memory = TopologyMemory()
            var generator = TestGenerator(state: 9)
            for round in 0..<60 {
                let free = generator.next() & tables.everything & generator.next()
                #expect(memory.best(2, in: free, shape: round) == nil, "nothing was learned of that shape")
                memory.learn(free, of: tables, shape: 7)
                for size in 0...machine.count {
                    #expect(memory.best(size, in: free, shape: 7) == tables.best(size, in: free))
                }
            }
        }
    }

    @Test(arguments: 0..<6)
    func `sets are free, of the size asked, and meet what is required`(seed: UInt64) {
        let machine = TopologyMachine.random(17 + Int(seed), seed: seed)
        let tables = machine.tables
        var generator = TestGenerator(state: seed)
        for _ in 0..<50 {
            let free = generator.next() & tables.everything
            let size = 1 + generator.below(6)
            let requirement = generator.pick([nil] + TopologyRequirement.allCases)
            guard let set = tables.best(size, in: free, requiring: requirement) else { continue }
            #expect(set & ~free == 0)
            #expect(set.nonzeroBitCount == size)
            if let requirement { #expect(tables.meets(requirement, set)) }
        }
    }
}
