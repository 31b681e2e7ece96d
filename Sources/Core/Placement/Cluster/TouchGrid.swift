/// Which nodes changed since a kind of request last looked, most recent first, sorted by what they have left.
///
/// Scoring every node for every kind after each change would cost hundreds of scores for each decision; a kind that
/// comes rarely would pay for changes it never sees. Here a change is written down once, and a kind catches up when it
/// is asked for: it walks the lists until it meets what it knows. A node stands in one cell, by the most that is left
/// of one GPU and by the CPU left; a kind skips the cells whose nodes cannot hold it, which are most when the cluster
/// is full. What a node was before is not looked for: one that no longer holds a kind is found out when it is picked.
struct TouchGrid: ~Copyable {
    private static let side = 8

    /// When a node last changed; 0 for one that never did.
    let stamp: Block<UInt64>
    private let following: Block<Int32>
    private let previous: Block<Int32>
    private let cell: Block<UInt8>
    private let head: Block<Int32>
    /// The newest change in a cell.
    private let newestIn: Block<UInt64>
    private(set) var clock: UInt64 = 0
    /// The newest change in a row.
    private let newestInRow: Block<UInt64>
    /// The row of what is left of a GPU, by hundredths, and the column of free CPU, by half thousands: tables, because
    /// comparing with eight lower ends takes longer than everything else here.
    private let rowOf: Block<UInt8>
    private let columnOf: Block<UInt8>

    init(nodes: Int, kinds: [RequestKind]) {
        stamp = Block(repeating: 0, count: nodes)
        following = Block(repeating: -1, count: nodes)
        previous = Block(repeating: -1, count: nodes)
        cell = Block(repeating: 255, count: nodes)
        head = Block(repeating: -1, count: Self.side * Self.side)
        newestIn = Block(repeating: 0, count: Self.side * Self.side)
        newestInRow = Block(repeating: 0, count: Self.side)
        let shares = kinds.filter(\.needsGPU).map { Int($0.gpuMilli) / 10 }
        rowOf = Self.table(shares, count: 101)
        let steps = kinds.map { Int($0.cpuMilli >> 9) }
        columnOf = Self.table(steps, count: (steps.max() ?? 0) + 1)
    }

    /// Parts the amounts asked for into eight, evenly; more of something is never in a lower part.
    private static func table(_ amounts: [Int], count: Int) -> Block<UInt8> {
        let table = Block<UInt8>(repeating: 0, count: count)
        let ordered = Set(amounts).sorted()
        let parts = min(side - 1, ordered.count)
        for amount in 0..<count {
            table[amount] = UInt8((0..<parts).count { ordered[ordered.count * $0 / parts] <= amount })
        }
        return table
    }

    @inline(__always) private func row(of milli: Int32) -> Int { Int(rowOf[Int(milli) / 10]) }

    @inline(__always) private func column(of cpu: Int32) -> Int {
        Int(columnOf[min(Int(cpu >> 9), columnOf.count &- 1)])
    }

    /// The first row and column in which nodes may hold a kind.
    func start(of kind: RequestKind) -> (row: Int, column: Int) {
        (kind.needsGPU ? row(of: kind.gpuMilli) : 0, column(of: kind.cpuMilli))
    }

    /// Writes down that a node changed and is now in `state`.
    @inline(__always)
    mutating func touch(_ node: Int, _ state: NodePointer) {
        clock &+= 1
        stamp[node] = clock
        let row = row(of: Int32(state.pointee.largest))
        let column = column(of: state.pointee.cpuLeft)
        let new = row &* Self.side &+ column
        newestIn[new] = clock
        newestInRow[row] = clock
        let old = Int(cell[node])
        if old == new, Int(head[new]) == node { return }
        if old != 255 { unlink(node, from: old) }
        cell[node] = UInt8(truncatingIfNeeded: new)
        previous[node] = -1
        following[node] = head[new]
        if head[new] >= 0 { previous[Int(head[new])] = Int32(truncatingIfNeeded: node) }
        head[new] = Int32(truncatingIfNeeded: node)
    }

    @inline(__always)
    private func unlink(_ node: Int, from cell: Int) {
        let (before, after) = (previous[node], following[node])
        if before >= 0 { following[Int(before)] = after } else { head[cell] = after }
        if after >= 0 { previous[Int(after)] = before }
    }

    static var rows: Int { side }

    @inline(__always) func newest(inRow row: Int) -> UInt64 { newestInRow[row] }
    @inline(__always) func newest(in cell: Int) -> UInt64 { newestIn[cell] }
    @inline(__always) func first(in cell: Int) -> Int { Int(head[cell]) }
    @inline(__always) func next(after node: Int) -> Int { Int(following[node]) }
}
