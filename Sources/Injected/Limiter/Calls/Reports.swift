import CLimiter
import CLimiterShim

// What programs are told of their memory: the limit is the whole, and what is left of it is free. What may stand in for
// it on the host counts as well.

@c(hook_memoryInfo) public func hookMemoryInfo(_ real: UInt32, _ free: UInt64, _ total: UInt64) -> Int32 {
    let status = real2(real, free, total)
    guard status == Answer.success, let room = Room.current, let free: UnsafeMutablePointer<UInt64> = place(free),
        let total: UnsafeMutablePointer<UInt64> = place(total)
    else { return status }
    free.pointee = min(free.pointee, room.free) + room.freeOnHost
    total.pointee = min(total.pointee, room.total) + room.onHost
    return status
}

@c(hook_memoryInfoNarrow) public func hookMemoryInfoNarrow(_ real: UInt32, _ free: UInt64, _ total: UInt64) -> Int32 {
    let status = real2(real, free, total)
    guard status == Answer.success, let room = Room.current, let free: UnsafeMutablePointer<UInt32> = place(free),
        let total: UnsafeMutablePointer<UInt32> = place(total)
    else { return status }
    free.pointee = UInt32(clamping: min(UInt64(free.pointee), room.free) + room.freeOnHost)
    total.pointee = UInt32(clamping: min(UInt64(total.pointee), room.total) + room.onHost)
    return status
}

@c(hook_totalMemory) public func hookTotalMemory(_ real: UInt32, _ total: UInt64, _ device: UInt64) -> Int32 {
    let status = real2(real, total, device)
    guard status == Answer.success, Limiter.isReady, let total: UnsafeMutablePointer<UInt64> = place(total) else {
        return status
    }
    total.pointee = Room.total(device, of: total.pointee)
    return status
}

@c(hook_totalMemoryNarrow) public func hookTotalMemoryNarrow(
    _ real: UInt32, _ total: UInt64, _ device: UInt64
) -> Int32 {
    let status = real2(real, total, device)
    guard status == Answer.success, Limiter.isReady, let total: UnsafeMutablePointer<UInt32> = place(total) else {
        return status
    }
    total.pointee = UInt32(clamping: Room.total(device, of: UInt64(total.pointee)))
    return status
}

private struct Room {
    let free: UInt64
    let total: UInt64
    var freeOnHost: UInt64 = 0
    var onHost: UInt64 = 0

    /// Of the current context's GPU.
    static var current: Room? {
        guard Limiter.isReady, let scope = Devices.current() else { return nil }
        guard let gpu = scope.gpu, let limit = limit_of(limits, gpu) else { return Room(free: 0, total: 0) }
        Pools.settle(gpu)
        Books.reapNowAndThen(gpu)
        let used = Books.used(gpu)
        let (memory, spill) = (limit.pointee.memory, limit.pointee.spill)
        let spilled = spill == 0 ? 0 : min(spill, book_of(state.pointee.books, gpu).pointee.spilled)
        return Room(free: memory - min(used, memory), total: memory, freeOnHost: spill - spilled, onHost: spill)
    }

    static func total(_ device: UInt64, of whole: UInt64) -> UInt64 {
        guard let gpu = Devices.gpu(Int32(truncatingIfNeeded: device)), let limit = limit_of(limits, gpu) else {
            return 0
        }
        return min(whole, limit.pointee.memory) + limit.pointee.spill
    }
}
