/// A call of an OCI runtime's command line, `runc [GLOBAL OPTIONS] VERB [OPTIONS] CONTAINER`, as runc, crun and youki
/// take it, read as far as Divvy needs to.
struct RuntimeCall: Hashable {
    /// The words for the real runtime: all but ours.
    private(set) var words: [String] = []
    /// The real runtime, by path or name; nil is the first of runc and crun that is found.
    private(set) var runtime: String?
    /// The daemon's socket; nil is where it usually is.
    private(set) var socket: String?
    private(set) var root: String?
    private(set) var log: String?
    private(set) var isLogJSON = false
    /// `create`, `delete`, `state`, ...; nil where none was recognised.
    private(set) var verb: String?
    private(set) var bundle: String?
    /// crun can be told another file than BUNDLE/config.json.
    private(set) var configuration: String?
    private(set) var pidFile: String?
    private(set) var isDetached = false
    private(set) var container: String?

    /// Options of ours stand before the verb and begin so; `runtimeArgs` of Docker is where to write them.
    private static let own = ["--divvy-over", "--divvy-socket"]
    private static let globalWithValue: Set<String> = [
        "--root", "--log", "--log-format", "--log-level", "--criu", "--rootless", "--cgroup-manager",
    ]
    private static let verbs: Set<String> = [
        "checkpoint", "create", "delete", "events", "exec", "features", "info", "init", "kill", "list", "pause", "ps",
        "restore", "resume", "run", "spec", "start", "state", "update",
    ]
    private static let withValue: Set<String> = [
        "--bundle", "-b", "--console-socket", "--pidfd-socket", "--pid-file", "--preserve-fds", "--config",
    ]

    /// - Parameter words: without the program's own name.
    init(_ words: [String]) {
        var rest = words[...]
        while verb == nil, let word = rest.popFirst() {
            guard word.hasPrefix("-") else {
                // After an option that is not known a word may be its value: only a verb is one.
                if Self.verbs.contains(word) { verb = word }
                self.words.append(word)
                continue
            }
            let (name, value) = Self.option(word)
            if Self.own.contains(name) {
                let value = value ?? rest.popFirst()
                if name == "--divvy-over" { runtime = value } else { socket = value }
                continue
            }
            self.words.append(word)
            guard Self.globalWithValue.contains(name), let value = value ?? rest.popFirst() else { continue }
            if !word.contains("=") { self.words.append(value) }
            switch name {
            case "--root": root = value
            case "--log": log = value
            case "--log-format": isLogJSON = value == "json"
            default: break
            }
        }
        self.words += rest
        readVerb(rest)
    }

    private mutating func readVerb(_ words: ArraySlice<String>) {
        var rest = words
        let makes = verb == "create" || verb == "run"
        while let word = rest.popFirst() {
            guard word.hasPrefix("-"), word != "-", word != "--" else {
                if container == nil, word != "--" { container = word }
                continue
            }
            let (name, value) = Self.option(word)
            if name == "--detach" || name == "-d" { isDetached = value != "false" }
            // -f is crun's --config when it makes a container, and --force when it deletes one.
            guard Self.withValue.contains(name) || (makes && name == "-f"), let value = value ?? rest.popFirst() else {
                continue
            }
            switch name {
            case "--bundle", "-b": bundle = value
            case "--config", "-f": configuration = value
            case "--pid-file": pidFile = value
            default: break
            }
        }
    }

    /// `--name=value` taken apart; runc takes one dash for two.
    private static func option(_ word: String) -> (name: String, value: String?) {
        let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        var name = String(parts[0])
        if !name.hasPrefix("--"), name.utf8.count > 2 { name = "-" + name }
        return (name, parts.count > 1 ? String(parts[1]) : nil)
    }
}

extension RuntimeCall {
    /// Whether it makes a container, for which a lease may be asked.
    var makesContainer: Bool { verb == "create" || verb == "run" }

    /// The file that describes the container; relative to where the call was made.
    var configurationFile: String {
        let bundle = bundle ?? "."
        guard let configuration else { return "\(bundle)/config.json" }
        return configuration.hasPrefix("/") ? configuration : "\(bundle)/\(configuration)"
    }

    /// Where it is remembered which lease a container has, in a directory of Divvy's. Names of containers are unique
    /// below a root only.
    func record(in directory: String) -> String? {
        guard let container, !container.isEmpty, !container.contains("/") else { return nil }
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325  // FNV-1a
        for byte in (root ?? "").utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return "\(directory)/\(String(hash, radix: 16))-\(container)"
    }

    /// The words for the part of Divvy that asks for leases.
    func wordsForLeasing(runtime: String, socket: String?, record: String) -> [String] {
        var words = ["oci", "--runtime", runtime, "--verb", verb ?? "", "--record", record]
        if makesContainer { words += ["--configuration", configurationFile] }
        for (name, value) in [
            ("--socket", socket), ("--container", container), ("--pid-file", pidFile), ("--log", log),
        ] {
            if let value { words += [name, value] }
        }
        if isLogJSON { words.append("--log-json") }
        if isDetached { words.append("--detached") }
        return words + ["--"] + self.words
    }
}
