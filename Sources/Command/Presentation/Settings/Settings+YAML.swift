import Ledger
import Queueing

extension Settings {
    /// All settings as lines of a configuration file, which read back to equal settings.
    ///
    /// What nobody has set and is found when it is needed stands in comments.
    package func yaml(paths: StandardPaths) -> [String] {
        SettingsKey.allCases.map { key in
            if let text = text(of: key) { return "\(key.rawValue): \(JSONValue.string(text).yaml)" }
            return "# \(key.rawValue): \(paths.text(of: key) ?? "")".trimmingTrailingSpace
        } + queueing.yaml + watchdog.yaml
    }
}

extension String {
    fileprivate var trimmingTrailingSpace: String { hasSuffix(" ") ? String(dropLast()) : self }
}
