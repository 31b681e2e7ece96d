import CLimiterShim

typealias Cell = LimiterCell

extension LimiterCell {
    init(key: UInt64, size: UInt64, context: UInt64, gpu: UInt32, count: UInt32, flags: Int = 0) {
        self.init(
            key: key, size: size, context: context, place: UInt16(truncatingIfNeeded: gpu),
            flags: UInt16(truncatingIfNeeded: flags), count: count)
    }

    /// The GPU's place in the limits.
    @inline(__always)
    var gpu: UInt32 {
        get { UInt32(place) }
        set { place = UInt16(truncatingIfNeeded: newValue) }
    }

    @inline(__always)
    func has(_ flag: Int) -> Bool { flags & UInt16(truncatingIfNeeded: flag) != 0 }
    mutating func set(_ flag: Int) { flags |= UInt16(truncatingIfNeeded: flag) }
}

/// A table from words to what belongs to them, in memory of its own. Whoever uses one holds `tableLock`.
///
/// A cell is looked for from the place that its key gives onwards, until it or an empty one is found. Taking one out
/// moves up those that were pushed back by it, so that there are never marks of cells that were.
extension UnsafeMutablePointer<LimiterTable> {
    @inline(__always)
    private func home(_ key: UInt64) -> UInt64 {
        // The low bits of addresses say nothing.
        ((key &* 0x9E37_79B9_7F4A_7C15) >> 20) & (pointee.capacity &- 1)
    }

    @inline(__always)
    private func next(_ place: UInt64) -> UInt64 { (place &+ 1) & (pointee.capacity &- 1) }

    @inline(__always)
    func find(_ key: UInt64) -> UnsafeMutablePointer<Cell>? {
        guard pointee.count > 0, key != 0 else { return nil }
        var place = home(key)
        while true {
            let cell = pointee.cells + Int(place)
            if cell.pointee.key == key { return cell }
            if cell.pointee.key == 0 { return nil }
            place = next(place)
        }
    }

    /// The cell of a key, a new one if there is none; nil when there is no memory, or for 0.
    @inline(__always)
    func make(_ key: UInt64) -> UnsafeMutablePointer<Cell>? {
        guard key != 0 else { return nil }
        if pointee.count &* 2 >= pointee.capacity, !grow() { return nil }
        var place = home(key)
        while true {
            let cell = pointee.cells + Int(place)
            if cell.pointee.key == key { return cell }
            if cell.pointee.key == 0 {
                cell.pointee = Cell(key: key, size: 0, context: 0, gpu: 0, count: 0)
                pointee.count &+= 1
                return cell
            }
            place = next(place)
        }
    }

    @inline(__always)
    func remove(_ cell: UnsafeMutablePointer<Cell>) {
        var hole = UInt64(cell - pointee.cells)
        var place = next(hole)
        while (pointee.cells + Int(place)).pointee.key != 0 {
            let wanted = home((pointee.cells + Int(place)).pointee.key)
            // It may move into the hole when that is not before the place where it is looked for first.
            if (place &- wanted) & (pointee.capacity &- 1) >= (place &- hole) & (pointee.capacity &- 1) {
                (pointee.cells + Int(hole)).pointee = (pointee.cells + Int(place)).pointee
                hole = place
            }
            place = next(place)
        }
        (pointee.cells + Int(hole)).pointee.key = 0
        pointee.count &-= 1
    }

    /// Some cell for which that holds.
    func first(where condition: (UnsafeMutablePointer<Cell>) -> Bool) -> UnsafeMutablePointer<Cell>? {
        guard pointee.count > 0 else { return nil }
        for place in 0..<Int(pointee.capacity) {
            let cell = pointee.cells + place
            if cell.pointee.key != 0, condition(cell) { return cell }
        }
        return nil
    }

    @inline(never)
    private func grow() -> Bool {
        let capacity = max(pointee.capacity * 2, 1024)
        let size = MemoryLayout<Cell>.stride
        guard let memory = map_memory(Int(capacity) * size) else { return false }
        let (old, count) = (pointee.cells, Int(pointee.capacity))
        pointee.cells = memory.assumingMemoryBound(to: Cell.self)
        pointee.capacity = capacity
        pointee.count = 0
        guard let old else { return true }
        for place in 0..<count where (old + place).pointee.key != 0 {
            make((old + place).pointee.key)?.pointee = (old + place).pointee
        }
        munmap(UnsafeMutableRawPointer(old), count * size)
        return true
    }
}
