import Testing

/// Arrows point inwards only: Core <- Engine <- Edges <- Command.
struct RingTests {
    /// Which modules of the core a module of the core may import.
    private static let insideCore: [String: Set<String>] = [
        "Fleet": [],
        "Placement": ["Fleet"],
        "Queueing": ["Fleet", "Placement"],
        "Ledger": ["Fleet", "Placement", "Queueing"],
    ]

    /// What an edge may import of ours beside Engine, Fleet and its C module.
    private static let moreForEdges: [String: Set<String>] = [
        // It stores the ledger's events and its state.
        "SQLiteJournal": ["Ledger"],
        // It shows what the ledger refuses and tells, its queues, and where room is reserved.
        "API": ["Ledger", "Placement", "Queueing"],
    ]

    /// Collections: values only.
    private static let othersForCore: Set<String> = [
        "DequeModule", "HeapModule", "OrderedCollections", "BitCollections", "HashTreeCollections", "BasicContainers",
    ]

    private static let foundation: Set<String> = ["Foundation", "FoundationEssentials", "FoundationNetworking"]

    @Test func `every source file lies in the folder of a module`() {
        let stray = (Repository.swiftSources + Repository.cSources).filter { Module(path: $0) == nil }
        #expect(stray == [])
        #expect(Module.names(.core).isSubset(of: Set(Self.insideCore.keys)))
        #expect(Module.names(.core).contains("Fleet"))
    }

    @Test(arguments: Repository.swiftSources)
    func `a file imports only what its ring may`(path: String) throws {
        let module = try #require(Module(path: path))
        let ours = Set(Module.all.map(\.name))
        for found in Import.all(in: SwiftText(try Repository.text(of: path))) where found.module != module.name {
            let place: Comment = "\(path):\(found.line) imports \(found.module)"
            let isOurs = ours.contains(found.module)
            switch module.ring {
            case .core:
                let allowed = Self.insideCore[module.name, default: []].union(Self.othersForCore)
                #expect(allowed.contains(found.module), place)
            case .engine:
                #expect(!isOurs || Module.names(.core).contains(found.module), place)
                #expect(!Self.foundation.contains(found.module), place)
            case .edge:
                let allowed = Self.moreForEdges[module.name, default: []].union(["Engine", "Fleet"])
                #expect(!isOurs || allowed.union(Module.names(.c)).contains(found.module), place)
                #expect(found.module != "Foundation", place)
            case .simulation, .doctor:
                #expect(!isOurs || Module.names(.core).union(["Engine"]).contains(found.module), place)
                #expect(found.module != "Foundation", place)
            case .command:
                #expect(!Module.names(.injected).contains(found.module), place)
                #expect(found.module != "Foundation", place)
            case .injected:
                #expect(!isOurs || Module.names(.c).union(Module.names(.injected)).contains(found.module), place)
                #expect(!Self.foundation.contains(found.module), place)
            case .c: break
            }
        }
    }

    @Test func `a C module belongs to one edge`() throws {
        var users: [String: Set<String>] = [:]
        for path in Repository.swiftSources {
            guard let module = Module(path: path), module.ring == .edge else { continue }
            for found in Import.all(in: SwiftText(try Repository.text(of: path)))
            where Module.names(.c).contains(found.module) {
                users[found.module, default: []].insert(module.name)
            }
        }
        #expect(users.filter { $0.value.count > 1 } == [:])
    }

    /// The core decides and nothing else: it has no clock, no tasks, no randomness and no output of its own.
    @Test(arguments: Repository.swiftSources.filter { Module(path: $0)?.ring == .core })
    func `the core has no clock, no task, no randomness and no output`(path: String) throws {
        let words: Set<String> = [
            "async", "await", "actor", "Task", "TaskGroup", "AsyncStream", "Clock", "ContinuousClock",
            "SuspendingClock",
            "Date", "UUID", "SystemRandomNumberGenerator", "Mutex", "Atomic", "print", "debugPrint", "dump",
            "getenv", "ProcessInfo", "FileManager", "DispatchQueue", "Thread",
        ]
        for (index, line) in SwiftText(try Repository.text(of: path)).code.enumerated() {
            let found = line.split { !($0.isLetter || $0.isNumber || $0 == "_") }.map(String.init).filter(
                words.contains)
            #expect(found == [], "\(path):\(index + 1)")
            if line.contains(#/\.(random|shuffle|shuffled|randomElement)\(/#) {
                #expect(line.contains("using:"), "\(path):\(index + 1) takes randomness that was not handed in")
            }
        }
    }
}
