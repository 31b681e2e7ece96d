package import Fleet

/// The demand for slices of one geometry: how often each profile is asked for, in any unit.
package struct SliceMix: Hashable, Sendable {
    /// By the positions of the geometry's profiles; none is negative.
    package let counts: [Int32]

    package init(counts: [Int32]) { self.counts = counts.map { max($0, 0) } }

    /// Nothing is known: every profile as often as any other, without the variants that differ in media engines only.
    package static func even(_ geometry: MIGGeometry) -> SliceMix {
        SliceMix(counts: geometry.profiles.map { $0.name.contains { $0 == "+" || $0 == "-" } ? 0 : 1 })
    }
}
