package import Fleet

/// How much was found, and how much there may be; what does not apply is nil.
package struct FindingEvidence: Hashable, Sendable, Codable {
    package var memory: Bytes?
    /// What the lease grants, without the slack.
    package var memoryGranted: Bytes?
    /// Per cent of the GPU's time.
    package var busyPercent: Int?
    package var percentGranted: Int?
    /// The lease of a process that is on a GPU of somebody else.
    package var lease: LeaseID?
    /// Whose process it is and what it runs, for people.
    package var user: String?
    package var command: String?

    package init(
        memory: Bytes? = nil, memoryGranted: Bytes? = nil, busyPercent: Int? = nil, percentGranted: Int? = nil,
        lease: LeaseID? = nil, user: String? = nil, command: String? = nil
    ) {
        self.memory = memory
        self.memoryGranted = memoryGranted
        self.busyPercent = busyPercent
        self.percentGranted = percentGranted
        self.lease = lease
        self.user = user
        self.command = command
    }
}

/// What the watchdog tells the ledger.
package enum WatchdogReport: Hashable, Sendable, Codable {
    /// A finding begins, and by policy this is to be done about it.
    case found(Finding, WatchdogAction, FindingEvidence)
    /// Something was done about it, or could not be done.
    case acted(Finding, WatchdogAct)
    /// A finding ends.
    case cleared(Finding, FindingEnd)
}

/// What was done about a finding.
package struct WatchdogAct: Hashable, Sendable, Codable {
    /// The processes of the finding that something was done about by now, or tried; those that are gone are not here.
    package let handled: [ProcessIdentity]
    /// What is to be undone when the finding ends.
    package let curbs: [Curb]
    /// What was done, in words that go on from "divvy has": `killed process 17`; nil when nothing could be.
    package let done: String?
    /// What could not be done and why, in one sentence.
    package let problem: String?

    package init(handled: [ProcessIdentity], curbs: [Curb], done: String?, problem: String?) {
        self.handled = handled
        self.curbs = curbs
        self.done = done
        self.problem = problem
    }
}

/// Why a finding ended.
package enum FindingEnd: String, Hashable, Sendable, Codable {
    /// The process is not on the GPU any more.
    case gone
    /// It is within what is granted again.
    case within
    /// The process has a lease for the GPU now.
    case leased
    /// The lease ends or has ended.
    case leaseOver
    /// The GPU is not there any more.
    case gpuGone
    /// The settings say something else now; if it is still so, it is found anew.
    case settings
}

/// A finding that goes on, with what was done about it.
package struct OpenFinding: Hashable, Sendable, Codable {
    package let finding: Finding
    package let action: WatchdogAction
    package let evidence: FindingEvidence
    package let since: Moment
    /// The processes that something was done about, or tried.
    package var handled: [ProcessIdentity]
    /// What is to be undone when it ends, in the order in which it was done.
    package var curbs: [Curb]
    /// Why what was to be done could not be done the last time; nil when it could.
    package var problem: String?

    package init(_ finding: Finding, _ action: WatchdogAction, _ evidence: FindingEvidence, since: Moment) {
        self.finding = finding
        self.action = action
        self.evidence = evidence
        self.since = since
        handled = []
        curbs = []
    }
}
