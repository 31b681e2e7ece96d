import Fleet
package import Ledger

extension WatchdogSettings {
    /// The block `watchdog` as lines of a configuration file, which read back to equal settings.
    package var yaml: [String] {
        ["watchdog:"] + WatchdogKey.allCases.map { "  \($0.rawValue): \(text(of: $0))" }
    }

    /// A key's value as it would be written.
    func text(of key: WatchdogKey) -> String {
        switch key {
        case .unleased: unleased.rawValue
        case .misplaced: misplaced.rawValue
        case .overMemory: overMemory.rawValue
        case .overShare: overShare.rawValue
        case .samples: "\(samples)"
        case .memorySlack: QuantityText.text(memorySlack)
        case .shareSlack: QuantityText.text(milliGPU: Int64(shareSlackPercent) * 10)
        case .shareAfter: QuantityText.text(shareAfter)
        case .spare: "[\(spared.map(JSONValue.quoted).joined(separator: ", "))]"
        }
    }
}
