import API
import Engine
import Fleet
import Ledger
import Placement
import Queueing
import Synchronization

/// A pool that gives what it is told to give, and remembers what it was asked.
final class StandInPool: PoolService {
    struct State {
        var asks: [Ask] = []
        var callers: [Caller] = []
        var leases: [Lease] = []
        /// What `ask` throws instead of granting.
        var refusal: EngineError?
        /// What every call that changes a lease throws.
        var failure: EngineError?
        var waits = false
        var history: [RecordedNotice] = []
        var listeners: [AsyncStream<RecordedNotice>.Continuation] = []
        var historyCalls = 0
        /// What `offer` answers; nil is what most tests need: shares down to a quarter fit now.
        var offer: Result<Offer, Refusal>?
        var offered: [(request: Request, tenant: Tenant)] = []
        var queues = [Sample.queue]
        var reservations: [Reservation] = []
        var reserved: [ReservationAsk] = []
        var quotaChanges: [(path: String, change: QuotaChange?)] = []
        var drained: [GPUID: String] = [:]
        var admitted: [(arrival: Arrival, lease: LeaseID, caller: Caller)] = []
    }

    let state = Mutex(State())
    let status: FleetStatus
    /// Called in `history`, after the caller has subscribed: what happens between the two.
    let duringHistory: @Sendable (StandInPool) -> Void

    init(status: FleetStatus = Sample.fleet, duringHistory: @escaping @Sendable (StandInPool) -> Void = { _ in }) {
        self.status = status
        self.duringHistory = duringHistory
    }

    func ask(_ ask: Ask) async throws(EngineError) -> PreparedLease {
        let result: Result<Lease, EngineError> = state.withLock { state in
            state.asks.append(ask)
            if let refusal = state.refusal { return .failure(refusal) }
            let waits = state.waits
            let lease = Sample.lease(Int64(state.leases.count + 1), ask: ask, waits: waits)
            state.leases.append(lease)
            return .success(lease)
        }
        let lease = try result.get()
        return PreparedLease(lease: lease, preparation: lease.isWaiting ? nil : Sample.preparation(lease.id))
    }

    func admit(_ arrival: Arrival, to id: LeaseID, caller: Caller) async throws(EngineError) {
        let refusal = state.withLock { state in
            state.admitted.append((arrival, id, caller))
            return state.refusal
        }
        if let refusal { throw refusal }
    }

    func settled(_ id: LeaseID, within patience: Span) async throws(EngineError) -> PreparedLease {
        let clock = ContinuousClock()
        let deadline = clock.now + .nanoseconds(patience.nanoseconds)
        while try await lease(id).lease.isWaiting, clock.now < deadline, !Task.isCancelled {
            try? await Task.sleep(for: .milliseconds(5))
        }
        return try await lease(id)
    }

    func end(_ id: LeaseID, by caller: Caller) async throws(EngineError) -> Lease {
        try change(id, caller) { lease in
            lease.state = .ended(.released, at: now, had: lease.placementEver, since: lease.metered(at: now)?.since)
        }
    }

    func extend(_ id: LeaseID, by span: Span, caller: Caller) async throws(EngineError) -> Lease {
        try change(id, caller) { $0.deadline = ($0.deadline ?? now) + span }
    }

    func keepAlive(_ id: LeaseID, caller: Caller) async throws(EngineError) -> Lease {
        try change(id, caller) { $0.lapses = now + Span(seconds: 30) }
    }

    private func change(_ id: LeaseID, _ caller: Caller, _ body: (inout Lease) -> Void) throws(EngineError) -> Lease {
        let result: Result<Lease, EngineError> = state.withLock { state in
            state.callers.append(caller)
            if let failure = state.failure { return .failure(failure) }
            guard let index = state.leases.firstIndex(where: { $0.id == id }) else {
                return .failure(.refused(.unknownLease(id)))
            }
            body(&state.leases[index])
            return .success(state.leases[index])
        }
        return try result.get()
    }

    /// Grants the leases that wait.
    func grantAll() {
        state.withLock { state in
            for index in state.leases.indices where state.leases[index].isWaiting {
                state.leases[index].state = .granted(Sample.placement, since: now)
            }
        }
    }

    func leases(includingEnded: Bool) async throws(EngineError) -> [Lease] {
        state.withLock { $0.leases.filter { includingEnded || $0.isLive } }
    }

    func lease(_ id: LeaseID) async throws(EngineError) -> PreparedLease {
        guard let lease = state.withLock({ $0.leases.first { $0.id == id } }) else {
            throw .refused(.unknownLease(id))
        }
        return PreparedLease(lease: lease, preparation: lease.placement.map { _ in Sample.preparation(id) })
    }

    func position(of id: LeaseID) async -> Int? {
        state.withLock { $0.leases.filter(\.isWaiting).firstIndex { $0.id == id } }.map { $0 + 1 }
    }

    /// Next is who asked first.
    private var waiting: [Waiting] {
        state.withLock { $0.leases.filter(\.isWaiting) }.enumerated().map { index, lease in
            Sample.waiting(lease, position: index + 1)
        }
    }

    func waiting(_ id: LeaseID) async throws(EngineError) -> Waiting? {
        _ = try await lease(id)
        return waiting.first { $0.lease.id == id }
    }

    func queueReport() async -> QueueReport {
        let waiting = waiting
        return state.withLock { state in
            QueueReport(
                queues: state.queues, waiting: waiting, reservations: state.reservations, capacity: Sample.capacity,
                settings: QueueingSettings())
        }
    }

    func wouldGrant(_ request: Request, to tenant: Tenant) async -> Bool {
        request.portion != .share(Share(milli: 125))
    }

    func offer(_ request: Request, to tenant: Tenant) async -> Result<Offer, Refusal> {
        state.withLock { state in
            state.offered.append((request, tenant))
            return state.offer ?? .success(.now(Sample.placement))
        }
    }

    func reserve(_ ask: ReservationAsk, caller: Caller) async throws(EngineError) -> Reservation {
        try operate(caller) { state in
            state.reserved.append(ask)
            let reservation = Sample.reservation(Int64(state.reservations.count + 1), ask)
            state.reservations.append(reservation)
            return reservation
        }
    }

    func endReservation(named name: String, caller: Caller) async throws(EngineError) {
        let isKnown = try operate(caller) { state in
            let before = state.reservations.count
            state.reservations.removeAll { $0.name == name }
            return state.reservations.count < before
        }
        guard isKnown else { throw .refused(.unknownReservation(name)) }
    }

    func changeQuota(of path: String, _ change: QuotaChange?, caller: Caller) async throws(EngineError) {
        try operate(caller) { $0.quotaChanges.append((path, change)) }
    }

    func drain(_ gpus: [GPUID], reason: String?, caller: Caller) async throws(EngineError) {
        try operate(caller) { state in
            for gpu in gpus { state.drained[gpu] = reason }
        }
    }

    var drained: [GPUID: String] { state.withLock { $0.drained } }

    private func operate<Value>(
        _ caller: Caller, _ body: (inout State) -> Value
    ) throws(EngineError) -> Value {
        let result: Result<Value, EngineError> = state.withLock { state in
            state.callers.append(caller)
            if let failure = state.failure { return .failure(failure) }
            return .success(body(&state))
        }
        return try result.get()
    }

    var node: Node { status.node }
    func fleet() async -> FleetStatus { status }

    func history(after sequence: Int64, limit: Int) async throws(EngineError) -> [RecordedNotice] {
        let page = state.withLock { state in
            state.historyCalls += 1
            // As the engine does it: the limit counts entries, and an entry's notices stay together.
            let sequences = Set(state.history.map(\.sequence)).filter { $0 > sequence }.sorted().prefix(limit)
            return state.history.filter { $0.sequence > sequence && $0.sequence <= sequences.last ?? 0 }
        }
        duringHistory(self)
        if let failure = state.withLock({ $0.failure }) { throw failure }
        return page
    }

    func follow() async -> AsyncStream<RecordedNotice> {
        let (stream, continuation) = AsyncStream.makeStream(of: RecordedNotice.self)
        state.withLock { $0.listeners.append(continuation) }
        return stream
    }

    /// Something happens: it is in the history, and those who follow are told.
    func tell(_ notice: RecordedNotice) {
        state.withLock { state in
            state.history.append(notice)
            for listener in state.listeners { listener.yield(notice) }
        }
    }

    var now: Moment { Sample.now }
    var wallOffset: Int64 { Sample.wallOffset }
}
