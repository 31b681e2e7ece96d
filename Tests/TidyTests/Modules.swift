/// What the folders below Sources say about a module.
struct Module: Hashable {
    enum Ring: Hashable {
        case core, engine, edge, simulation, doctor, command, injected, c
    }

    let name: String
    let ring: Ring
    /// Its folder, relative to the root.
    let folder: String

    /// Modules that are not called as their folder is.
    private static let otherNames = [
        // `Journal` is the port in Engine.
        "Sources/Edges/Journal": "SQLiteJournal",
        "Sources/Command/Divvy": "divvy",
        "Sources/Command/Runtime": "divvy_runtime",
    ]

    /// The module that a source file belongs to; nil when it lies where no module may be.
    init?(path: String) {
        let parts = path.split(separator: "/").map(String.init)
        guard parts.count >= 3, parts[0] == "Sources" else { return nil }
        switch parts[1] {
        case "Engine": ring = .engine
        case "Simulation": ring = .simulation
        case "Doctor": ring = .doctor
        case "Core": ring = .core
        case "Edges": ring = .edge
        case "Command": ring = .command
        case "Injected": ring = .injected
        case "C": ring = .c
        default: return nil
        }
        let isFolderOfModules = ![.engine, .simulation, .doctor].contains(ring)
        guard parts.count > (isFolderOfModules ? 3 : 2) else { return nil }
        folder = parts.prefix(isFolderOfModules ? 3 : 2).joined(separator: "/")
        name = Self.otherNames[folder] ?? (isFolderOfModules ? parts[2] : parts[1])
    }

    static let all: Set<Module> = Set((Repository.swiftSources + Repository.cSources).compactMap(Module.init))

    static func names(_ ring: Ring) -> Set<String> {
        Set(all.filter { $0.ring == ring }.map(\.name))
    }
}

/// An import statement in a source file.
struct Import {
    let module: String
    let line: Int

    /// All imports of a file, in order.
    static func all(in text: SwiftText) -> [Import] {
        text.code.enumerated().compactMap { index, line in
            let words = line.split(separator: " ")
            guard let place = words.firstIndex(of: "import"), place + 1 < words.count else { return nil }
            let before: Set<Substring> = [
                "public", "package", "internal", "fileprivate", "private", "@testable", "@preconcurrency", "@_exported",
            ]
            guard words[..<place].allSatisfy(before.contains) else { return nil }
            let kinds: Set<Substring> = ["struct", "class", "enum", "protocol", "func", "var", "let", "typealias"]
            let rest = words[(place + 1)...].drop(while: kinds.contains)
            guard let module = rest.first?.split(separator: ".").first else { return nil }
            return Import(module: String(module), line: index + 1)
        }
    }
}
