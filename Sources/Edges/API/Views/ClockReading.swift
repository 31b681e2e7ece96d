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

    /// The moment on the ledger's clock of a time of day; held at the ends of what can be counted.
    func moment(_ timestamp: Timestamp) -> Moment {
        let (value, overflow) = timestamp.wall.subtractingReportingOverflow(wallOffset)
        return Moment(nanoseconds: overflow ? (wallOffset < 0 ? .max : .min) : value)
    }

    /// How long it is until a moment, in seconds; 0 when it has passed.
    func seconds(until moment: Moment) -> Double { max(.zero, moment - now).seconds }

    func timestamp(_ moment: Moment) -> Timestamp { Timestamp(moment, offset: wallOffset) }
}
