package import Engine
package import Fleet
package import Ledger

/// What the API needs of the engine, and no more.
package protocol PoolService: Sendable {
    func ask(_ ask: Ask) async throws(EngineError) -> PreparedLease
    func settled(_ id: LeaseID, within patience: Span) async throws(EngineError) -> PreparedLease
    func end(_ id: LeaseID, by caller: Caller) async throws(EngineError) -> Lease
    func extend(_ id: LeaseID, by span: Span, caller: Caller) async throws(EngineError) -> Lease
    func keepAlive(_ id: LeaseID, caller: Caller) async throws(EngineError) -> Lease
    func leases(includingEnded: Bool) async throws(EngineError) -> [Lease]
    func lease(_ id: LeaseID) async throws(EngineError) -> PreparedLease
    func position(of id: LeaseID) async -> Int?
    func explanation(of id: LeaseID) async -> Explanation?
    /// The node as it was at the last look, which is seconds ago at most.
    var node: Node { get async }
    func fleet() async -> FleetStatus
    func preview(_ request: Request) async -> Result<Placement, Refusal>
    func history(after sequence: Int64, limit: Int) async throws(EngineError) -> [RecordedNotice]
    func follow() async -> AsyncStream<RecordedNotice>
    var now: Moment { get async }
    var wallOffset: Int64 { get async }
}
