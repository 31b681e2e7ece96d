package import Fleet

/// Who is to be curbed, and how.
package struct Offender: Hashable, Sendable {
    package let finding: Finding
    /// The lease whose processes they are; nil for a process without one.
    package let lease: LeaseID?
    /// The processes that nothing was done about yet.
    package let processes: [ProcessIdentity]
    package let action: WatchdogAction

    package init(_ finding: Finding, lease: LeaseID?, processes: [ProcessIdentity], action: WatchdogAction) {
        self.finding = finding
        self.lease = lease
        self.processes = processes
        self.action = action
    }
}

/// What came of curbing somebody.
package struct CurbOutcome: Hashable, Sendable {
    /// What is new and is to be undone when the finding ends.
    package var curbs: [Curb] = []
    /// What was done, each in words that go on from "divvy has": `killed process 17`. Empty when all were held already.
    package var done: [String] = []
    /// What could not be done, each a sentence with its reason and what helps.
    package var problems: [String] = []

    package init() {}
}

/// What is known of a process without a lease.
package enum ProcessStanding: Hashable, Sendable {
    case ordinary
    /// A program that the settings name: it is told of, and nothing is done about it.
    case spared
    /// A part of Divvy.
    case divvy
}

/// Acts on processes that are where they may not be, or take more than they may.
///
/// It never acts on the daemon, on the machine's first process, nor on anybody who only shares a cgroup with an offender,
/// and never on a later process that has the pid of one that is gone. It never resets a GPU.
package protocol OffenderControl: Sendable {
    /// What each of these processes is, by pid.
    func standing(of processes: [ProcessIdentity], sparing programs: [String]) async -> [Int32: ProcessStanding]

    /// Throttles, freezes or kills the offender's processes.
    ///
    /// Doing it again is harmless. Processes that end meanwhile are no problem.
    /// - Parameter standing: everything that is curbed already, for whatever reason; what one of these holds is not
    ///   curbed twice.
    func curb(_ offender: Offender, standing: [Curb]) async -> CurbOutcome

    /// Undoes a curb; one whose cgroup or process is gone is undone. Returns why it could not be undone.
    func lift(_ curb: Curb) async -> String?
}

/// Control over nobody, for an engine that only tells.
package struct NoOffenderControl: OffenderControl {
    package init() {}

    package func standing(
        of processes: [ProcessIdentity], sparing programs: [String]
    ) async -> [Int32: ProcessStanding] { [:] }

    package func curb(_ offender: Offender, standing: [Curb]) async -> CurbOutcome {
        var outcome = CurbOutcome()
        outcome.problems = ["nothing here can act on processes"]
        return outcome
    }

    package func lift(_ curb: Curb) async -> String? { nil }
}
