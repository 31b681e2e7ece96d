import Fleet

/// Tasks that wait for a lease to settle; part of the engine's state, touched only on the engine.
struct Waiters {
    private var waiting: [LeaseID: [Int: AsyncStream<Never>.Continuation]] = [:]
    private var next = 0

    /// Wakes everybody who waits for a lease.
    mutating func wake(_ lease: LeaseID) {
        for continuation in (waiting.removeValue(forKey: lease) ?? [:]).values { continuation.finish() }
    }

    mutating func wakeAll() {
        for lease in Array(waiting.keys) { wake(lease) }
    }

    mutating func add(_ lease: LeaseID) -> (number: Int, wakeUp: AsyncStream<Never>) {
        next += 1
        let (stream, continuation) = AsyncStream.makeStream(of: Never.self)
        waiting[lease, default: [:]][next] = continuation
        return (next, stream)
    }

    mutating func remove(_ number: Int, of lease: LeaseID) {
        waiting[lease]?[number] = nil
        if waiting[lease]?.isEmpty == true { waiting[lease] = nil }
    }
}

extension Engine {
    /// Returns when the lease is woken, after `limit`, or when the task is cancelled.
    func waitForWake(of lease: LeaseID, atMost limit: Duration) async {
        let (number, wakeUp) = settling.add(lease)
        await withTaskGroup(of: Void.self) { group in
            group.addTask { for await _ in wakeUp {} }
            group.addTask { try? await Task.sleep(for: limit) }
            await group.next()
            group.cancelAll()
        }
        settling.remove(number, of: lease)
    }
}

/// Something that can be raised any number of times and is waited for by one task.
struct Signal: Sendable {
    let raised: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation

    init() {
        (raised, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    }

    func raise() { continuation.yield() }
}
