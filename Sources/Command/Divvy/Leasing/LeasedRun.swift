import API
import Containers
import Engine
import Fleet
import Presentation

/// `divvy run`: from the words on the command line to the program that takes this process over.
struct LeasedRun {
    private let arguments: RunArguments
    private let own: OwnWords
    private let request: ReadRequest

    init(words: [String]) throws {
        arguments = try Self.arguments(words)
        own = try OwnWords(arguments.own)
        request = try ReadRequest(own.request)
    }

    private static func arguments(_ words: [String]) throws -> RunArguments {
        do {
            return try RunArguments(words, own: OwnWords.options)
        } catch {
            throw Failure(.badUsage, "\(error)", hint: hint(error))
        }
    }

    /// The engine's options are its own affair, but one where no engine is asked is mostly a slip in one of ours.
    private static func hint(_ error: RunArgumentsError) -> String? {
        guard case .engineOptionForProcess(let option) = error else { return nil }
        let name = String(option.prefix { $0 != "=" })
        return Suggestion.nearest(to: name, among: OwnWords.names.sorted()).map { "did you mean \($0)?" }
    }

    func run() async throws -> Never {
        switch arguments.work {
        case .process(let command): try await runProcess(command)
        case .container(let options, let image, let command):
            try await runContainer(options: options, image: image, command: command)
        }
    }

    private func asking() throws -> Asking { Asking(daemon: try Daemon(own.connection), request: request) }

    // MARK: A process

    private func runProcess(_ command: [String]) async throws -> Never {
        // Found before anybody is asked, so that a slip takes no GPU from anybody.
        _ = try Program.find(command[0], path: Console.environment["PATH"])
        var body = request.body(name: own.leaseName, holder: .init(kind: .process))
        if request.mayBeFenced, case .notDone(let reason) = Confinement.rehearse() {
            body = try request.unfenced(body, because: reason, isQuiet: false)
        }
        let lease = try await asking().lease(body)
        guard let preparation = lease.preparation else {
            throw Failure(.runFailed, "\(lease.id) was granted, but the daemon did not say how to use it")
        }
        if preparation.needsAdmission { _ = try await asking().daemon.admit(to: lease.id) }
        let merged = ProcessEnvironment(Console.environmentEntries).taking(preparation.processEnvironment)
        for name in merged.overruled {
            Console.note(
                "divvy: note: \(name) of your environment is overruled; the lease decides which GPUs are seen and how")
        }
        try LeasedProcess(
            command: command, environment: merged.entries,
            confinement: Confinement(hidden: preparation.hiddenDevices, mounts: preparation.processMounts)
        ).become()
    }

    // MARK: A container

    private func runContainer(
        options: [RunArguments.EngineOption], image: String, command: [String]
    ) async throws -> Never {
        let settings = try own.connection.settings()
        let choice = try EngineChoice(option: own.engine ?? settings.engine?.rawValue)
        let engine = try await EngineDiscovery(path: Console.environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin")
            .find(choice)
        var body = request.body(name: own.leaseName, holder: .init(kind: .starting, engine: engine.kind.rawValue))
        let asking = try asking()
        if request.mayNeedHooks, let obstacle = engine.obstacleToHooks(options),
            await asking.daemon.hasMoreThanLimiter(for: body)
        {
            body = try request.withLimiter(body, because: obstacle)
        }
        let lease = try await asking.lease(body)
        guard let view = lease.preparation else {
            throw Failure(.runFailed, "\(lease.id) was granted, but the daemon did not say how to use it")
        }
        let (kept, notes) = RunArguments.overruled(
            options, hiddenDevices: view.hiddenDevices, decided: view.edits.environment)
        for note in notes { Console.note("divvy: note: \(note)") }
        let words = try RunArguments.launch(
            engine, lease: lease.id, preparation: Preparation(view), options: kept, image: image, command: command)
        try Program(arguments: words, environment: Console.environmentEntries).become()
    }
}
