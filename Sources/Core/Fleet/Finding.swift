/// Something on a GPU that no lease allows, as the watchdog sees it from outside.
///
/// Two findings of the same kind, on the same GPU, about the same subject are one.
package struct Finding: Hashable, Sendable, Codable {
    package enum Kind: String, Hashable, Sendable, Codable, CaseIterable {
        /// A process on a GPU that has no lease at all.
        case unleased
        /// A process of a lease on a GPU that is not that lease's.
        case misplaced
        /// A lease whose processes hold more memory of a GPU than it grants.
        case overMemory
        /// A lease whose processes take more of a GPU's time than it grants, while another lease gets less than its own.
        case overShare
    }

    /// Who is found: one process, or all of a lease's processes on the GPU.
    package enum Subject: Hashable, Sendable, Codable {
        /// A pid with the start time that tells it from a later process; field 22 of `/proc/PID/stat`.
        case process(pid: Int32, startTicks: UInt64)
        case lease(LeaseID)
    }

    package let kind: Kind
    package let gpu: GPUID
    package let subject: Subject

    package init(_ kind: Kind, gpu: GPUID, _ subject: Subject) {
        self.kind = kind
        self.gpu = gpu
        self.subject = subject
    }
}

extension Finding: Comparable {
    private var rank: (Int, String, Int64, UInt64) {
        let kind = Kind.allCases.firstIndex(of: self.kind) ?? 0
        return switch subject {
        case .lease(let lease): (kind, gpu.rawValue, lease.number, 0)
        case .process(let pid, let startTicks): (kind, gpu.rawValue, Int64(pid), startTicks)
        }
    }

    package static func < (left: Finding, right: Finding) -> Bool { left.rank < right.rank }
}

/// What the watchdog does about a finding, mildest first.
package enum WatchdogAction: String, Hashable, Sendable, Codable, CaseIterable {
    /// It does not look.
    case off
    /// It tells, and no more.
    case warn
    /// The offender gets a tenth of a processor, and the limiter's gate is closed to it; until the finding ends.
    case throttle
    /// The offender is stopped where it is; kernels that run on the GPU end by themselves. Until the finding ends.
    case freeze
    /// The offender is killed.
    case kill
}

extension WatchdogAction: Comparable {
    private var rank: Int { WatchdogAction.allCases.firstIndex(of: self) ?? 0 }

    package static func < (left: WatchdogAction, right: WatchdogAction) -> Bool { left.rank < right.rank }
}

/// Something that was done to an offender, with what is needed to undo it after any crash.
package enum Curb: Hashable, Sendable, Codable {
    /// The process was stopped by a signal.
    case stopped(ProcessIdentity)
    /// A file of a cgroup was written over; the text that it had before.
    case wrote(file: String, before: String)
    /// The limiter's gate was closed to a lease.
    case gateClosed(LeaseID)
}
