package import Fleet
package import Queueing

/// What a tenant asks of the ledger.
package struct Ask: Hashable, Sendable, Codable {
    package let request: Request
    package let tenant: Tenant
    /// A name for display; nil for none.
    package let name: String?
    /// The same key from the same tenant within the ledger's memory means the same lease.
    package let idempotencyKey: String?
    package let holder: Holder
    /// How long the lease lives without being kept alive; nil when it needs no keeping alive.
    package let keepAlive: Span?

    package init(
        request: Request, tenant: Tenant, name: String? = nil, idempotencyKey: String? = nil, holder: Holder = .nobody,
        keepAlive: Span? = nil
    ) {
        self.request = request
        self.tenant = tenant
        self.name = name
        self.idempotencyKey = idempotencyKey
        self.holder = holder
        self.keepAlive = keepAlive
    }
}

/// Something that happened and that the ledger decides on; with its moment it is all that a replay needs.
package enum Event: Hashable, Sendable, Codable {
    /// A daemon has started and decides by these settings from now on.
    case configured(LedgerSettings)
    /// The machine's clock since boot plus `offset` is the ledger's clock for as long as this boot lasts.
    case anchored(boot: String, offset: Int64)
    /// A look at the node found this.
    case observed(NodeObservation)
    /// A tenant asks for a lease.
    case asked(Ask)
    /// What holds a lease has become another: a container has appeared for the command line that started it.
    case held(LeaseID, by: Holder)
    /// The holder says that it still lives.
    case keptAlive(LeaseID)
    /// A lease's deadline moves later by a span.
    case extended(LeaseID, by: Span)
    /// Somebody wants a lease to end; its holder is stopped first.
    case endAsked(LeaseID, EndReason)
    /// A lease's holder is gone; nothing of it runs any more.
    case holderGone(LeaseID, EndReason)
    /// Work was measured on the GPUs of these leases.
    case active([LeaseID])
    /// Somebody wants room kept.
    case reserved(ReservationAsk)
    /// A reservation is given up, by its number.
    case reservationEnded(Int64)
    /// Nothing new is put on these GPUs, for the reason given; nil puts them back into use.
    case drained([GPUID], reason: String?)
    /// A queue's bounds are changed by hand, by its path; nil sets them back to the configuration.
    case quotaChanged(path: String, QuotaChange?)
    /// The watchdog found something, did something about it, or saw it end.
    case watched(WatchdogReport)
    /// Time has passed; whatever was due is due.
    case timePassed
}

/// What the ledger wants done in the world, in this order.
package enum Effect: Hashable, Sendable {
    /// Make a granted lease hold on the node, before anybody hears of it.
    case prepare(Lease)
    /// Make the lease's holder stop; `holderGone` is to follow.
    case stop(Lease)
    /// Take back what was prepared for a lease that has ended.
    case dismiss(Lease)
    /// Undo what was done about offenders, in this order.
    case lift([Curb])
    /// Tell whoever listens.
    case tell(Notice)
    /// Answer whoever caused the event.
    case answer(Answer)
}

/// What the cause of an event is told.
package enum Answer: Hashable, Sendable {
    case lease(Lease)
    case reservation(Reservation)
    /// It is done, and there is nothing to hand over.
    case done
    case refused(Refusal)
}

/// Why the ledger did not do what was asked; a closed set, each with what follows from it.
package enum Refusal: Error, Hashable, Sendable {
    /// It does not fit now, and the tenant did not want to wait; asking again later is sensible.
    case notNow(Explanation)
    /// It cannot fit on this fleet, whoever gives back what.
    case never(Explanation)
    /// What it needs is not built into this release.
    case notYet(String)
    case unknownLease(LeaseID)
    case alreadyEnded(LeaseID, EndReason)
    /// Only a granted lease can be extended or kept alive.
    case notGranted(LeaseID)
    /// It has no deadline that could be moved; the payload says whether it lives by being kept alive.
    case noDeadline(LeaseID, isKeptAlive: Bool)
    /// The key was used before for another request.
    case keyReused(key: String, LeaseID)
    /// Too many wait already; the limit is the payload.
    case queueFull(Int)
    /// No such queue takes requests; a sentence with those that do.
    case unknownQueue(String)
    /// The queue is not for this tenant.
    case notInQueue(path: String, tenant: String)
    /// The queue's leases live no longer than the span.
    case tooLong(path: String, asked: Span, longest: Span)
    /// Requests in the queue may name at most this priority.
    case tooUrgent(path: String, asked: Int, highest: Int)
    /// No reservation of that name, or none that this tenant may use.
    case unknownReservation(String)
    case reservationNameTaken(String)
    /// A change that would make no tree of queues, in a sentence.
    case badQuota(String)
}

/// A change that is told to whoever follows the ledger, and that its history keeps.
package struct Notice: Hashable, Sendable, Codable {
    package enum Kind: String, Hashable, Sendable, Codable, CaseIterable {
        case leaseWaiting, leaseGranted, leaseHeld, leaseExtended, leaseEnding, leaseEnded
        /// Told that it will be stopped for another; told that it may stay after all.
        case leasePreempted, leaseSpared
        /// Told that its GPUs are idle; shrunk because they stayed so.
        case leaseIdle, leaseShrunk
        case gpuAdded, gpuRemoved, gpuHealthChanged, gpuDrained, foreignMemoryChanged, nodeChanged
        case reservationMade, reservationEnded, quotaChanged
        /// What the watchdog found, what it did about that, and that it is over.
        case processUnleased, processMisplaced, leaseOverMemory, leaseOverShare, watchdogActed, watchdogCleared
    }

    package let kind: Kind
    package let lease: LeaseID?
    package let gpu: GPUID?
    /// One sentence for people.
    package let text: String

    package init(_ kind: Kind, lease: LeaseID? = nil, gpu: GPUID? = nil, text: String) {
        self.kind = kind
        self.lease = lease
        self.gpu = gpu
        self.text = text
    }
}
