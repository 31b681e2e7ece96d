package import Fleet

/// The ledger's clock at one moment, and what turns its moments into times of day.
package struct ClockReading: Hashable, Sendable {
    package let now: Moment
    /// Nanoseconds to add to a moment for the machine's time of day.
    package let wallOffset: Int64

    package init(now: Moment, wallOffset: Int64) {
        self.now = now
        self.wallOffset = wallOffset
    }

    func timestamp(_ moment: Moment) -> Timestamp { Timestamp(moment, offset: wallOffset) }
}
