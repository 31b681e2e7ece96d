import Fleet

/// The words after `divvy run`, told apart: what is asked of Divvy, what is for the engine, and what is to run.
///
///     divvy run --gpus 1 -it --rm -e A=1 IMAGE COMMAND ...      a container; everything after IMAGE is its own
///     divvy run --gpus 0.5 -- COMMAND ...                       a plain process
package struct RunArguments: Hashable, Sendable {
    /// Divvy's own options of `run`, with their dashes.
    package struct OwnOptions: Sendable {
        /// Options that take a value.
        package var valued: Set<String>
        /// Options that stand alone.
        package var flags: Set<String>
        /// Options that may have a length of time, behind an equals sign or as the next word.
        package var optionallyTimed: Set<String>

        package init(valued: Set<String>, flags: Set<String>, optionallyTimed: Set<String>) {
            self.valued = valued
            self.flags = flags
            self.optionallyTimed = optionallyTimed
        }

        package static let standard = OwnOptions(
            valued: [
                "--gpus", "--nodes", "--slice", "--compute", "--gpu-memory", "--grade", "--share", "--burst",
                "--gpu-memory-spill", "--topology",
                "--anti-affinity", "--placement", "--for", "--queue", "--reservation", "--priority", "--engine",
                "--lease-name",
            ],
            flags: ["--no-wait"], optionallyTimed: ["--wait"])
    }

    package enum Work: Hashable, Sendable {
        case container(options: [EngineOption], image: String, command: [String])
        case process(command: [String])
    }

    /// One option of the engine as it was written, and what it means.
    package struct EngineOption: Hashable, Sendable {
        /// The words to hand on: `["--env", "A=1"]`, `["-itd"]`.
        package var words: [String]
        /// The long name without dashes of the option that has the value, or of the flag; of a cluster the last.
        package var name: String
        package var value: String?
        /// The flags that a cluster such as `-ite` has before the option with the value: `-it`.
        package var flagsBefore: String?
    }

    /// Divvy's options, one word or two each, as they were written.
    package let own: [String]
    package let work: Work

    package init(_ words: [String], own options: OwnOptions = .standard) throws(RunArgumentsError) {
        var rest = words[...]
        var own: [String] = []
        var engine: [EngineOption] = []
        while let word = rest.popFirst() {
            if word == "--" {
                guard engine.isEmpty else { throw .engineOptionForProcess(engine[0].words[0]) }
                guard !rest.isEmpty else { throw .nothingToRun }
                self.own = own
                work = .process(command: Array(rest))
                return
            }
            guard word.hasPrefix("-"), word != "-" else {
                guard !word.isEmpty else { throw .emptyImage }
                self.own = own
                work = .container(options: engine, image: word, command: Array(rest))
                return
            }
            if word.hasPrefix("--") {
                let name = String(word.prefix { $0 != "=" })
                let hasValue = name != word
                if options.valued.contains(name) {
                    own.append(word)
                    if !hasValue { own.append(try Self.value(of: word, &rest)) }
                } else if options.flags.contains(name) {
                    own.append(word)
                } else if options.optionallyTimed.contains(name) {
                    own.append(hasValue ? word : word + (Self.time(&rest).map { "=\($0)" } ?? ""))
                } else {
                    engine.append(try Self.longOption(word, &rest))
                }
            } else {
                engine.append(try Self.shortOptions(word, &rest))
            }
        }
        throw .nothingToRun
    }

    private static func longOption(
        _ word: String, _ rest: inout ArraySlice<String>
    ) throws(RunArgumentsError) -> EngineOption {
        let name = word.dropFirst(2).prefix { $0 != "=" }
        if name.utf8.count + 2 < word.utf8.count {
            let value = String(word.dropFirst(name.count + 3))
            return EngineOption(words: [word], name: String(name), value: value)
        }
        if EngineFlags.long.contains(String(name)) { return EngineOption(words: [word], name: String(name)) }
        let value = try value(of: word, &rest)
        return EngineOption(words: [word, value], name: String(name), value: value)
    }

    /// `-it`, `-e A=1`, `-eA=1`, `-ite=A=1`: flags up to the first letter that takes a value, whose value is the rest.
    private static func shortOptions(
        _ word: String, _ rest: inout ArraySlice<String>
    ) throws(RunArgumentsError) -> EngineOption {
        let letters = word.dropFirst()
        guard let valued = letters.firstIndex(where: { EngineFlags.short[$0] == nil && $0 != "=" }) else {
            let last = letters.last { $0 != "=" }
            return EngineOption(words: [word], name: last.flatMap { EngineFlags.short[$0] } ?? String(letters))
        }
        // "-t=false" is a flag with a value, not a cluster.
        if let equals = letters.firstIndex(of: "="), equals < valued {
            return EngineOption(words: [word], name: String(letters[..<equals]), value: String(letters[valued...]))
        }
        let before = letters[..<valued]
        let flags = before.isEmpty ? nil : "-\(before)"
        let name = EngineFlags.shortWithValue[letters[valued]] ?? String(letters[valued])
        var value = letters[letters.index(after: valued)...]
        if value.isEmpty {
            let next = try Self.value(of: word, &rest)
            return EngineOption(words: [word, next], name: name, value: next, flagsBefore: flags)
        }
        if value.first == "=" { value = value.dropFirst() }
        return EngineOption(words: [word], name: name, value: String(value), flagsBefore: flags)
    }

    /// Takes the next word when it can only be meant as a length of time, and not as an image: `2s`, and `30`, whose
    /// missing unit is then pointed at. Twelve digits and more may begin an image's id.
    private static func time(_ rest: inout ArraySlice<String>) -> String? {
        guard let word = rest.first, word.utf8.count < 12 else { return nil }
        let isBare = !word.isEmpty && word.utf8.allSatisfy { (48...57).contains($0) }
        guard isBare || RequestParser.isLengthOfTime(word) else { return nil }
        return rest.removeFirst()
    }

    private static func value(
        of option: String, _ rest: inout ArraySlice<String>
    ) throws(RunArgumentsError) -> String {
        guard let value = rest.popFirst() else { throw .valueMissing(option) }
        return value
    }
}

/// Why the words after `divvy run` do not say what to run.
package enum RunArgumentsError: Error, Hashable, Sendable, CustomStringConvertible {
    case nothingToRun
    case emptyImage
    case valueMissing(String)
    case engineOptionForProcess(String)

    package var description: String {
        let usage = "the forms are 'divvy run [OPTIONS] IMAGE [COMMAND...]' and 'divvy run [OPTIONS] -- COMMAND...'"
        return switch self {
        case .nothingToRun: "nothing to run was named; \(usage)"
        case .emptyImage: "the image's name is empty; \(usage)"
        case .valueMissing(let option): "a value is missing after \(option)"
        case .engineOptionForProcess(let option):
            "\(option) is an option for a container, but '--' starts a plain process; leave out one of the two "
                + "(\(usage))"
        }
    }
}
