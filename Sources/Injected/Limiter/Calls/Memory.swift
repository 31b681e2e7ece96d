import CLimiter
import CLimiterShim

// Memory that programs allocate and free by address.

/// What is charged for plain allocations. The driver carves those of a mebibyte and less from blocks of two, so a block
/// is charged with the first that lies in it, and given back with the last.
enum Memory {
    /// A kind of allocation; no enumeration, which would bring hashing along.
    struct Kind {
        let number: UInt8

        /// Small ones are carved from blocks.
        static var carved: Kind { Kind(number: 0) }
        static var whole: Kind { Kind(number: 1) }
        /// What tells it apart is no address: where it lies is not known.
        static var array: Kind { Kind(number: 2) }

        @inline(__always)
        func `is`(_ other: Kind) -> Bool { number == other.number }
    }

    @inline(__always) static var block: UInt64 { 2 << 20 }
    @inline(__always) private static var smallest: UInt64 { 1 << 20 }

    @inline(__always)
    static func rounded(_ size: UInt64) -> UInt64 { size > 1 << 50 ? 1 << 50 : (size &+ (block - 1)) & ~(block - 1) }

    /// Charges, lets the driver allocate at `result`, and remembers it.
    @inline(__always)
    static func allocate(
        _ size: UInt64, _ kind: Kind, _ call: () -> Int32, _ address: () -> UInt64
    ) -> Int32 {
        guard Limiter.isReady, size > 0, let scope = Devices.current() else { return call() }
        guard let gpu = scope.gpu else { return Answer.outOfMemory }
        let charged = kind.is(.array) && size <= smallest ? Sizes.rounded(size, to: 65536) : rounded(size)
        guard Books.reserve(gpu, charged) || Books.reserveUrgently(gpu, charged) else { return Answer.outOfMemory }
        let status = call()
        guard status == Answer.success else {
            Books.refund(gpu, charged)
            return status
        }
        let unneeded = remember(address(), charged, kind.is(.carved) && size <= smallest, gpu, scope.context)
        if unneeded > 0 { Books.refund(gpu, unneeded) }
        return status
    }

    /// Writes an allocation down. The result is what was charged twice.
    @discardableResult
    static func remember(
        _ address: UInt64, _ charged: UInt64, _ isSmall: Bool, _ gpu: UInt32, _ context: UInt64, flags: Int = 0
    ) -> UInt64 {
        take_lock(&state.pointee.tableLock)
        defer { give_lock(&state.pointee.tableLock) }
        guard let cell = allocations.make(address) else { return 0 }
        var unneeded: UInt64 = 0
        // The driver has used an address again that was never seen to be freed.
        if cell.pointee.size > 0 {
            unneeded = forgetLocked(cell.pointee)
            if cell.pointee.flags != 0 {
                giveBackSpecial(cell.pointee, unneeded)
                unneeded = 0
            }
        }
        cell.pointee = Cell(
            key: address, size: charged, context: context, gpu: gpu, count: isSmall ? 1 : 0, flags: flags)
        guard isSmall, let shared = blocks.make(address / block) else { return unneeded }
        shared.pointee.count &+= 1
        return shared.pointee.count > 1 ? unneeded &+ charged : unneeded
    }

    /// What is no longer charged when that allocation is gone; the lock is held.
    private static func forgetLocked(_ cell: Cell) -> UInt64 {
        guard cell.count == 1 else { return cell.size }
        guard let shared = blocks.find(cell.key / block) else { return 0 }
        shared.pointee.count &-= 1
        guard shared.pointee.count == 0 else { return 0 }
        blocks.remove(shared)
        return cell.size
    }

    /// Takes an allocation out of the books before the driver frees it: behind that, its address may be another's.
    @inline(__always)
    static func free(_ address: UInt64, _ call: () -> Int32) -> Int32 {
        guard load32(&state.pointee.state) == 1 else { return call() }
        take_lock(&state.pointee.tableLock)
        guard let cell = allocations.find(address) else {
            give_lock(&state.pointee.tableLock)
            return load32(&state.pointee.hasImported) == 0 ? call() : Sharing.free(address, call)
        }
        let copy = cell.pointee
        allocations.remove(cell)
        let bytes = forgetLocked(copy)
        give_lock(&state.pointee.tableLock)
        let status = call()
        if status == Answer.success {
            giveBack(copy, bytes)
        } else {
            let unneeded = remember(
                address, copy.size, copy.count == 1, copy.gpu, copy.context, flags: Int(copy.flags))
            // What was in the books before is in them again, with or without others in its block.
            if copy.count == 1, bytes == 0, unneeded == 0 { Books.charge(copy.gpu, copy.size) }
            if copy.count == 1, bytes > 0, unneeded > 0 { Books.refund(copy.gpu, unneeded) }
        }
        return status
    }

    /// Forgets all that belonged to a context which is gone.
    static func forgetAll(of context: UInt64) {
        take_lock(&state.pointee.tableLock)
        defer { give_lock(&state.pointee.tableLock) }
        while let cell = allocations.first(where: { $0.pointee.context == context }) {
            let copy = cell.pointee
            allocations.remove(cell)
            giveBack(copy, forgetLocked(copy))
        }
    }

    /// Takes an allocation that is gone out of the account.
    @inline(__always)
    private static func giveBack(_ cell: Cell, _ bytes: UInt64) {
        if cell.flags == 0 { Books.refund(cell.gpu, bytes) } else { giveBackSpecial(cell, bytes) }
    }

    @inline(never)
    private static func giveBackSpecial(_ cell: Cell, _ bytes: UInt64) {
        if cell.has(CELL_SPILLED) {
            Spill.refund(cell.gpu, cell.size)
        } else {
            Sharing.giveBackExported(cell.gpu, cell.size, bytes)
        }
    }

    @inline(__always)
    static var allocations: UnsafeMutablePointer<LimiterTable> { allocation_table(state) }
    @inline(__always)
    private static var blocks: UnsafeMutablePointer<LimiterTable> { block_table(state) }
}

@c(hook_allocate) public func hookAllocate(_ real: UInt32, _ result: UInt64, _ size: UInt64) -> Int32 {
    let status = Memory.allocate(size, .carved, { real2(real, result, size) }, { written(result) })
    return status == Answer.outOfMemory ? Spill.allocate(result, size) : status
}

/// The first form: addresses and sizes of 32 bits.
@c(hook_allocateNarrow) public func hookAllocateNarrow(_ real: UInt32, _ result: UInt64, _ size: UInt64) -> Int32 {
    Memory.allocate(size & 0xFFFF_FFFF, .carved, { real2(real, result, size) }, { writtenNarrow(result) })
}

@c(hook_allocatePitch) public func hookAllocatePitch(
    _ real: UInt32, _ result: UInt64, _ pitch: UInt64, _ width: UInt64, _ height: UInt64, _ element: UInt64
) -> Int32 {
    let size = Sizes.product(Sizes.rounded(width, to: 512), height)
    let status = Memory.allocate(
        size, .carved, { real5(real, result, pitch, width, height, element) }, { written(result) })
    guard status == Answer.outOfMemory, let row: UnsafeMutablePointer<UInt64> = place(pitch) else { return status }
    let spilled = Spill.allocate(result, size)
    if spilled == Answer.success { row.pointee = Sizes.rounded(width, to: 512) }
    return spilled
}

@c(hook_allocatePitchNarrow) public func hookAllocatePitchNarrow(
    _ real: UInt32, _ result: UInt64, _ pitch: UInt64, _ width: UInt64, _ height: UInt64, _ element: UInt64
) -> Int32 {
    let size = Sizes.product(Sizes.rounded(width & 0xFFFF_FFFF, to: 512), height & 0xFFFF_FFFF)
    return Memory.allocate(
        size, .carved, { real5(real, result, pitch, width, height, element) }, { writtenNarrow(result) })
}

/// Managed memory is charged as if all of it were on the GPU, where all of it may be.
@c(hook_allocateManaged) public func hookAllocateManaged(
    _ real: UInt32, _ result: UInt64, _ size: UInt64, _ flags: UInt64
) -> Int32 {
    Memory.allocate(size, .whole, { real3(real, result, size, flags) }, { written(result) })
}

@c(hook_free) public func hookFree(_ real: UInt32, _ address: UInt64) -> Int32 {
    Memory.free(address) { real1(real, address) }
}

@c(hook_freeNarrow) public func hookFreeNarrow(_ real: UInt32, _ address: UInt64) -> Int32 {
    Memory.free(address & 0xFFFF_FFFF) { real1(real, address) }
}

/// Memory of pools is charged by pool; what else may be freed in a stream is still there until the stream comes to it,
/// but nobody is told then.
@c(hook_freeAsync) public func hookFreeAsync(_ real: UInt32, _ address: UInt64, _ stream: UInt64) -> Int32 {
    if Spill.isThere(address) { return Spill.free(address, real == UInt32(REAL_cuMemFreeAsync_ptsz), stream) }
    return Memory.free(address) { real2(real, address, stream) }
}

@inline(__always)
func written(_ result: UInt64) -> UInt64 { place(result, of: UInt64.self)?.pointee ?? 0 }
@inline(__always)
private func writtenNarrow(_ result: UInt64) -> UInt64 { UInt64(place(result, of: UInt32.self)?.pointee ?? 0) }
