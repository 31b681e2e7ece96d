package import Fleet
package import Placement
package import Queueing

/// The one record of all leases: a value that takes events in and gives effects out.
///
/// It has no clock, no I/O and no randomness: the same events at the same moments give the same ledger and the same
/// effects, in every process. Copy it to ask "what if".
///
/// Laws that hold after every event:
/// - what the leases on a GPU have never adds up to more than its allocatable compute and memory;
/// - no queue and no tenant has more than its bounds allowed when the last lease in it was granted;
/// - a lease ends once; its room is given back once, when its holder is gone;
/// - an event that is refused changes nothing.
package struct Ledger: Sendable {
    package internal(set) var settings: LedgerSettings
    /// The queues of the settings, with what was changed by hand.
    package internal(set) var tree: QueueTree
    /// Which boot the ledger's clock hangs on, and what is added to that boot's clock; nil before the first start.
    package internal(set) var anchor: ClockAnchor?
    package internal(set) var observation: NodeObservation?
    /// What is left on the node; nil until somebody has looked.
    package internal(set) var pool: Pool?
    /// The requests that came, for policies that look ahead.
    var mix = DemandMix()
    /// The same when everybody has given back, all is well and nothing is drained.
    var vacant: Pool?
    /// All leases that it remembers, live and ended, by their numbers.
    var leasesByNumber: [Int64: Lease] = [:]
    /// The numbers of the leases that have room, and of those that are to make room for others.
    var running: Set<Int64> = []
    var announced: Set<Int64> = []
    /// Who waits, next first.
    package internal(set) var queue: [LeaseID] = []
    /// What was promised to them, where backfill is conservative.
    var promises: [QueuePlan.Promise] = []
    /// What queues and tenants have.
    var use: QuotaUse
    /// What tenants have had.
    var usage = UsageBook()
    package internal(set) var reservations: [Reservation] = []
    /// The GPUs of reservations by their ids, by the reservation's number.
    var reservedPlacements: [Int64: Placement] = [:]
    var nextReservation: Int64 = 1
    /// Bounds that were changed by hand, by the queue's path.
    package internal(set) var quotaChanges: [String: QuotaChange] = [:]
    /// GPUs that get nothing new, with the reason.
    package internal(set) var drained: [GPUID: String] = [:]
    /// What the watchdog has found and what is not over, in the order of findings.
    package internal(set) var findings: [OpenFinding] = []
    /// Ended leases that it remembers, in the order they ended.
    var ended: [LeaseID] = []
    /// The number that the next lease gets.
    package internal(set) var nextNumber: Int64 = 1
    var numbersByKey: [TenantKey: Int64] = [:]
    /// The latest moment that an event came with; a moment before it is taken as it.
    package internal(set) var now = Moment(nanoseconds: 0)
    /// The earliest moment at which something is due.
    var nextDue: Moment?
    /// What was decided at the last event, for the journal.
    package internal(set) var decisions: [Decision] = []
    /// While a history is replayed: what was decided at the event, next first.
    var script: ArraySlice<Decision>?

    /// An idempotency key belongs to the tenant who used it.
    struct TenantKey: Hashable {
        let uid: UInt32
        let key: String
    }

    package init(settings: LedgerSettings = LedgerSettings()) {
        self.settings = settings
        tree = QueueTree.checked(settings.queueing.queues)
        use = QuotaUse(tree)
    }

    /// Takes an event in at a moment and says what is to be done, in order.
    package mutating func handle(_ event: Event, at moment: Moment) -> [Effect] {
        now = max(now, moment)
        decisions = []
        var effects: [Effect] = []
        switch event {
        case .configured(let settings): configure(settings, &effects)
        case .anchored(let boot, let offset): anchor(on: boot, offset: offset, &effects)
        case .observed(let observation): observe(observation, &effects)
        case .asked(let ask): take(ask, &effects)
        case .held(let id, let holder):
            change(id, &effects) { ledger, lease, effects in
                ledger.hold(lease, by: holder, &effects)
            }
        case .keptAlive(let id): change(id, &effects) { ledger, lease, effects in ledger.keepAlive(lease, &effects) }
        case .extended(let id, let span):
            change(id, &effects) { ledger, lease, effects in
                ledger.extend(lease, by: span, &effects)
            }
        case .endAsked(let id, let reason):
            change(id, &effects) { ledger, lease, effects in
                ledger.askEnd(of: lease, reason, &effects)
            }
        case .holderGone(let id, let reason):
            change(id, &effects) { ledger, lease, effects in
                ledger.end(lease, reason, &effects)
            }
        case .active(let leases): markActive(leases)
        case .reserved(let ask): reserve(ask, &effects)
        case .reservationEnded(let number): endReservation(number, &effects)
        case .drained(let gpus, let reason): drain(gpus, reason: reason, &effects)
        case .quotaChanged(let path, let change): changeQuota(of: path, change, &effects)
        case .watched(let report): watch(report, &effects)
        case .timePassed: passTime(&effects)
        }
        checkInvariants()
        return effects
    }

    /// Takes in an event of the past with what was decided then; nil decides anew.
    package mutating func replay(_ event: Event, at moment: Moment, deciding decisions: [Decision]?) {
        script = decisions.map { $0[...] }
        let backfill = settings.queueing.backfill
        // Before decisions were written down, nobody went ahead of anybody.
        if decisions == nil { settings.queueing.backfill = .none }
        defer {
            script = nil
            if decisions == nil { settings.queueing.backfill = backfill }
        }
        _ = handle(event, at: moment)
    }

    /// The lease with this id; nil when it never was or is forgotten.
    package func lease(_ id: LeaseID) -> Lease? { leasesByNumber[id.number] }

    /// All leases that it remembers, oldest first.
    package var leases: [Lease] { leasesByNumber.keys.sorted().compactMap { leasesByNumber[$0] } }

    /// The leases that have room, oldest first.
    package var leasesWithRoom: [Lease] { running.sorted().compactMap { leasesByNumber[$0] } }

    /// The leases that have a part of each GPU, oldest first.
    package var leasesByGPU: [GPUID: [LeaseID]] {
        var numbers: [GPUID: [LeaseID]] = [:]
        for lease in leasesWithRoom {
            for grant in lease.placement?.grants ?? [] { numbers[grant.gpu, default: []].append(lease.id) }
        }
        return numbers
    }

    /// The lease that has each existing slice, by the slice's UUID.
    package var leasesBySlice: [String: LeaseID] {
        var owners: [String: LeaseID] = [:]
        for lease in leasesWithRoom {
            for grant in lease.placement?.grants ?? [] {
                if let uuid = grant.slice?.uuid { owners[uuid] = lease.id }
            }
        }
        return owners
    }

    /// Whether something is due by `moment`.
    package func isDue(at moment: Moment) -> Bool { nextDue.map { $0 <= moment } ?? false }

    /// Where a waiting lease stands, 1 is next; nil when it does not wait.
    package func position(of id: LeaseID) -> Int? { queue.firstIndex(of: id).map { $0 + 1 } }

    /// Runs `body` on a live lease, or refuses.
    private mutating func change(
        _ id: LeaseID, _ effects: inout [Effect], _ body: (inout Ledger, Lease, inout [Effect]) -> Void
    ) {
        guard let lease = leasesByNumber[id.number] else {
            effects.append(.answer(.refused(.unknownLease(id))))
            return
        }
        if case .ended(let reason, _, _, _) = lease.state {
            effects.append(.answer(.refused(.alreadyEnded(id, reason))))
            return
        }
        body(&self, lease, &effects)
    }
}
