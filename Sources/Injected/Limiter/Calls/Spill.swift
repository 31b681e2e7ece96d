import CLimiter
import CLimiterShim

/// Memory of the host in the place of the GPU's, where the container may have that: what does not fit its limit any more
/// becomes managed memory that stays on the host, where kernels reach it.
///
/// It is slower by far, but a program that needs a little more than its part goes on. Handles, pools and arrays never
/// spill: nothing but memory of the GPU can be behind them.
enum Spill {
    private static var isAttachedGlobally: UInt64 { 1 }
    private static var preferredLocation: UInt64 { 3 }
    private static var accessedBy: UInt64 { 5 }
    private static var host: UInt64 { UInt64(UInt32(bitPattern: -1)) }

    /// Allocates for the current context; out of memory when that is more than may spill.
    @inline(never)
    static func allocate(_ result: UInt64, _ size: UInt64) -> Int32 {
        guard Limiter.isReady, let scope = Devices.current(), let gpu = scope.gpu, let limit = limit_of(limits, gpu),
            limit.pointee.spill > 0
        else { return Answer.outOfMemory }
        let charged = Memory.rounded(size)
        guard reserve(gpu, charged, limit.pointee.spill) else { return Answer.outOfMemory }
        guard real3(UInt32(REAL_cuMemAllocManaged), result, size, isAttachedGlobally) == Answer.success else {
            refund(gpu, charged)
            return Answer.outOfMemory
        }
        let (address, advise) = (written(result), UInt32(REAL_cuMemAdvise))
        _ = real4(advise, address, size, preferredLocation, host)
        _ = real4(advise, address, size, accessedBy, UInt64(UInt32(bitPattern: scope.device)))
        store32(&state.pointee.hasSpilled, 1)
        Memory.remember(address, charged, false, gpu, scope.context, flags: CELL_SPILLED)
        return Answer.success
    }

    private static func reserve(_ gpu: UInt32, _ bytes: UInt64, _ most: UInt64) -> Bool {
        guard let book = book_of(state.pointee.books, gpu),
            let detail = detail_of(state.pointee.books, gpu, state.pointee.slot)
        else { return false }
        Books.lock(book, gpu)
        defer { Books.unlock(book) }
        guard Sizes.sum(book.pointee.spilled, bytes) <= most else { return false }
        book.pointee.spilled &+= bytes
        detail.pointee.spilled &+= bytes
        // It was refused on the GPU, but not to the program.
        book.pointee.refused -= min(1, book.pointee.refused)
        return true
    }

    static func refund(_ gpu: UInt32, _ bytes: UInt64) {
        guard let book = book_of(state.pointee.books, gpu),
            let detail = detail_of(state.pointee.books, gpu, state.pointee.slot)
        else { return }
        Books.lock(book, gpu)
        book.pointee.spilled -= min(bytes, book.pointee.spilled)
        detail.pointee.spilled -= min(bytes, detail.pointee.spilled)
        Books.unlock(book)
    }

    /// Whether it is here that an allocation lives.
    @inline(__always)
    static func isThere(_ address: UInt64) -> Bool {
        load32(&state.pointee.hasSpilled) != 0 && isFound(address)
    }

    private static func isFound(_ address: UInt64) -> Bool {
        take_lock(&state.pointee.tableLock)
        defer { give_lock(&state.pointee.tableLock) }
        return Memory.allocations.find(address)?.pointee.has(CELL_SPILLED) ?? false
    }

    /// Frees what no stream can free, when the stream has come to it.
    static func free(_ address: UInt64, _ isPerThread: Bool, _ stream: UInt64) -> Int32 {
        let queue = stream == 0 && isPerThread ? 2 : stream
        if isCapturing(queue) { return Answer.invalidValue }
        let status = real1(UInt32(REAL_cuStreamSynchronize), queue)
        guard status == Answer.success else { return status }
        return Memory.free(address) { real1(UInt32(REAL_cuMemFree_v2), address) }
    }
}
