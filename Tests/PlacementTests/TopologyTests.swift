import Fleet
import Placement
import Testing

struct TopologyTests {
    /// Sets of one size taken one after the other until none is left.
    private func takes(_ size: Int, from machine: TopologyMachine, requiring: TopologyRequirement? = nil) -> [[Int]] {
        let tables = machine.tables
        var free = tables.everything
        var sets: [[Int]] = []
        while let set = tables.best(size, in: free, requiring: requiring) {
            sets.append(TopologyTables.positions(in: set))
            free ^= set
        }
        return sets
    }

    @Test func `a DGX-1 with V100 gives the published pairs and quads`() {
        #expect(Set(takes(2, from: .dgx1V100)) == [[0, 3], [1, 2], [4, 7], [5, 6]])
        #expect(takes(4, from: .dgx1V100) == [[0, 1, 2, 3], [4, 5, 6, 7]])
    }

    @Test func `pairs score as published`() {
        let dgx1 = TopologyMachine.dgx1V100.tables
        #expect(dgx1.score(maskOf(0, 1)) == 150)
        #expect(dgx1.score(maskOf(0, 3)) == 230)
        #expect(dgx1.score(maskOf(0, 4)) == 210)
        #expect(dgx1.score(maskOf(0, 5)) == 10)
        #expect(dgx1.score(maskOf(0, 1, 2, 3)) == 900 + 2 * 50 + 4 * 30)
        #expect(dgx1.score(maskOf(5)) == 0)
        #expect(TopologyMachine.dgxA100.tables.score(maskOf(0, 2)) == 1210)
    }

    @Test func `single GPUs are not taken out of a bridged pair while another one is broken already`() {
        let tables = TopologyMachine.fourRTX8000.tables
        #expect(takes(2, from: .fourRTX8000) == [[0, 3], [1, 2]])
        #expect(tables.best(1, in: maskOf(0, 1, 2)) == maskOf(0))
        #expect(tables.best(1, in: maskOf(1, 2, 3)) == maskOf(3))
        #expect(tables.best(2, in: maskOf(0, 1, 2)) == maskOf(1, 2))
    }

    @Test func `where every pair has as many NVLinks the NUMA node decides`() {
        #expect(takes(2, from: .dgxA100) == [[0, 1], [2, 3], [4, 5], [6, 7]])
        #expect(takes(4, from: .hgxH200) == [[0, 1, 2, 3], [4, 5, 6, 7]])
        let a100 = TopologyMachine.dgxA100.tables
        #expect(a100.best(2, in: maskOf(0, 2, 3, 4)) == maskOf(2, 3))
        #expect(a100.best(1, in: maskOf(0, 2, 3)) == maskOf(0))
        let h200 = TopologyMachine.hgxH200.tables
        #expect(h200.best(2, in: maskOf(1, 2, 3, 4, 5, 6, 7)) == maskOf(1, 2))
    }

    @Test func `without NVLink the PCIe distance decides`() {
        #expect(takes(2, from: .eightL40S) == [[0, 1], [2, 3], [4, 5], [6, 7]])
        let tables = TopologyMachine.eightL40S.tables
        #expect(tables.best(2, in: maskOf(1, 2, 4, 7)) == maskOf(1, 2))
        #expect(tables.best(3, in: maskOf(0, 2, 3, 4, 5, 6, 7)) == maskOf(0, 2, 3))
        #expect(tables.best(1, in: maskOf(0, 2, 3, 4, 5)) == maskOf(0))
    }

    @Test func `a requirement is met by each pair or there is no answer`() {
        let dgx1 = TopologyMachine.dgx1V100.tables
        #expect(dgx1.couldEver(4, requiring: .nvlink))
        #expect(!dgx1.couldEver(5, requiring: .nvlink))
        #expect(dgx1.best(3, in: maskOf(0, 5, 6, 7), requiring: .nvlink) == maskOf(5, 6, 7))
        #expect(dgx1.best(2, in: maskOf(0, 5), requiring: .nvlink) == nil)
        #expect(dgx1.couldEver(4, requiring: .sameNUMA))
        #expect(!dgx1.couldEver(5, requiring: .sameNUMA))
        #expect(TopologyMachine.dgxA100.tables.couldEver(8, requiring: .nvlink))
        #expect(TopologyMachine.dgxA100.tables.couldEver(8, requiring: .sameSwitch))
        #expect(!TopologyMachine.dgxA100.tables.couldEver(3, requiring: .sameNUMA))
        let l40s = TopologyMachine.eightL40S.tables
        #expect(!l40s.couldEver(2, requiring: .nvlink))
        #expect(takes(2, from: .eightL40S, requiring: .sameSwitch).count == 4)
        #expect(!l40s.couldEver(3, requiring: .sameSwitch))
        #expect(l40s.best(2, in: maskOf(0, 2), requiring: .sameSwitch) == nil)
        #expect(l40s.couldEver(4, requiring: .sameNUMA) && !l40s.couldEver(5, requiring: .sameNUMA))
    }

    @Test func `a request's topology names its requirement`() {
        #expect(TopologyRequirement(.nvlink) == .nvlink)
        #expect(TopologyRequirement(.sameSwitch) == .sameSwitch)
        #expect([Request.Topology.any, .sameNode, nil].allSatisfy { TopologyRequirement($0) == nil })
    }

    @Test func `an unknown NUMA node is read from the paths`() {
        var machine = TopologyMachine.eightL40S
        machine.numaNodes[3] = nil
        #expect(machine.tables.best(4, in: 0xFF, requiring: .sameNUMA) == maskOf(0, 1, 2, 3))
        #expect(!machine.tables.couldEver(5, requiring: .sameNUMA))
        machine.links = []
        #expect(!machine.tables.couldEver(2, requiring: .sameNUMA), "nothing is known, so nothing is promised")
        #expect(machine.tables.couldEver(8))
    }

    @Test func `sixteen GPUs keep their eights and quads together`() {
        let machine = TopologyMachine.sixteen
        let tables = machine.tables
        #expect(tables.best(8, in: tables.everything) == 0xFF)
        #expect(tables.best(8, in: 0xFFFF ^ 0x0002, requiring: .nvlink) == 0xFF00)
        #expect(tables.best(4, in: 0xFFFF ^ 0x0002) == 0x00F0, "the quad beside the one that is broken")
        #expect(tables.best(1, in: 0xFFFF ^ 0x0002) == 0x0001)
        #expect(tables.best(16, in: 0xFFFF) == 0xFFFF)
        #expect(!tables.couldEver(9, requiring: .nvlink))
    }

    @Test func `a set is not taken out of a larger one that is still whole`() {
        let pairBeforeQuads = TopologyMachine.groups([4, 4, 2]).tables
        #expect(pairBeforeQuads.best(2, in: 0x3FF) == maskOf(8, 9))
        let quadBeforeEight = TopologyMachine.groups([8, 4]).tables
        #expect(quadBeforeEight.best(4, in: 0xFFF) == maskOf(8, 9, 10, 11))
        let twoEights = TopologyMachine.groups([8, 8]).tables
        #expect(twoEights.best(2, in: 0xFFFF) == maskOf(0, 1))
        #expect(twoEights.best(2, in: 0xFCFF) == maskOf(10, 11), "of two eights the one that is broken already")
    }

    @Test func `a node above the exact limit is searched greedily and meets requirements`() {
        let tables = TopologyMachine.switches(of: 24).tables
        #expect(tables.best(4, in: tables.everything) == 0xF)
        #expect(tables.best(4, in: tables.everything ^ 1, requiring: .sameSwitch) == 0xF0)
        #expect(!tables.couldEver(5, requiring: .sameSwitch))
        #expect(tables.best(16, in: tables.everything, requiring: .sameNUMA) == 0xFFFF)
        #expect(tables.best(9, in: 0xFF00_00FF, requiring: .sameNUMA) == nil)
        let large = TopologyMachine.switches(of: 80).tables
        #expect(large.best(4, among: Array(66..<80), requiring: .sameSwitch) == [68, 69, 70, 71])
        #expect(large.couldEver(80) && !large.couldEver(81))
    }

    @Test func `no GPU and more GPUs than there are have no set`() {
        let tables = TopologyMachine.fourRTX8000.tables
        #expect(tables.best(0, in: 0xF) == nil)
        #expect(tables.best(5, in: 0xFF) == nil)
        #expect(tables.best(2, in: 0x10 | 1) == nil, "positions that the node does not have are not free")
        let none = TopologyTables(links: [], numaNodes: [])
        #expect(none.best(1, in: 1) == nil)
        #expect(!none.couldEver(1))
    }
}
