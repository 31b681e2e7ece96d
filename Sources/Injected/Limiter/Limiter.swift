import CLimiter
import CLimiterShim

/// The results of the driver's functions that the limiter gives by itself.
enum Answer {
    static var success: Int32 { 0 }
    static var invalidValue: Int32 { 1 }
    static var outOfMemory: Int32 { 2 }
    static var operatingSystem: Int32 { 304 }
}

/// The state of the limiter in this process.
@inline(__always)
var state: UnsafeMutablePointer<LimiterState> { limiter() }

@inline(__always)
var limits: UnsafePointer<LimiterLimits> { state.pointee.limits }

/// The limiter of a process: it stands between a program and the CUDA driver, and keeps the container's limits.
///
/// What there is to keep is in a file that the container cannot write; without that file nothing is allowed.
enum Limiter {
    /// Whether the limits are known; finds them the first time.
    @inline(__always)
    static var isReady: Bool {
        load32(&state.pointee.state) == 1 || start()
    }

    @inline(never)
    private static func start() -> Bool {
        take_lock(&state.pointee.lock)
        defer { give_lock(&state.pointee.lock) }
        guard state.pointee.state == 0 else { return state.pointee.state == 1 }
        guard limiter_place() != nil, let limits = map_file("limits", MemoryLayout<LimiterLimits>.size, false, nil)
        else { return refuse() }
        let page = limits.assumingMemoryBound(to: LimiterLimits.self)
        guard page.pointee.magic == LIMITER_MAGIC, page.pointee.layout == UInt32(LIMITER_LAYOUT),
            page.pointee.gpuCount <= UInt32(LIMITER_GPUS),
            let books = map_file("books", MemoryLayout<LimiterBooks>.size, true, &state.pointee.file)
        else { return refuse() }
        state.pointee.limits = UnsafePointer(page)
        state.pointee.books = books.assumingMemoryBound(to: LimiterBooks.self)
        guard Membership.join() else { return refuse() }
        store32(&state.pointee.state, 1)
        look_at_gates(gates_of(page))
        return true
    }

    /// Not for good: the files may be there the next time.
    private static func refuse() -> Bool { false }
}

/// Where a program wants a result; nil when it passed none.
@inline(__always)
func place<Value>(_ word: UInt64, of type: Value.Type = Value.self) -> UnsafeMutablePointer<Value>? {
    UnsafeMutablePointer(bitPattern: UInt(word))
}
