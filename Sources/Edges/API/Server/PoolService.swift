package import Engine
package import Fleet
package import Ledger
package import Queueing

/// What the API needs of the engine, and no more.
package protocol PoolService: Sendable {
    func ask(_ ask: Ask) async throws(EngineError) -> PreparedLease
    func settled(_ id: LeaseID, within patience: Span) async throws(EngineError) -> PreparedLease
    func end(_ id: LeaseID, by caller: Caller) async throws(EngineError) -> Lease
    func extend(_ id: LeaseID, by span: Span, caller: Caller) async throws(EngineError) -> Lease
    func keepAlive(_ id: LeaseID, caller: Caller) async throws(EngineError) -> Lease
    func admit(_ arrival: Arrival, to id: LeaseID, caller: Caller) async throws(EngineError)
    func hand(_ id: LeaseID, to process: ProcessIdentity, caller: Caller) async throws(EngineError) -> Lease
    func leases(includingEnded: Bool) async throws(EngineError) -> [Lease]
    func lease(_ id: LeaseID) async throws(EngineError) -> PreparedLease
    func position(of id: LeaseID) async -> Int?
    func queueReport() async -> QueueReport
    func waiting(_ id: LeaseID) async throws(EngineError) -> Waiting?
    func wouldGrant(_ request: Request, to tenant: Tenant) async -> Bool
    func offer(_ request: Request, to tenant: Tenant) async -> Result<Offer, Refusal>
    func reserve(_ ask: ReservationAsk, caller: Caller) async throws(EngineError) -> Reservation
    func endReservation(named name: String, caller: Caller) async throws(EngineError)
    func changeQuota(of path: String, _ change: QuotaChange?, caller: Caller) async throws(EngineError)
    func drain(_ gpus: [GPUID], reason: String?, caller: Caller) async throws(EngineError)
    var drained: [GPUID: String] { get async }
    /// The node as it was at the last look, which is seconds ago at most.
    var node: Node { get async }
    func fleet() async -> FleetStatus
    func history(after sequence: Int64, limit: Int) async throws(EngineError) -> [RecordedNotice]
    func follow() async -> AsyncStream<RecordedNotice>
    /// What the watchdog has seen, as of its last look.
    var watchdogReading: WatchdogReading { get async }
    var now: Moment { get async }
    var wallOffset: Int64 { get async }
}
