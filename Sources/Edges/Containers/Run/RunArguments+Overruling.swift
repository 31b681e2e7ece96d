extension RunArguments {
    /// Words that would give a container other GPUs than its lease's, or hide those; each with why it is not handed on.
    static let overruledVariables: Set<String> = ["NVIDIA_VISIBLE_DEVICES", "CUDA_VISIBLE_DEVICES", "DIVVY_LEASE"]

    /// The engine's options without those that the lease decides, and a sentence for each that was taken out or that
    /// defeats the lease.
    package static func overruled(_ options: [EngineOption]) -> (options: [EngineOption], notes: [String]) {
        var kept: [EngineOption] = []
        var notes: [String] = []
        for option in options {
            guard let reason = reasonToDrop(option) else {
                if let warning = warning(option) { notes.append(warning) }
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

    private static func reasonToDrop(_ option: EngineOption) -> String? {
        let value = option.value ?? ""
        switch option.name {
        case "env":
            let name = value.prefix { $0 != "=" }
            return overruledVariables.contains(String(name)) ? "the lease decides which GPUs are seen" : nil
        case "label":
            return value.prefix { $0 != "=" } == leaseLabel ? "the label tells which lease a container belongs to" : nil
        case "device":
            if value.hasPrefix("nvidia.com/") || value.hasPrefix("/dev/nvidia") {
                return "the lease decides which GPUs are given"
            }
            return value.hasPrefix("divvy.dev/") ? "a container has the GPUs of its own lease only" : nil
        case "runtime": return value == "nvidia" ? "the lease brings what the GPU needs" : nil
        default: return nil
        }
    }

    private static func warning(_ option: EngineOption) -> String? {
        switch option.name {
        case "privileged" where option.value != "false":
            "--privileged shows the container every GPU of the machine; the lease cannot fence it"
        case "volume", "mount":
            (option.value ?? "").contains("/dev/nvidia")
                ? "\(option.words.joined(separator: " ")) may show the container GPUs that are not its lease's" : nil
        default: nil
        }
    }
}
