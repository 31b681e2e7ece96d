package import Fleet
package import Ledger

/// The machine's clocks, handed in so that the engine and the simulator run the same code.
package struct MachineClock: Sendable {
    /// Nanoseconds since boot, also while the machine slept; never goes back.
    package let sinceBoot: @Sendable () -> Int64
    /// Nanoseconds since the Unix epoch; may step.
    package let wall: @Sendable () -> Int64
    /// Tells one boot from the next.
    package let boot: String

    package init(
        boot: String, sinceBoot: @escaping @Sendable () -> Int64, wall: @escaping @Sendable () -> Int64
    ) {
        self.boot = boot
        self.sinceBoot = sinceBoot
        self.wall = wall
    }
}

/// How the engine does what it does.
package struct EngineSettings: Sendable {
    /// Between two looks at the GPUs while nothing is on them.
    package var scanInterval: Duration
    /// The same while there is something for the watchdog to look at.
    package var watchInterval = Duration.seconds(1)
    /// What the watchdog looks for, and what it does then.
    package var watchdog = WatchdogSettings()
    /// How long a holder may take to stop before it is made to.
    package var grace: Span
    /// A snapshot is taken after this many entries.
    package var entriesPerSnapshot: Int64

    package init(
        scanInterval: Duration = .seconds(2), grace: Span = Span(seconds: 10), entriesPerSnapshot: Int64 = 8_000
    ) {
        self.scanInterval = scanInterval
        self.grace = grace
        self.entriesPerSnapshot = entriesPerSnapshot
    }
}
