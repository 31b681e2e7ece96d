import Fleet
import Ledger
import Yams

/// Reads the block `watchdog` of a configuration file.
struct WatchdogReader {
    private(set) var reader: BlockReader
    private(set) var settings = WatchdogSettings()
    private(set) var lines = WatchdogLines()

    init(path: String, _ node: Yams.Node) {
        reader = BlockReader(path: path)
        let form = "the keys are \(WatchdogKey.allCases.map(\.rawValue).joined(separator: ", "))"
        for (key, value) in reader.block(node, "watchdog", form: form, keys: WatchdogKey.self) ?? [] {
            lines.keys[key] = value.mark?.line
            let name = "watchdog.\(key.rawValue)"
            switch key {
            case .unleased: set(\.unleased, value, name, key.form, WatchdogAction.init)
            case .misplaced: set(\.misplaced, value, name, key.form, WatchdogAction.init)
            case .overMemory: set(\.overMemory, value, name, key.form, WatchdogAction.init)
            case .overShare: set(\.overShare, value, name, key.form, WatchdogAction.init)
            case .samples:
                set(\.samples, value, name, key.form) { Int($0).flatMap { (1...60).contains($0) ? $0 : nil } }
            case .memorySlack: set(\.memorySlack, value, name, key.form, QuantityText.bytes)
            case .shareSlack:
                set(\.shareSlackPercent, value, name, key.form) { text in
                    // Whole points of a hundred.
                    QuantityText.milliGPU(text).flatMap { (0...1000).contains($0) && $0 % 10 == 0 ? Int($0 / 10) : nil }
                }
            case .shareAfter:
                set(\.shareAfter, value, name, key.form) { text in
                    Span(written: text).flatMap { (2...3600).contains($0.seconds) ? $0 : nil }
                }
            case .spare:
                if let programs = reader.words(value, of: name, form: key.form) { settings.spared = programs }
            }
        }
    }

    private mutating func set<Value>(
        _ property: WritableKeyPath<WatchdogSettings, Value>, _ node: Yams.Node, _ name: String, _ form: String,
        _ parse: (String) -> Value?
    ) {
        if let value = reader.value(node, of: name, form: form, parse) { settings[keyPath: property] = value }
    }
}
