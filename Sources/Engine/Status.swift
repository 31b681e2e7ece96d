package import Fleet
package import Ledger

/// A GPU as it is now: what it is, what is free on it, who has the rest.
package struct GPUStatus: Hashable, Sendable {
    package let gpu: GPU
    package let condition: GPUCondition
    package let reading: GPUReading
    /// What a new lease could still get of it.
    package let freeShare: Share
    package let freeMemory: Bytes
    /// The leases that have a part of it, oldest first.
    package let leases: [LeaseID]
    /// Who has which of its slices, by the slice's UUID.
    package let sliceLeases: [String: LeaseID]

    package init(
        gpu: GPU, condition: GPUCondition, reading: GPUReading, freeShare: Share, freeMemory: Bytes, leases: [LeaseID],
        sliceLeases: [String: LeaseID] = [:]
    ) {
        self.sliceLeases = sliceLeases
        self.gpu = gpu
        self.condition = condition
        self.reading = reading
        self.freeShare = freeShare
        self.freeMemory = freeMemory
        self.leases = leases
    }
}

/// The fleet as it is now.
package struct FleetStatus: Sendable {
    package let node: Node
    /// In the order of `node.gpus`.
    package let gpus: [GPUStatus]
    package let waiting: Int

    package init(node: Node, gpus: [GPUStatus], waiting: Int) {
        self.node = node
        self.gpus = gpus
        self.waiting = waiting
    }
}

/// A lease with what a client needs to use it.
package struct PreparedLease: Sendable {
    package let lease: Lease
    /// nil while it waits and after it has ended.
    package let preparation: Preparation?
    /// What makes it hold, read back when it was asked for, strongest first; empty where nothing of ours does.
    package let fences: [FenceReading]

    package init(lease: Lease, preparation: Preparation?, fences: [FenceReading] = []) {
        self.lease = lease
        self.preparation = preparation
        self.fences = fences
    }
}

/// A notice with its place in the history.
package struct RecordedNotice: Hashable, Sendable, Codable {
    /// The journal entry that it came from; several notices can share one.
    package let sequence: Int64
    package let at: Moment
    /// Nanoseconds since the Unix epoch by the machine's clock, for display.
    package let wall: Int64
    package let notice: Notice

    package init(sequence: Int64, at: Moment, wall: Int64, notice: Notice) {
        self.sequence = sequence
        self.at = at
        self.wall = wall
        self.notice = notice
    }
}

/// Who makes a call, as the kernel tells it.
package struct Caller: Hashable, Sendable {
    package let uid: UInt32
    package let gid: UInt32
    package let pid: Int32
    /// May end and extend other tenants' leases: root and the daemon's own user.
    package let isOperator: Bool

    package init(uid: UInt32, gid: UInt32, pid: Int32, isOperator: Bool) {
        self.uid = uid
        self.gid = gid
        self.pid = pid
        self.isOperator = isOperator
    }
}

/// Why the engine did not do what was asked.
package enum EngineError: Error, Sendable {
    /// The ledger says no.
    case refused(Refusal)
    /// The lease belongs to somebody else; the payload is its tenant's name.
    case notYours(LeaseID, tenant: String)
    /// Only root and the daemon's own user may; the payload is what: "change quotas".
    case operatorsOnly(String)
    /// It could not be written down, so it did not happen.
    case journal(JournalError)
    /// It was granted, but could not be made ready on the node, and was given back.
    case preparation(PreparationError)
    /// Its programs could not be given their limits, so they must not start.
    case admission(PreparationError)
    /// The daemon is stopping or has lost its journal.
    case stopped(String)
}

extension EngineError {
    static let noAnswer = EngineError.stopped("the ledger gave no answer; please report this with the daemon's log")
}
