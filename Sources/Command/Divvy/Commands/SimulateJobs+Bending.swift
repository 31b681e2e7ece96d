import ArgumentParser
import Fleet
import Simulation

/// What is changed about a trace before it is replayed.
struct TraceBending: ParsableArguments {
    @Option(help: ArgumentHelp("Leave out jobs submitted before this time of the trace (2d, 12h).", valueName: "time"))
    var from: String?

    @Option(help: ArgumentHelp("Leave out jobs submitted from this time of the trace on.", valueName: "time"))
    var until: String?

    @Option(
        help: ArgumentHelp(
            "Let submissions follow each other so many times as fast, 0.01 to 1000.", valueName: "factor"))
    var speed = 1.0

    @Option(
        help: ArgumentHelp(
            """
            The times that users ask for: exact, none, x2 (so many times the real one), or guess (up to 5 times, \
            rounded up to a time that people write). The trace's own where it has some; else x2.
            """, valueName: "which"))
    var limits: String?

    @Flag(help: "Make every share a whole GPU: as it was before sharing.")
    var whole = false

    @Option(help: ArgumentHelp("For what is random.", valueName: "seed"))
    var seed: UInt64 = 1

    init() {}

    func bend(hasLimits: Bool) throws -> TraceBend {
        var bend = TraceBend()
        if let from { bend.from = try Self.span(from, "--from") }
        if let until { bend.until = try Self.span(until, "--until") }
        if let until = bend.until, until <= bend.from {
            throw ValidationError("--until must be later than --from: \(until) is not after \(bend.from)")
        }
        guard speed >= 0.01, speed <= 1000 else { throw ValidationError("--speed takes 0.01 to 1000, not \(speed)") }
        bend.speed = speed
        bend.isWhole = whole
        bend.seed = seed
        if let limits { bend.limits = try Self.limits(limits) } else if !hasLimits { bend.limits = .times(2) }
        return bend
    }

    private static func limits(_ text: String) throws -> TraceBend.Limits {
        switch text {
        case "none": return .noLimit
        case "exact": return .exact
        case "guess": return .guess
        default:
            guard text.hasPrefix("x"), let times = Double(text.dropFirst()), times >= 1, times <= 1000 else {
                throw ValidationError("--limits takes exact, none, guess or x1 to x1000, not \"\(text)\"")
            }
            return .times(times)
        }
    }

    /// A length of time as everywhere else: `90s`, `1h30m`, `2d`.
    static func span(_ text: String, _ option: String) throws -> Span {
        do {
            let (request, _) = try RequestParser.parse(RequestOptions(for: text))
            return request.duration ?? .zero
        } catch {
            throw ValidationError("\(option): \(error.message); write 90s, 30m, 1h30m or 7d")
        }
    }
}
