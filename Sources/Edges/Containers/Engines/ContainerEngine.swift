/// A container engine that Divvy can start containers with.
package enum EngineKind: String, CaseIterable, Hashable, Sendable, Codable {
    case docker
    case podman
}

/// An engine's command line as it is called: the program and the options that come before any verb.
package struct EngineCommand: Hashable, Sendable {
    package let kind: EngineKind
    /// The absolute path of the program.
    package let executable: String
    /// Such as `--storage-driver=vfs`; usually none.
    package let globalArguments: [String]

    package init(kind: EngineKind, executable: String, globalArguments: [String] = []) {
        self.kind = kind
        self.executable = executable
        self.globalArguments = globalArguments
    }

    /// The words to execute for a verb and what follows it.
    package func words(_ rest: [String]) -> [String] { [executable] + globalArguments + rest }
}

/// An engine that was found and answers.
package struct ContainerEngine: Hashable, Sendable {
    package let command: EngineCommand
    /// The version of whatever starts the containers: of Docker's daemon, not of its command line.
    package let version: EngineVersion
    /// The directories in which it looks for CDI specifications; none while it reads none.
    package let specificationDirectories: [String]
    /// The names of the OCI runtimes that it says it has.
    package let runtimes: Set<String>
    /// It runs as somebody without privilege, and so do its hooks.
    package let isRootless: Bool

    package init(
        command: EngineCommand, version: EngineVersion, specificationDirectories: [String], runtimes: Set<String> = [],
        isRootless: Bool = false
    ) {
        self.command = command
        self.version = version
        self.specificationDirectories = specificationDirectories
        self.runtimes = runtimes
        self.isRootless = isRootless
    }

    /// The name under which `divvy-runtime` is registered with engines.
    package static let ownRuntime = "divvy"

    /// Why a container cannot be given what a lease needs before its program starts; nil when it can.
    ///
    /// - Parameter options: the engine's options of the run.
    package func obstacleToHooks(_ options: [RunArguments.EngineOption]) -> String? {
        if isRootless {
            return "\(kind.rawValue) runs without privilege here, and only root can have the driver limit a container"
        }
        let isPrivileged = RunArguments.isPrivileged(options)
        if !specificationDirectories.isEmpty, !isPrivileged { return nil }
        if runtimes.contains(Self.ownRuntime) { return nil }
        if isPrivileged { return "a privileged container gets no CDI device, and its engine has no runtime 'divvy'" }
        return "\(kind.rawValue) here has neither CDI nor the runtime 'divvy'"
    }

    package var kind: EngineKind { command.kind }

    /// Whether `--device divvy.dev/gpu=...` finds what the specification at the path defines.
    package func reads(specification path: String) -> Bool {
        guard let end = path.lastIndex(of: "/") else { return false }
        return specificationDirectories.contains { Self.sameDirectory($0, String(path[..<end])) }
    }

    /// Podman reads its two standard directories since 4.1; it does not say what else it was configured to read.
    static func podmanSpecificationDirectories(_ version: EngineVersion) -> [String] {
        version >= EngineVersion(major: 4, minor: 1) ? ["/etc/cdi", "/var/run/cdi"] : []
    }

    private static func sameDirectory(_ left: String, _ right: String) -> Bool {
        func plain(_ path: String) -> String {
            let parts = path.split(separator: "/").map(String.init)
            return (parts.starts(with: ["var", "run"]) ? Array(parts.dropFirst()) : parts).joined(separator: "/")
        }
        return plain(left) == plain(right)
    }
}

/// The first numbers of an engine's version; what a distribution adds, `20.10.24+dfsg1`, does not count.
package struct EngineVersion: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let major: Int
    package let minor: Int
    package let patch: Int

    package init(major: Int, minor: Int, patch: Int = 0) {
        self.major = major
        self.minor = minor
        self.patch = patch
    }

    /// Reads `4.3.1`, `v25.0`, `20.10.24+dfsg1` or `5.0.0-rc1`; nil for anything that does not start with two numbers.
    package init?(_ text: some StringProtocol) {
        let parts = text.drop { $0 == "v" }.split(separator: ".").map { Int($0.prefix { ("0"..."9").contains($0) }) }
        guard parts.count >= 2, let major = parts[0], let minor = parts[1] else { return nil }
        self.init(major: major, minor: minor, patch: parts.count > 2 ? parts[2] ?? 0 : 0)
    }

    package var description: String { "\(major).\(minor).\(patch)" }

    package static func < (left: EngineVersion, right: EngineVersion) -> Bool {
        (left.major, left.minor, left.patch) < (right.major, right.minor, right.patch)
    }
}
