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

extension Table {
    /// Every setting with its value and where that came from.
    package init(_ settings: Settings, origins: [SettingsKey: SettingsOrigin], paths: StandardPaths) {
        self.init(
            headings: ["SETTING", "VALUE", "FROM"],
            rows: SettingsKey.allCases.map { key in
                let value = settings.text(of: key) ?? paths.text(of: key)
                return [
                    Cell(key.rawValue), value.map { Cell($0) } ?? .none,
                    origins[key].map { Cell("\($0)") } ?? Cell("default", .muted),
                ]
            })
    }
}
