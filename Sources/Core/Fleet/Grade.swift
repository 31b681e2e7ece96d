/// How strong the fence around a share is, strongest last.
package enum Grade: String, Hashable, Sendable, Codable, CaseIterable {
    /// Time-slicing by the driver: a count only, nothing is fenced.
    case unfenced
    /// The limiter in the process: memory and compute, against honest programs.
    case cooperative
    /// The driver's memory limit per cgroup, MPS for compute: memory; compute as an upper bound.
    case enforced
    /// A hardware partition: memory, compute, bandwidth, faults.
    case partitioned
    /// The whole GPU: everything.
    case exclusive

    /// What this grade keeps apart, in one sentence for people.
    package var fences: String {
        switch self {
        case .exclusive: "the whole GPU is yours"
        case .partitioned: "memory, compute, bandwidth and faults are kept apart by the hardware"
        case .enforced: "memory is kept apart by the driver, compute is an upper bound"
        case .cooperative: "memory and compute are kept apart for honest programs"
        case .unfenced: "nothing is kept apart: the share is a count only"
        }
    }
}

extension Grade: Comparable {
    private var rank: Int { Grade.allCases.firstIndex(of: self) ?? 0 }

    package static func < (left: Grade, right: Grade) -> Bool { left.rank < right.rank }
}
