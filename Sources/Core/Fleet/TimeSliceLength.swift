/// How long a GPU computes for one context before it turns to the next, in the words of the driver, which tells no times.
package enum TimeSliceLength: String, Hashable, Sendable, Codable, CaseIterable {
    case `default`
    case short
    case medium
    case long

    /// As `nvidia-smi compute-policy --set-timeslice` counts them, 0 to 3.
    package var number: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}
