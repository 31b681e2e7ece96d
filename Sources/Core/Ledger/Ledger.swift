package import Fleet
package import Placement

/// The one record of all leases: a value that takes events in and gives effects out.
///
/// It has no clock, no I/O and no randomness: the same events at the same moments give the same ledger and the same
/// effects, in every process. Copy it to ask "what if".
///
/// Laws that hold after every event:
/// - what the leases on a GPU have never adds up to more than its allocatable compute and memory;
/// - a lease ends once; its room is given back once, when its holder is gone;
/// - who waits is served in the order of asking, whoever of them could ever fit on this fleet;
/// - an event that is refused changes nothing.
package struct Ledger: Sendable {
    package internal(set) var settings: LedgerSettings
    /// Which boot the ledger's clock hangs on, and what is added to that boot's clock; nil before the first start.
    package internal(set) var anchor: ClockAnchor?
    package internal(set) var observation: NodeObservation?
    package internal(set) var room: NodeRoom?
    /// All leases that it remembers, live and ended, by their numbers.
    var leasesByNumber: [Int64: Lease] = [:]
    /// Who waits, next first.
    package internal(set) var queue: [LeaseID] = []
    /// Ended leases that it remembers, in the order they ended.
    var ended: [LeaseID] = []
    /// The number that the next lease gets.
    package internal(set) var nextNumber: Int64 = 1
    var numbersByKey: [TenantKey: Int64] = [:]
    /// The latest moment that an event came with; a moment before it is taken as it.
    package internal(set) var now = Moment(nanoseconds: 0)
    /// The earliest moment at which something is due.
    var nextDue: Moment?

    /// An idempotency key belongs to the tenant who used it.
    struct TenantKey: Hashable {
        let uid: UInt32
        let key: String
    }

    package init(settings: LedgerSettings = LedgerSettings()) { self.settings = settings }

    /// Takes an event in at a moment and says what is to be done, in order.
    package mutating func handle(_ event: Event, at moment: Moment) -> [Effect] {
        now = max(now, moment)
        var effects: [Effect] = []
        switch event {
        case .configured(let settings): self.settings = settings
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
        case .timePassed: passTime(&effects)
        }
        checkInvariants()
        return effects
    }

    /// The lease with this id; nil when it never was or is forgotten.
    package func lease(_ id: LeaseID) -> Lease? { leasesByNumber[id.number] }

    /// All leases that it remembers, oldest first.
    package var leases: [Lease] { leasesByNumber.keys.sorted().compactMap { leasesByNumber[$0] } }

    /// The leases that have a part of each GPU, oldest first.
    package var leasesByGPU: [GPUID: [LeaseID]] {
        var numbers: [GPUID: [LeaseID]] = [:]
        for lease in leasesByNumber.values {
            for grant in lease.placement?.grants ?? [] { numbers[grant.gpu, default: []].append(lease.id) }
        }
        return numbers.mapValues { $0.sorted() }
    }

    /// Whether something is due by `moment`.
    package func isDue(at moment: Moment) -> Bool { nextDue.map { $0 <= moment } ?? false }

    /// Where a waiting lease stands, 1 is next; nil when it does not wait.
    package func position(of id: LeaseID) -> Int? { queue.firstIndex(of: id).map { $0 + 1 } }

    /// What a request would get at this moment if nobody waited; changes nothing.
    package func preview(_ request: Request) -> Result<Placement, Refusal> {
        guard let room else { return .failure(.never(.noNode)) }
        return switch settings.policy.place(request, in: room) {
        case .placed(let placement): .success(placement)
        case .notNow(let obstacles): .failure(.notNow(Explanation(obstacles, of: request, in: room)))
        case .never(let obstacles): .failure(.never(Explanation(obstacles, of: request, in: room)))
        }
    }

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

/// How the ledger's clock hangs on a machine's.
package struct ClockAnchor: Hashable, Sendable, Codable {
    package let boot: String
    /// Nanoseconds that are added to the time since boot.
    package let offset: Int64

    package init(boot: String, offset: Int64) {
        self.boot = boot
        self.offset = offset
    }
}

/// What the ledger decides by.
package struct LedgerSettings: Hashable, Sendable, Codable {
    package var policy: PolicyName
    /// How long an ended lease and its idempotency key are remembered.
    package var memory: Span
    /// How many ended leases are remembered at most.
    package var endedLimit: Int
    /// How many may wait.
    package var queueLimit: Int

    package init(
        policy: PolicyName = .bestFit, memory: Span = Span(seconds: 86_400), endedLimit: Int = 20_000,
        queueLimit: Int = 10_000
    ) {
        self.policy = policy
        self.memory = memory
        self.endedLimit = endedLimit
        self.queueLimit = queueLimit
    }
}

extension Explanation {
    static let noNode = Explanation(
        summary: "the daemon has not looked at this machine's GPUs yet", counts: [], unblocks: nil)
}
