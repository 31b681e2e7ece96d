import Containers
import Fleet

/// Divvy's own options of `run`, told apart from the engine's.
struct OwnWords {
    let request: RequestOptions
    let engine: String?
    let leaseName: String?
    let connection: ConnectionOptions

    private static let values: Set<String> = ["--engine", "--lease-name", "--socket", "--config"]

    /// What `RunArguments` needs to know to tell them apart.
    static var options: RunArguments.OwnOptions {
        var options = RunArguments.OwnOptions.standard
        options.valued.formUnion(values)
        return options
    }

    /// All options of ours, with their dashes.
    static var names: Set<String> { options.valued.union(options.flags).union(options.optionallyTimed) }

    /// Reads words that `RunArguments` has found to be ours: each is an option, with its value in it or behind it.
    init(_ words: [String]) throws {
        var found: [String: String] = [:]
        var rest = words[...]
        var asked: [String] = []
        while let word = rest.popFirst() {
            let name = String(word.prefix { $0 != "=" })
            guard Self.values.contains(name) else {
                asked.append(word)
                continue
            }
            found[name] = name == word ? rest.popFirst() ?? "" : String(word.dropFirst(name.count + 1))
        }
        request = try RequestOptions(arguments: asked)
        engine = found["--engine"]
        leaseName = found["--lease-name"]
        connection = ConnectionOptions(socket: found["--socket"], config: found["--config"])
    }
}

/// The environment of a process in a lease: its own, but what the lease decides is the lease's.
struct ProcessEnvironment {
    let entries: [String]
    /// Variables that somebody had set to something else.
    let overruled: [String]

    init(_ entries: [String]) {
        self.entries = entries
        overruled = []
    }

    private init(entries: [String], overruled: [String]) {
        self.entries = entries
        self.overruled = overruled
    }

    func taking(_ decided: [String]) -> ProcessEnvironment {
        func name(_ entry: String) -> Substring { entry.prefix { $0 != "=" } }
        let names = Set(decided.map(name))
        let isServed = RunArguments.isServed(decided)
        func isDecided(_ name: Substring) -> Bool {
            names.contains(name) || isServed && name.hasPrefix(RunArguments.servicePrefix)
        }
        let replaced = entries.filter { isDecided(name($0)) && !decided.contains($0) }
        // Which lease a shell is in already is ours to change without a word.
        let told = replaced.map { String(name($0)) }.filter { $0 != "DIVVY_LEASE" }
        return ProcessEnvironment(entries: entries.filter { !isDecided(name($0)) } + decided, overruled: told)
    }
}
