import Fleet
import Placement

extension Settings {
    /// A key's value as it would be written; nil when it is not set.
    package func text(of key: SettingsKey) -> String? {
        switch key {
        case .socket: socket
        case .stateDirectory: stateDirectory
        case .cdiDirectory: cdiDirectory
        case .deviceRoot: deviceRoot
        case .driver:
            switch driver {
            case .automatic: "auto"
            case .library(let path): path
            case .simulated(let profile): "sim:\(profile)"
            }
        case .placementPolicy: placementPolicy.rawValue
        case .grace: grace.description
        case .timeSlice: timeSlice?.rawValue
        case .engine: engine?.rawValue
        }
    }
}

extension StandardPaths {
    /// What a key stands at when it is not set; nil for a key that is no path.
    package func text(of key: SettingsKey) -> String? {
        switch key {
        case .socket: socket
        case .stateDirectory: stateDirectory
        case .cdiDirectory: cdiDirectory
        case .driver, .deviceRoot, .placementPolicy, .grace, .timeSlice, .engine: nil
        }
    }
}
