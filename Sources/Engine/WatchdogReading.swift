package import Fleet
package import Ledger

/// A kind of finding with what was to be done about it.
package struct WatchdogCount: Hashable, Sendable {
    package let kind: Finding.Kind
    package let action: WatchdogAction

    package init(kind: Finding.Kind, action: WatchdogAction) {
        self.kind = kind
        self.action = action
    }
}

/// What the watchdog has seen, for metrics.
package struct WatchdogReading: Sendable {
    /// What processes without a lease hold of a GPU, at the last look.
    package struct Strangers: Hashable, Sendable {
        package let gpu: GPUID
        package let processes: Int
        package let memory: Bytes

        package init(gpu: GPUID, processes: Int, memory: Bytes) {
            self.gpu = gpu
            self.processes = processes
            self.memory = memory
        }
    }

    /// Findings since the daemon started.
    package let counts: [WatchdogCount: Int]
    /// Findings that go on.
    package let open: [OpenFinding]
    /// One for each GPU that answered, in the driver's order.
    package let strangers: [Strangers]

    package init(counts: [WatchdogCount: Int], open: [OpenFinding], strangers: [Strangers]) {
        self.counts = counts
        self.open = open
        self.strangers = strangers
    }
}

extension Engine {
    /// What the watchdog has seen, as of the last look.
    package var watchdogReading: WatchdogReading {
        WatchdogReading(
            counts: watch.counts, open: ledger.findings,
            strangers: node.gpus.compactMap { gpu in
                watch.strangers[gpu.id].map { .init(gpu: gpu.id, processes: $0.processes, memory: $0.memory) }
            })
    }
}
