import FoundationEssentials

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Which engine somebody wants.
package enum EngineChoice: Hashable, Sendable {
    /// Docker when its daemon answers, else Podman.
    case automatic
    case named(EngineKind)

    /// What `--engine` was given; nil is automatic. Throws for a word that is no engine.
    package init(option: String?) throws(ContainerEngineError) {
        guard let option, option != "auto" else {
            self = .automatic
            return
        }
        guard let kind = EngineKind(rawValue: option) else { throw .unknownName(option) }
        self = .named(kind)
    }
}

/// Why there is no engine to start a container with.
package enum ContainerEngineError: Error, Hashable, Sendable, CustomStringConvertible {
    case unknownName(String)
    case notInstalled(EngineKind)
    case noAnswer(EngineKind, reason: String)
    /// What was found out about each engine.
    case noEngine([String])

    package var description: String {
        switch self {
        case .unknownName(let name):
            "\(name.debugDescription) is no container engine; --engine takes docker, podman or auto"
        case .notInstalled(let kind):
            "\(kind.rawValue) is not installed, or not in PATH; install it, or choose another with --engine"
        case .noAnswer(.docker, let reason):
            "Docker's daemon does not answer: \(reason); start it, join the group docker, or use --engine podman"
        case .noAnswer(.podman, let reason): "podman does not work: \(reason)"
        case .noEngine(let findings):
            "no container engine can be used: \(findings.joined(separator: "; ")); install Docker or Podman, or run a "
                + "plain process with 'divvy run ... -- COMMAND'"
        }
    }
}

/// Finds the engines of the machine.
package struct EngineDiscovery: Sendable {
    private let searchPath: [String]
    private let globalArguments: [EngineKind: [String]]

    /// - Parameters:
    ///   - path: the value of `PATH`.
    ///   - globalArguments: options to give each engine before its verb.
    package init(path: String, globalArguments: [EngineKind: [String]] = [:]) {
        searchPath = path.split(separator: ":").map(String.init)
        self.globalArguments = globalArguments
    }

    /// The engine to use, known to answer.
    package func find(_ choice: EngineChoice) async throws(ContainerEngineError) -> ContainerEngine {
        switch choice {
        case .named(let kind): return try await probe(kind)
        case .automatic:
            var findings: [String] = []
            for kind in EngineKind.allCases {
                do {
                    return try await probe(kind)
                } catch {
                    findings.append("\(error)")
                }
            }
            throw .noEngine(findings)
        }
    }

    /// The engine's command line if it is installed; whether it works is not asked.
    package func command(_ kind: EngineKind) -> EngineCommand? {
        searchPath.lazy.map { "\($0)/\(kind.rawValue)" }.first(where: HostFiles.isExecutable).map {
            EngineCommand(kind: kind, executable: $0, globalArguments: globalArguments[kind] ?? [])
        }
    }

    private func probe(_ kind: EngineKind) async throws(ContainerEngineError) -> ContainerEngine {
        guard let command = command(kind) else { throw .notInstalled(kind) }
        return switch kind {
        case .docker: try await probeDocker(command)
        case .podman: try await probePodman(command)
        }
    }

    private func probeDocker(_ command: EngineCommand) async throws(ContainerEngineError) -> ContainerEngine {
        let output = try await ask(command, ["info", "--format", "{{json .}}"])
        let info = try? JSONDecoder().decode(DockerInformation.self, from: Data(output.text.utf8))
        guard let info, let version = EngineVersion(info.serverVersion ?? "") else {
            let reason = info?.serverErrors?.first ?? output.complaint
            throw .noAnswer(.docker, reason: reason.isEmpty ? "it told no version" : reason)
        }
        return ContainerEngine(
            command: command, version: version, specificationDirectories: info.specificationDirectories ?? [],
            runtimes: Set((info.runtimes ?? [:]).keys),
            isRootless: (info.securityOptions ?? []).contains { $0.split(separator: ",").contains("name=rootless") })
    }

    private func probePodman(_ command: EngineCommand) async throws(ContainerEngineError) -> ContainerEngine {
        let output = try await ask(command, ["--version"])
        guard output.isSuccess, let version = output.text.split(whereSeparator: \.isWhitespace).last,
            let version = EngineVersion(version)
        else { throw .noAnswer(.podman, reason: output.complaint.isEmpty ? "it told no version" : output.complaint) }
        return ContainerEngine(
            command: command, version: version,
            specificationDirectories: ContainerEngine.podmanSpecificationDirectories(version),
            isRootless: geteuid() != 0)
    }

    private func ask(_ command: EngineCommand, _ words: [String]) async throws(ContainerEngineError) -> EngineOutput {
        do {
            return try await command.output(of: words, limit: .seconds(10))
        } catch {
            throw .noAnswer(command.kind, reason: "\(error)")
        }
    }
}

/// What is read of `docker info`.
private struct DockerInformation: Decodable {
    let serverVersion: String?
    let serverErrors: [String]?
    /// Empty while CDI is off: before Docker 25, or before 28.2 unless the daemon's `features` have `cdi`.
    let specificationDirectories: [String]?
    /// By name; what each is matters to nobody here.
    let runtimes: [String: Runtime]?
    /// `name=seccomp,profile=default`, `name=rootless`.
    let securityOptions: [String]?

    struct Runtime: Decodable {}

    enum CodingKeys: String, CodingKey {
        case runtimes = "Runtimes"
        case securityOptions = "SecurityOptions"
        case serverVersion = "ServerVersion"
        case serverErrors = "ServerErrors"
        case specificationDirectories = "CDISpecDirs"
    }
}
