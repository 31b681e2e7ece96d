import Fleet

/// A key of the block `watchdog`.
enum WatchdogKey: String, CaseIterable {
    case unleased, misplaced, overMemory, overShare, samples, memorySlack, shareSlack, shareAfter, spare

    /// What a value looks like.
    var form: String {
        switch self {
        case .unleased, .misplaced, .overMemory, .overShare: QueueingKey.words(WatchdogAction.self)
        case .samples: "a whole number from 1 to 60"
        case .memorySlack: "\(QuantityText.memoryForm), or 0"
        case .shareSlack: "a share of a GPU from 0 to 1, such as 0.15"
        case .shareAfter: "\(QuantityText.spanForm), from 2s to 1h"
        case .spare:
            "a list of programs by their files' names, such as [usual, train-monitor], where usual is display servers and the "
                + "driver's own services"
        }
    }
}

/// Where in a file the keys of the block `watchdog` stand.
package struct WatchdogLines: Hashable, Sendable {
    var keys: [WatchdogKey: Int] = [:]
}
