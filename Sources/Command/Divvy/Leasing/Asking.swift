import API
import Fleet
import Glibc
import Presentation

/// Asks for a lease and waits until it is granted; gives it back when somebody interrupts.
struct Asking {
    let daemon: Daemon
    let request: ReadRequest
    /// Says nothing but what went wrong.
    var isQuiet = false

    /// A lease that was granted and made ready.
    func lease(_ body: LeaseRequest) async throws -> LeaseView {
        say("asking for \(request.request.canonical)")
        for note in request.notes { say("note: \(note)") }
        let lease = try await daemon.ask(body, key: Self.newKey())
        for note in lease.notes where !request.notes.contains(note) { say("note: \(note)") }
        let granted = lease.state == .waiting ? try await wait(for: lease) : lease
        switch granted.state {
        case .granted:
            say(Self.words(for: granted))
            return granted
        case .waiting, .ending, .ended: throw Self.failure(granted)
        }
    }

    /// How long one call to the daemon waits, and so how old the line on the terminal can be.
    private static let look = Span(seconds: 1)
    /// How long a daemon may be away, being restarted, before waiting is given up.
    private static let longestAbsence = 30

    private func wait(for lease: LeaseView) async throws -> LeaseView {
        let line = WaitingLine(lease, isQuiet: isQuiet)
        return try await Interruption.handled(
            cleanUp: {
                // A second interruption ends this at once; the lease then ends with its holder or lapses.
                _ = try? await daemon.end(lease.id)
                line.clear()
                say("\(lease.id) was given up")
            },
            during: {
                defer { line.clear() }
                var current = lease
                var absences = 0
                while current.state == .waiting {
                    line.show(current, now: WallClock.now)
                    do {
                        current = try await daemon.lease(lease.id, waiting: Self.look)
                        absences = 0
                    } catch let failure as Failure where failure.status == .daemonUnreachable {
                        absences += 1
                        guard absences < Self.longestAbsence else { throw failure }
                        try await Task.sleep(for: .seconds(1))
                    }
                }
                return current
            })
    }

    private func say(_ text: String) {
        if !isQuiet { Console.note("divvy: \(text)") }
    }

    /// What was granted and what it fences, in one line.
    static func words(for lease: LeaseView) -> String {
        let gpus = lease.grants.map { grant in
            let part = grant.slice.map { "slice \($0.profile)" } ?? Share(milli: grant.milliGPU).description
            let share = grant.milliGPU == 1000 && grant.slice == nil ? "" : "\(part) of "
            let which = grant.index.map { "GPU \($0)" } ?? "GPU \(grant.gpu)"
            return "\(share)\(which) (\(grant.gpuName ?? "unknown"), \(Bytes(grant.memoryBytes)))"
        }.joined(separator: ", ")
        let grade = lease.grade.map { "; \($0.rawValue): \(lease.fences ?? $0.fences)" } ?? ""
        return "\(lease.id): \(gpus)\(grade)"
    }

    private static func failure(_ lease: LeaseView) -> Failure {
        switch lease.endReason {
        case .patienceEnded: Failure(.waitRanOut, "\(lease.id) was not granted in the time that it would wait")
        case .preparationFailed:
            Failure(
                .failed, "\(lease.id) was granted, but could not be made ready",
                hint: "divvy events --lease \(lease.id)")
        case let reason:
            Failure(.failed, "\(lease.id) ended before it was granted: \(reason?.words ?? "no reason is known")")
        }
    }

    /// A key that makes asking again harmless when an answer is lost.
    private static func newKey() -> String {
        let number = (UInt64.random(in: 0 ... .max), UInt64.random(in: 0 ... .max))
        return String(number.0, radix: 16) + String(number.1, radix: 16)
    }
}

/// What a person sees while a request waits: a line that lives on a terminal, one that stays anywhere else.
struct WaitingLine: Sendable {
    private let isLive: Bool
    private let isQuiet: Bool

    init(_ lease: LeaseView, isQuiet: Bool) {
        self.isQuiet = isQuiet
        isLive = Console.errorIsTerminal
        if !isLive, !isQuiet { Console.note("divvy: \(Self.words(for: lease))") }
    }

    func show(_ lease: LeaseView, now: Timestamp) {
        guard isLive, !isQuiet else { return }
        let elapsed = Span(seconds: max(0, now.wall - lease.askedAt.wall) / 1_000_000_000)
        let text = "divvy: \(Self.words(for: lease, elapsed, now: now))".clipped(to: Console.size.columns - 1)
        Console.write("\r\(text)\u{1B}[K", to: STDERR_FILENO)
    }

    func clear() {
        if isLive, !isQuiet { Console.write("\r\u{1B}[K", to: STDERR_FILENO) }
    }

    /// With a time it is the line on a terminal, kept short so that its reason fits; what may be cut off stands last.
    static func words(for lease: LeaseView, _ elapsed: Span? = nil, now: Timestamp = WallClock.now) -> String {
        let place = lease.position.map { ", place \($0)\(elapsed == nil ? " in the queue" : "")" } ?? ""
        let time = elapsed.map { ", \($0)" } ?? ""
        let start =
            lease.startsAt.map { ", starts in \(Span(seconds: max(0, $0.wall - now.wall) / 1_000_000_000))" } ?? ""
        let why = lease.explanation.map { ": \($0.summary)" } ?? ""
        return "\(lease.id) waits\(place)\(time)\(start)\(why) (Ctrl-C gives up)"
    }
}
