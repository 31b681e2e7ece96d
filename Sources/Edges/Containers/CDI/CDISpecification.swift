package import Engine

/// One document of the Container Device Interface: devices of one kind and what each needs in a container.
///
/// https://github.com/cncf-tags/container-device-interface/blob/main/SPEC.md
package struct CDISpecification: Hashable, Sendable {
    package struct Device: Hashable, Sendable {
        package let name: String
        package let edits: ContainerEdits

        package init(name: String, edits: ContainerEdits) {
            self.name = name
            self.edits = edits
        }
    }

    /// The kind of everything that Divvy describes.
    package static let gpuKind = "divvy.dev/gpu"

    /// Vendor and class, `divvy.dev/gpu`.
    package let kind: String
    package let devices: [Device]
    /// Applied once to a container that has any of the devices.
    package let commonEdits: ContainerEdits

    /// Takes only what an engine will load.
    package init(kind: String, devices: [Device], commonEdits: ContainerEdits = .none) throws(CDIError) {
        self.kind = kind
        self.devices = devices
        self.commonEdits = commonEdits
        try CDIRules.check(self)
    }

    /// The lowest version of the format that has every field used here, so that old engines load it too.
    package var version: CDIVersion {
        let allEdits = [commonEdits] + devices.map(\.edits)
        var version = CDIVersion.first
        if devices.contains(where: { $0.name.first?.isNumber == true }) { version = max(version, .hostPaths) }
        if allEdits.contains(where: { $0.deviceNodes.contains { $0.hostPath != $0.path } }) {
            version = max(version, .hostPaths)
        }
        if kind.split(separator: "/").last?.contains(".") == true { version = max(version, .dotsInClass) }
        return version
    }

    /// `divvy.dev/gpu=lease-17`.
    package static func qualifiedName(_ device: String, kind: String = gpuKind) -> String { "\(kind)=\(device)" }
}

/// The versions of the format in which something that Divvy writes was added.
package enum CDIVersion: String, Comparable, Sendable {
    case first = "0.3.0"
    /// `hostPath` of device nodes; device names that start with a digit.
    case hostPaths = "0.5.0"
    case dotsInClass = "0.6.0"

    package static func < (left: CDIVersion, right: CDIVersion) -> Bool { left.rawValue < right.rawValue }
}

extension ContainerEdits {
    /// No edit at all.
    package static let none = ContainerEdits(environment: [], deviceNodes: [], mounts: [], hooks: [])

    package var isEmpty: Bool { environment.isEmpty && deviceNodes.isEmpty && mounts.isEmpty && hooks.isEmpty }
}
