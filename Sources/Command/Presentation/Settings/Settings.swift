package import Fleet
package import Ledger
package import Placement
package import Queueing

/// What a person or an administrator has set, every value checked.
package struct Settings: Hashable, Sendable {
    /// Where GPUs are found.
    package enum Driver: Hashable, Sendable {
        /// The library that the system's loader finds.
        case automatic
        case library(path: String)
        /// A simulated driver of this profile.
        case simulated(profile: String)
    }

    package enum Engine: String, CaseIterable, Sendable { case docker, podman }

    /// The socket that the daemon listens on; nil until somebody says so.
    package var socket: String?
    package var stateDirectory: String?
    package var cdiDirectory: String?
    package var driver = Driver.automatic
    /// The directory in which the driver's device nodes lie: `/dev`; nil leaves it to the driver.
    package var deviceRoot: String?
    package var placementPolicy = PolicyName.bestFit
    /// How long a holder that is asked to stop may take.
    package var grace = Span(seconds: 10)
    /// How long time slices are on GPUs with shares that nothing else holds; nil leaves them as they are.
    package var timeSlice: TimeSliceLength?
    /// The container engine of `divvy run IMAGE`; nil takes docker, and podman where there is no docker.
    package var engine: Engine?
    /// Who is next, and the queues there are; they make a tree.
    package var queueing = QueueingSettings()
    /// What on the GPUs no lease allows, and what is done about it.
    package var watchdog = WatchdogSettings()

    package init() {}
}

/// Something with a single value that can be set, in any of the places where it can be set.
package enum SettingsKey: String, CaseIterable, Sendable {
    case socket, stateDirectory, cdiDirectory, driver, deviceRoot, placementPolicy, grace, timeSlice, engine

    /// The environment variable: `DIVVY_STATE_DIRECTORY`.
    package var variable: String {
        "DIVVY_"
            + rawValue.reduce(into: "") { name, character in
                if character.isUppercase { name.append("_") }
                name.append(character.uppercased())
            }
    }

    /// What a value looks like.
    package var form: String {
        switch self {
        case .socket: "an absolute path of at most 103 bytes, such as /run/divvy/divvy.sock"
        case .stateDirectory, .cdiDirectory, .deviceRoot: "an absolute path"
        case .driver: "auto, the absolute path of a libnvidia-ml.so.1, or sim:PROFILE such as sim:dgx-a100"
        case .placementPolicy: QueueingKey.words(PolicyName.self)
        case .grace: "a length of time such as 10s or 1m"
        case .timeSlice: TimeSliceLength.allCases.map(\.rawValue).joined(separator: ", ")
        case .engine: Settings.Engine.allCases.map(\.rawValue).joined(separator: " or ")
        }
    }
}

extension Settings {
    /// Sets one key from its text; returns false, and sets nothing, when the text is none of the accepted forms.
    package mutating func set(_ key: SettingsKey, to text: String) -> Bool {
        switch key {
        case .socket:
            // 108 bytes with the NUL at the end, sun_path of sockaddr_un in linux/un.h, less the ".new" that the socket
            // is made under before it gets its name.
            guard isAbsolute(text), text.utf8.count <= 103 else { return false }
            socket = text
        case .stateDirectory:
            guard isAbsolute(text) else { return false }
            stateDirectory = text
        case .cdiDirectory:
            guard isAbsolute(text) else { return false }
            cdiDirectory = text
        case .deviceRoot:
            guard isAbsolute(text) else { return false }
            deviceRoot = text
        case .driver:
            guard let value = Driver(text) else { return false }
            driver = value
        case .placementPolicy:
            guard let value = PolicyName(rawValue: text) else { return false }
            placementPolicy = value
        case .grace:
            guard let value = Span(written: text) else { return false }
            grace = value
        case .timeSlice:
            guard let value = TimeSliceLength(rawValue: text) else { return false }
            timeSlice = value
        case .engine:
            guard let value = Engine(rawValue: text) else { return false }
            engine = value
        }
        return true
    }

    private func isAbsolute(_ path: String) -> Bool { path.hasPrefix("/") && !path.utf8.contains(0) }
}

extension Settings.Driver {
    /// Reads `auto`, an absolute path or `sim:PROFILE`.
    package init?(_ text: String) {
        if text == "auto" {
            self = .automatic
        } else if text.hasPrefix("sim:"), text.count > 4 {
            self = .simulated(profile: String(text.dropFirst(4)))
        } else if text.hasPrefix("/") {
            self = .library(path: text)
        } else {
            return nil
        }
    }
}

extension Span {
    /// Reads a length of time as a request has it, `90s` or `1h30m`; nil when it is none.
    package init?(written text: String) {
        guard let (request, _) = try? RequestParser.parse(RequestOptions(for: text)), let span = request.duration else {
            return nil
        }
        self = span
    }
}
