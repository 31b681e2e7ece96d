import Fleet

/// What is known when it is to be decided whether a container that holds a lease is still there.
struct HolderEvidence: Hashable {
    enum Holder: Hashable {
        /// The engine's command line that is to start a container, and whether it still runs.
        case starting(isRunning: Bool)
        /// A container; whether any of its processes is seen on the machine, with or without its engine.
        case container(id: String, hasProcess: Bool, restarts: Bool?)
    }

    enum Engine: Hashable {
        case silent
        /// The engine's containers of this lease.
        case answers([ContainerSight])
    }

    let holder: Holder
    let engine: Engine
    /// How long all evidence has been against the holder.
    let doubtedFor: Duration
    /// Whether the engine has been silent in the last moments, and may still be bringing containers back.
    let engineWasSilent: Bool
}

/// What follows from the evidence.
enum HolderJudgement: Hashable {
    /// It is there.
    case alive
    /// It seems not to be there; look again after this time.
    case doubted(lookAfter: Duration)
    case became(id: String)
    case gone

    /// How long evidence must stand before a lease ends for it. A container that an engine restarts is down for a
    /// moment; an engine that comes back brings its containers back one after the other.
    private enum Wait {
        static let commandEnded = Duration.seconds(2)
        static let stopped = Duration.milliseconds(500)
        static let restarting = Duration.seconds(2)
        static let engineBack = Duration.seconds(10)
        static let engineSilent = Duration.seconds(60)
    }

    init(_ evidence: HolderEvidence) {
        if case .answers(let sights) = evidence.engine {
            let running = sights.filter { $0.life == .running }.map(\.id).sorted()
            if case .container(let id, _, _) = evidence.holder, running.contains(id) {
                self = .alive
                return
            }
            if let other = running.first {
                self = .became(id: other)
                return
            }
        }
        guard let needed = Self.neededDoubt(evidence) else {
            self = .alive
            return
        }
        // Often at first, then less so: an end is noticed at once, a silent engine is not asked all the time.
        let step = max(.milliseconds(100), min(evidence.doubtedFor / 2, .seconds(2)))
        self = evidence.doubtedFor >= needed ? .gone : .doubted(lookAfter: min(step, needed - evidence.doubtedFor))
    }

    /// How long the evidence must stand before it counts; nil when it is not against the holder.
    private static func neededDoubt(_ evidence: HolderEvidence) -> Duration? {
        switch (evidence.holder, evidence.engine) {
        case (.starting(isRunning: true), _): return nil
        case (.starting, .silent): return Wait.engineSilent
        case (.starting, .answers(let sights)):
            // The engine was asked after the command had ended, and only the command makes or starts containers: what
            // the engine does not have by now will not come.
            return sights.contains { $0.life == .notYet || $0.restarts } ? Wait.commandEnded : .zero
        case (.container(_, let hasProcess, let restarts), .silent):
            if hasProcess { return nil }
            return restarts == false ? Wait.restarting : Wait.engineSilent
        case (.container(let id, _, _), .answers(let sights)):
            guard let sight = sights.first(where: { $0.id == id }) else { return .zero }
            guard sight.restarts else { return Wait.stopped }
            return evidence.engineWasSilent ? Wait.engineBack : Wait.restarting
        }
    }
}
