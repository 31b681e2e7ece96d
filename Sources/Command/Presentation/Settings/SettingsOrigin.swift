import Queueing

/// Where a setting's value came from.
package enum SettingsOrigin: Hashable, Sendable, CustomStringConvertible {
    case flag
    /// The variable's name.
    case variable(String)
    case file(path: String, line: Int?)

    /// For people, as compilers write places: `/etc/divvy/config.yaml:3`.
    package var description: String {
        switch self {
        case .flag: "command line"
        case .variable(let name): name
        case .file(let path, let line): line.map { "\(path):\($0)" } ?? path
        }
    }
}

/// Where the values came from that did not stay at their defaults.
package struct SettingsOrigins: Hashable, Sendable {
    package var keys: [SettingsKey: SettingsOrigin] = [:]
    /// The file with the block `queueing`, and where in it what stands.
    package var queueing: (path: String, lines: QueueingLines)? {
        get { queueingPath.map { ($0, queueingLines) } }
        set {
            queueingPath = newValue?.path
            queueingLines = newValue?.lines ?? QueueingLines()
        }
    }

    /// Where the keys of the block `watchdog` stand.
    var watchdog: [WatchdogKey: SettingsOrigin] = [:]

    private var queueingPath: String?
    private var queueingLines = QueueingLines()

    package init() {}

    func origin(of key: QueueingKey) -> SettingsOrigin? {
        queueing.flatMap { place in place.lines.keys[key].map { .file(path: place.path, line: $0) } }
    }

    func origin(ofQueue path: String) -> SettingsOrigin? {
        queueing.flatMap { place in place.lines.queues[path].map { .file(path: place.path, line: $0) } }
    }
}

extension Table {
    /// Every setting with its value and where that came from.
    package init(_ settings: Settings, origins: SettingsOrigins, paths: StandardPaths) {
        func row(_ name: String, _ value: String?, _ origin: SettingsOrigin?) -> [Cell] {
            [
                Cell(name), value.map { $0.isEmpty ? .none : Cell($0) } ?? .none,
                origin.map { Cell("\($0)") } ?? Cell("default", .muted),
            ]
        }
        let keys = SettingsKey.allCases.map { key in
            row(key.rawValue, settings.text(of: key) ?? paths.text(of: key), origins.keys[key])
        }
        let queueing = QueueingKey.allCases.filter { $0 != .queues }.map { key in
            row("queueing.\(key.rawValue)", settings.queueing.text(of: key), origins.origin(of: key))
        }
        let queues = settings.queueing.queues.flatMap { queue in
            let origin = origins.origin(ofQueue: queue.path)
            let keys = queue.settings.map { row("queue \(queue.path) \($0.key.rawValue)", $0.text, origin) }
            return keys.isEmpty ? [row("queue \(queue.path)", nil, origin)] : keys
        }
        let watchdog = WatchdogKey.allCases.map { key in
            row("watchdog.\(key.rawValue)", settings.watchdog.text(of: key), origins.watchdog[key])
        }
        self.init(headings: ["SETTING", "VALUE", "FROM"], rows: keys + queueing + queues + watchdog)
    }
}
