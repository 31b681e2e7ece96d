/// Where settings come from, and which of them wins: flags, then the environment, then the user's file, then the
/// system's.
package struct SettingsSources: Sendable {
    /// A text file of somebody's choosing; nil when there is no such file.
    package typealias Reader = (_ path: String) throws -> String?

    package let flags: [SettingsKey: String]
    package let environment: [String: String]

    package static let systemFile = "/etc/divvy/config.yaml"
    package static let fileVariable = "DIVVY_CONFIG"

    package init(flags: [SettingsKey: String] = [:], environment: [String: String]) {
        self.flags = flags
        self.environment = environment
    }

    /// The user's own file: `$XDG_CONFIG_HOME/divvy/config.yaml`; nil for somebody without a home.
    package var userFile: String? {
        let base =
            environment["XDG_CONFIG_HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil }
            ?? environment["HOME"].flatMap { $0.isEmpty ? nil : "\($0)/.config" }
        return base.map { "\($0)/divvy/config.yaml" }
    }

    /// The files to read, the strongest first, and whether they must be there: a file that `DIVVY_CONFIG` or
    /// `--config` names is the only one read.
    package func files(named file: String?) -> (paths: [String], mustExist: Bool) {
        if let file = file ?? environment[Self.fileVariable], !file.isEmpty { return ([file], true) }
        return ([userFile, Self.systemFile].compactMap { $0 }, false)
    }

    /// The winning text of one key from flags and environment alone, for commands that need no other setting.
    package func strongText(of key: SettingsKey) -> String? {
        flags[key] ?? environment[key.variable].flatMap { $0.isEmpty ? nil : $0 }
    }

    /// Reads all sources; throws the first thing that is wrong in any of them.
    package func settings(file: String? = nil, read: Reader) throws -> Settings {
        try settingsWithOrigins(file: file, read: read).settings
    }

    /// The same, with where each value came from that did not stay at its default.
    ///
    /// The block `queueing` is one value: the strongest file that has it decides all of it, so that a tree of queues
    /// is always one that somebody has written. So is the block `watchdog`.
    package func settingsWithOrigins(
        file: String? = nil, read: Reader
    ) throws -> (settings: Settings, origins: SettingsOrigins) {
        var settings = Settings()
        var origins = SettingsOrigins()
        let (paths, mustExist) = files(named: file)
        for path in paths.reversed() {
            guard let text = try read(path) else {
                guard mustExist else { continue }
                throw SettingsIssue(place: path, message: "there is no such file")
            }
            let contents = SettingsFile(path: path, text: text)
            if let issue = contents.issues.first { throw issue }
            for value in contents.values where settings.set(value.key, to: value.text) {
                origins.keys[value.key] = .file(path: path, line: value.line)
            }
            if let queueing = contents.queueing {
                settings.queueing = queueing.settings
                origins.queueing = (path, queueing.lines)
            }
            if let watchdog = contents.watchdog {
                settings.watchdog = watchdog.settings
                origins.watchdog = watchdog.lines.keys.mapValues { .file(path: path, line: $0) }
            }
        }
        for key in SettingsKey.allCases {
            if let text = environment[key.variable], !text.isEmpty {
                guard settings.set(key, to: text) else {
                    throw SettingsIssue.badValue(text, of: key, in: key.variable)
                }
                origins.keys[key] = .variable(key.variable)
            }
            if let text = flags[key] {
                guard settings.set(key, to: text) else {
                    throw SettingsIssue.badValue(text, of: key, in: "command line")
                }
                origins.keys[key] = .flag
            }
        }
        return (settings, origins)
    }
}

extension SettingsSources {
    /// Everything that is wrong with the environment: bad values, and variables of ours that nobody reads.
    package var environmentIssues: [SettingsIssue] {
        let known = SettingsKey.allCases.map(\.variable) + [Self.fileVariable] + Self.otherVariables
        return environment.keys.sorted().filter { $0.hasPrefix("DIVVY_") }.compactMap { name in
            guard let key = SettingsKey.allCases.first(where: { $0.variable == name }) else {
                guard !known.contains(name) else { return nil }
                let meant = Suggestion.nearest(to: name, among: known).map { "; did you mean \($0)?" } ?? ""
                return SettingsIssue(place: name, message: "no setting has this variable\(meant)")
            }
            var probe = Settings()
            guard let text = environment[name], !text.isEmpty, !probe.set(key, to: text) else { return nil }
            return .badValue(text, of: key, in: name)
        }
    }

    /// Variables of ours that are no settings: what a process in a lease finds, and where the simulated driver lies.
    private static let otherVariables = ["DIVVY_LEASE", "DIVVY_SIMULATED_DRIVER"]
}
