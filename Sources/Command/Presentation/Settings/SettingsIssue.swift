/// Something in a place of settings that cannot be used.
package struct SettingsIssue: Error, Hashable, Sendable, CustomStringConvertible {
    /// The file, the flag or the environment variable.
    package let place: String
    /// Counted from 1; nil where the place has no lines or the file cannot be read at all.
    package let line: Int?
    package let message: String

    package init(place: String, line: Int? = nil, message: String) {
        self.place = place
        self.line = line
        self.message = message
    }

    /// `/etc/divvy/config.yaml:3: ...`, as compilers write it.
    package var description: String { "\(place):\(line.map { "\($0):" } ?? "") \(message)" }

    static func badValue(_ value: String, of key: SettingsKey, in place: String, line: Int? = nil) -> SettingsIssue {
        SettingsIssue(
            place: place, line: line, message: "\"\(value)\" is no value of \(key.rawValue); it is \(key.form)")
    }
}
