/// What of an engine's options the lease decides, or is defeated by.
extension RunArguments {
    /// Variables by which programs choose among GPUs; in a lease's container they are the lease's.
    static let overruledVariables: Set<String> = ["NVIDIA_VISIBLE_DEVICES", "CUDA_VISIBLE_DEVICES", "DIVVY_LEASE"]

    /// Whether a lease whose programs find `decided` in their environment is held by multi-process service: then every
    /// word about that service is the lease's, for some of them would undo limits.
    package static func isServed(_ decided: [String]) -> Bool {
        decided.contains { $0.hasPrefix("CUDA_MPS_PIPE_DIRECTORY=") }
    }

    /// Begins the names of all variables of multi-process service.
    package static let servicePrefix = "CUDA_MPS_"

    /// Why a variable is not for an engine's options to set; nil where it is.
    private static func reason(toDecide name: some StringProtocol, _ decided: [String]) -> String? {
        if overruledVariables.contains(String(name)) { return "the lease decides which GPUs are seen" }
        return isServed(decided) && name.hasPrefix(servicePrefix) ? "the lease decides how its GPU is shared" : nil
    }

    /// The engine's options without those that the lease decides, and a sentence for each that was taken out or that
    /// defeats the lease.
    ///
    /// - Parameters:
    ///   - hiddenDevices: the host's paths of GPUs that are not the lease's.
    ///   - decided: `NAME=value` that the lease puts into the container.
    package static func overruled(
        _ options: [EngineOption], hiddenDevices: [String] = [], decided: [String] = []
    ) -> (options: [EngineOption], notes: [String]) {
        var kept: [EngineOption] = []
        var notes: [String] = []
        for option in options {
            guard let reason = reasonToDrop(option, hiddenDevices, decided) else {
                notes += warnings(option, hiddenDevices, decided)
                kept.append(option)
                continue
            }
            notes.append("\(option.words.joined(separator: " ")) was left out: \(reason)")
            if let flags = option.flagsBefore {
                kept.append(EngineOption(words: [flags], name: option.name))
            }
        }
        return (kept, notes)
    }

    private static func reasonToDrop(_ option: EngineOption, _ hidden: [String], _ decided: [String]) -> String? {
        let value = option.value ?? ""
        switch option.name {
        case "env":
            return reason(toDecide: value.prefix { $0 != "=" }, decided)
        case "label":
            return value.prefix { $0 != "=" } == leaseLabel ? "the label tells which lease a container belongs to" : nil
        case "device":
            if value.hasPrefix("divvy.dev/") { return "a container has the GPUs of its own lease only" }
            let paths = value.split(separator: ":").prefix(2).map(String.init)
            let isGPU =
                value.hasPrefix("nvidia.com/") || paths.contains { $0.hasPrefix("/dev/nvidia") }
                || paths.first.map { path in hidden.contains { shows(path, $0) } } == true
            return isGPU ? "the lease decides which GPUs are given" : nil
        case "runtime": return value == "nvidia" ? "the lease brings what the GPU needs" : nil
        default: return nil
        }
    }

    private static func warnings(_ option: EngineOption, _ hidden: [String], _ decided: [String]) -> [String] {
        let words = option.words.joined(separator: " ")
        let value = option.value ?? ""
        switch option.name {
        case "privileged" where value != "false":
            return ["--privileged shows the container every GPU of the machine; the lease cannot fence it"]
        case "volume", "mount":
            let source = Self.source(ofMount: value, isVolume: option.name == "volume")
            let isOpen = source.hasPrefix("/dev/nvidia") || hidden.contains { shows(source, $0) }
            return isOpen ? ["\(words) may show the container GPUs that are not its lease's"] : []
        case "device-cgroup-rule":
            // 195 is the major number of NVIDIA's nodes: linux/major.h, Documentation/admin-guide/devices.txt.
            let device = value.split(separator: " ").dropFirst().first ?? ""
            let isOpen = device.hasPrefix("195:") || device.hasPrefix("*")
            return isOpen ? ["\(words) lets the container make nodes of GPUs that are not its lease's"] : []
        case "env-file":
            return variables(inFile: value).compactMap { name in
                guard let reason = reason(toDecide: name, decided) else { return nil }
                let isOurs = overruledVariables.contains(name) || decided.contains { $0.hasPrefix(name + "=") }
                return isOurs
                    ? "\(name) in \(value) is overruled: \(reason)"
                    : "\(name) in \(value) may defeat the lease: \(reason)"
            }
        default: return []
        }
    }

    /// Whether whoever has the path has the device: it is the device, or a directory that the device is in.
    private static func shows(_ path: String, _ device: String) -> Bool {
        let directory = path.hasSuffix("/") ? path : path + "/"
        return !path.isEmpty && (path == device || device.hasPrefix(directory))
    }

    /// The host's path in `-v HOST:CONTAINER` or `--mount type=bind,source=HOST,target=CONTAINER`; empty for none.
    private static func source(ofMount value: String, isVolume: Bool) -> String {
        guard !isVolume else { return value.hasPrefix("/") ? String(value.prefix { $0 != ":" }) : "" }
        for field in value.split(separator: ",") {
            let parts = field.split(separator: "=", maxSplits: 1)
            if parts.count == 2, parts[0] == "source" || parts[0] == "src" { return String(parts[1]) }
        }
        return ""
    }

    /// The names that a file of variables sets, as both engines read it: `NAME=value` or `NAME`, a line each.
    private static func variables(inFile path: String) -> [String] {
        (HostFiles.text(path) ?? "").split(separator: "\n").compactMap { line in
            let name = line.drop { $0 == " " || $0 == "\t" }.prefix { $0 != "=" }
            return name.isEmpty || name.hasPrefix("#") ? nil : String(name)
        }
    }
}
