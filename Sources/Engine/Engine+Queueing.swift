package import Fleet
package import Ledger
package import Queueing

/// What is asked about queues, and what operators change.
extension Engine {
    /// All queues, everybody who waits and why, and the reservations.
    package func queueReport() async -> QueueReport { presentLedger.queueReport }

    /// The ledger as it is at this moment, not as it was at the last event.
    private var presentLedger: Ledger { ledger.seen(at: now) }

    /// Why a lease waits and when it starts at the earliest; nil when it does not wait.
    package func waiting(_ id: LeaseID) async throws(EngineError) -> Waiting? {
        guard ledger.lease(id) != nil else { throw .refused(.unknownLease(id)) }
        return presentLedger.waiting.first { $0.lease.id == id }
    }

    /// What a request would get now; changes nothing.
    package func offer(_ request: Request, to tenant: Tenant) async -> Result<Offer, Refusal> {
        presentLedger.offer(request, to: tenant)
    }

    /// Whether a request would be granted at once; changes nothing.
    package func wouldGrant(_ request: Request, to tenant: Tenant) async -> Bool {
        presentLedger.wouldGrant(request, to: tenant)
    }

    /// Keeps room for somebody.
    package func reserve(_ ask: ReservationAsk, caller: Caller) async throws(EngineError) -> Reservation {
        try requireOperator(caller, for: "make reservations")
        guard case .reservation(let reservation) = try await outcome(of: .reserved(ask)) else { throw .noAnswer }
        return reservation
    }

    package func endReservation(named name: String, caller: Caller) async throws(EngineError) {
        try requireOperator(caller, for: "give up reservations")
        guard let reservation = ledger.reservations.first(where: { $0.name == name }) else {
            throw .refused(.unknownReservation(name))
        }
        _ = try await outcome(of: .reservationEnded(reservation.number))
    }

    /// Changes a queue's bounds until they are set back with nil.
    package func changeQuota(of path: String, _ change: QuotaChange?, caller: Caller) async throws(EngineError) {
        try requireOperator(caller, for: "change quotas")
        _ = try await outcome(of: .quotaChanged(path: path, change))
    }

    /// Puts nothing new on GPUs, for a reason; with nil puts them back into use.
    package func drain(_ gpus: [GPUID], reason: String?, caller: Caller) async throws(EngineError) {
        try requireOperator(caller, for: "drain GPUs")
        _ = try await outcome(of: .drained(gpus, reason: reason))
    }

    /// GPUs that get nothing new, with the reason.
    package var drained: [GPUID: String] { ledger.drained }

    private func requireOperator(_ caller: Caller, for what: String) throws(EngineError) {
        guard caller.isOperator else { throw .operatorsOnly(what) }
    }
}
