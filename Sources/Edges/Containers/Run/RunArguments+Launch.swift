package import Engine
package import Fleet

extension RunArguments {
    /// The label that every container of a lease carries; its value is the lease's id.
    package static let leaseLabel = "divvy.lease"

    /// The words to execute so that the engine starts a container with a lease's GPUs.
    ///
    /// - Parameter options: the engine's options as `overruled` returns them.
    package static func launch(
        _ engine: ContainerEngine, lease: LeaseID, preparation: Preparation, options: [EngineOption], image: String,
        command: [String]
    ) throws(LaunchError) -> [String] {
        var words = ["run", "--label", "\(leaseLabel)=\(lease)"]
        let isPrivileged = isPrivileged(options)
        if !isPrivileged, let specification = preparation.cdiSpecification,
            engine.reads(specification: specification)
        {
            words += ["--device", preparation.cdiDevice]
        } else {
            var edits = preparation.edits
            if !edits.hooks.isEmpty, engine.runtimes.contains(ContainerEngine.ownRuntime) {
                if let other = otherRuntime(options) { throw .otherRuntime(other) }
                // It adds the lease's hooks, which no option can say.
                words += ["--runtime", ContainerEngine.ownRuntime]
                edits.hooks = []
            }
            words += try expanded(edits, for: engine.kind)
        }
        if isPrivileged {
            // It finds the nodes of all GPUs, so that its own have to be named as on the host.
            let named = preparation.processEnvironment.filter { $0.hasPrefix("CUDA_VISIBLE_DEVICES=") }
            words += named.flatMap { ["--env", $0] }
        }
        // Ours come first: of two equal options both engines take the last, except for the few that overruled() drops.
        return engine.command.words(words + options.flatMap(\.words) + [image] + command)
    }

    static func isPrivileged(_ options: [EngineOption]) -> Bool {
        options.contains { $0.name == "privileged" && $0.value != "false" }
    }

    /// A runtime that somebody chose for the container, other than ours.
    static func otherRuntime(_ options: [EngineOption]) -> String? {
        options.last { $0.name == "runtime" }?.value.flatMap { $0 == ContainerEngine.ownRuntime ? nil : $0 }
    }

    /// The same edits as options, for an engine that does not read CDI specifications.
    package static func expanded(_ edits: ContainerEdits, for engine: EngineKind) throws(LaunchError) -> [String] {
        guard edits.hooks.isEmpty else { throw .hooks(engine) }
        var words: [String] = []
        for entry in edits.environment { words += ["--env", entry] }
        for node in edits.deviceNodes {
            guard !node.hostPath.contains(":"), !node.path.contains(":") else { throw .path(node.hostPath) }
            words += ["--device", "\(node.hostPath):\(node.path):rw"]
        }
        for mount in edits.mounts {
            guard !(mount.hostPath + mount.containerPath).contains(where: { ",\"".contains($0) }) else {
                throw .path(mount.hostPath)
            }
            let readOnly = mount.options.contains("ro") ? ",readonly" : ""
            words += ["--mount", "type=bind,source=\(mount.hostPath),target=\(mount.containerPath)\(readOnly)"]
        }
        return words
    }
}

/// Why a lease's edits cannot be told to an engine in its options.
package enum LaunchError: Error, Hashable, Sendable, CustomStringConvertible {
    case hooks(EngineKind)
    case otherRuntime(String)
    case path(String)

    package var description: String {
        switch self {
        case .hooks(let engine):
            "the lease needs a hook at the container's start, which \(engine.rawValue) takes from CDI specifications "
                + "only; register the runtime 'divvy' with it, or use an engine with CDI: Docker 28.2, Docker 25 with "
                + "the feature 'cdi', or Podman 4.1 and newer"
        case .otherRuntime(let name):
            "the lease needs the runtime 'divvy', and --runtime \(name) chooses another; leave it out, and register "
                + "'divvy' over it: divvy-runtime --divvy-over \(name)"
        case .path(let path):
            "\(path.debugDescription) cannot be written as an engine's option for its commas, colons or quotes; move "
                + "it, or use an engine with CDI"
        }
    }
}
