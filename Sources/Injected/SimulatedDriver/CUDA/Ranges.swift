import CSimulatedCUDA

typealias Allocation = UnsafeMutablePointer<DriverAllocation>

/// The ranges of addresses that the driver knows, in their order; `memoryLock` is held.
enum Ranges {
    /// The range that holds an address.
    static func find(_ address: UInt64) -> Allocation? {
        let index = count(before: address &+ 1)
        guard index > 0, let ranges = process.pointee.ranges, let range = ranges[index - 1] else { return nil }
        return address - range.pointee.address < range.pointee.size ? range : nil
    }

    /// Whether any range has a part of those addresses.
    static func overlap(_ address: UInt64, _ size: UInt64) -> Bool {
        if find(address) != nil { return true }
        let index = count(before: address)
        guard index < Int(process.pointee.rangeCount), let next = process.pointee.ranges?[index] else { return false }
        return next.pointee.address < address &+ size
    }

    /// The range that begins at an address.
    static func begin(at address: UInt64) -> Allocation? {
        guard let range = find(address), range.pointee.address == address else { return nil }
        return range
    }

    /// Whether the driver knows so much memory from there on, and it can be reached; takes the lock itself.
    static func hold(_ address: UInt64, _ size: UInt64) -> Bool {
        process_lock(&process.pointee.memoryLock)
        defer { process_unlock(&process.pointee.memoryLock) }
        var place = address
        let end = address &+ size
        guard end >= address else { return false }
        repeat {
            guard let range = find(place) ?? reservedForGraph(place) else { return false }
            if range.pointee.kind == UInt32(MEMORY_MAPPED), range.pointee.flags == 0 { return false }
            place = range.pointee.address + range.pointee.size
        } while place < end
        return true
    }

    /// Memory that a graph is going to allocate: the nodes that use it are made before it is there.
    private static func reservedForGraph(_ address: UInt64) -> Allocation? {
        var range = process.pointee.reservations
        while let each = range {
            if each.pointee.kind == UInt32(MEMORY_GRAPH), address >= each.pointee.address,
                address - each.pointee.address < each.pointee.size
            {
                return each
            }
            range = each.pointee.next
        }
        return nil
    }

    /// Whether an address is of memory that copies need not be careful with: anything that the driver knows.
    static func know(_ address: UInt64) -> Bool {
        process_lock(&process.pointee.memoryLock)
        defer { process_unlock(&process.pointee.memoryLock) }
        return find(address) != nil
    }

    /// The last one that satisfies the condition; for rare questions.
    static func last(where matches: (Allocation) -> Bool) -> Allocation? {
        var index = Int(process.pointee.rangeCount)
        while index > 0, let ranges = process.pointee.ranges {
            index -= 1
            if let range = ranges[index], matches(range) { return range }
        }
        return nil
    }

    static func insert(_ range: Allocation) -> Bool {
        let count = Int(process.pointee.rangeCount)
        if count == Int(process.pointee.rangeCapacity) {
            let capacity = max(256, count * 2)
            let size = capacity * MemoryLayout<Allocation?>.size
            guard let memory = realloc(process.pointee.ranges, size) else { return false }
            process.pointee.ranges = memory.assumingMemoryBound(to: Allocation?.self)
            process.pointee.rangeCapacity = UInt64(capacity)
        }
        guard let ranges = process.pointee.ranges else { return false }
        let index = self.count(before: range.pointee.address)
        memmove(ranges + index + 1, ranges + index, (count - index) * MemoryLayout<Allocation?>.size)
        ranges[index] = range
        process.pointee.rangeCount += 1
        return true
    }

    static func remove(_ range: Allocation) {
        let index = count(before: range.pointee.address)
        guard let ranges = process.pointee.ranges, index < Int(process.pointee.rangeCount), ranges[index] == range
        else { return }
        process.pointee.rangeCount -= 1
        let rest = Int(process.pointee.rangeCount) - index
        memmove(ranges + index, ranges + index + 1, rest * MemoryLayout<Allocation?>.size)
    }

    /// How many ranges begin before an address.
    private static func count(before address: UInt64) -> Int {
        var low = 0
        var high = Int(process.pointee.rangeCount)
        guard let ranges = process.pointee.ranges else { return 0 }
        while low < high {
            let middle = (low + high) / 2
            if let range = ranges[middle], range.pointee.address < address { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
