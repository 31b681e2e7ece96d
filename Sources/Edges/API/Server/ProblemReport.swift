import Engine
import Fleet
import Hummingbird
import Ledger

/// A call that was not done, and the HTTP status that says so.
struct ProblemReport: Error, Hashable, Sendable {
    let status: Int
    let body: ErrorBody

    init(_ status: Int, _ body: ErrorBody) {
        self.status = status
        self.body = body
    }

    static func badRequest(_ message: String, hint: String? = nil) -> ProblemReport {
        ProblemReport(400, ErrorBody(code: .badRequest, message: message, hint: hint))
    }

    static let noSuchPath = ProblemReport(
        404,
        ErrorBody(
            code: .notFound, message: "there is no such path",
            hint: "the paths are in Documentation/openapi.yaml"))

    static func wrongMethod(_ method: String, allowed: [String]) -> ProblemReport {
        ProblemReport(
            405,
            ErrorBody(
                code: .badRequest, message: "there is nothing to \(method) at this path",
                hint: "it takes \(allowed.joined(separator: " and "))"))
    }

    static let stopping = ProblemReport(503, ErrorBody(code: .stopped, message: "the daemon is stopping"))
}

extension ProblemReport {
    init(_ error: EngineError) {
        switch error {
        case .refused(let refusal): self.init(refusal)
        case .notYours(let id, let tenant):
            self.init(
                403,
                ErrorBody(
                    code: .notYours, message: "\(id) belongs to \(tenant)",
                    hint: "its tenant, root and the daemon's own user may change it"))
        case .operatorsOnly(let what):
            self.init(
                403,
                ErrorBody(
                    code: .operatorsOnly, message: "only root and the daemon's own user may \(what)",
                    hint: "ask whoever runs this pool"))
        case .journal(let error):
            self.init(
                error.code == .full ? 507 : 503, ErrorBody(code: .journal, message: error.description))
        case .preparation(let error): self.init(500, ErrorBody(code: .preparation, message: error.description))
        case .admission(let error): self.init(500, ErrorBody(code: .admission, message: error.description))
        case .stopped(let why): self.init(503, ErrorBody(code: .stopped, message: why))
        }
    }

    init(_ refusal: Refusal) {
        switch refusal {
        case .notNow(let why):
            self.init(
                409,
                ErrorBody(
                    code: .notNow, message: why.summary, hint: why.unblocks, explanation: ExplanationView(why)))
        case .never(let why):
            self.init(
                422,
                ErrorBody(code: .never, message: why.summary, hint: why.unblocks, explanation: ExplanationView(why)))
        case .notYet(let what): self.init(422, ErrorBody(code: .notYet, message: what))
        case .unknownLease(let id):
            self.init(
                404,
                ErrorBody(
                    code: .unknownLease, message: "there is no \(id)",
                    hint: "`divvy ps --all` lists the leases that are remembered"))
        case .alreadyEnded(let id, let reason):
            self.init(410, ErrorBody(code: .alreadyEnded, message: "\(id) has ended: \(reason.words)"))
        case .noDeadline(let id, let isKeptAlive):
            let how = isKeptAlive ? "it lives as long as it is kept alive" : "it lives until its holder ends"
            self.init(409, ErrorBody(code: .noDeadline, message: "\(id) has no deadline to extend: \(how)"))
        case .notGranted(let id):
            self.init(409, ErrorBody(code: .notGranted, message: "\(id) has not been granted yet"))
        case .keyReused(let key, let id):
            self.init(
                409,
                ErrorBody(
                    code: .keyReused, message: "the key \"\(key)\" was used for \(id), which asked for something else",
                    hint: "take a new key for every new request"))
        case .queueFull(let limit):
            self.init(
                429,
                ErrorBody(
                    code: .queueFull, message: "\(limit) requests wait already, and no more are taken in",
                    hint: "ask again later, or without waiting"))
        case .unknownQueue(let what):
            self.init(404, ErrorBody(code: .unknownQueue, message: what, hint: "`divvy quota` lists the queues"))
        case .notInQueue(let path, let tenant):
            self.init(
                403,
                ErrorBody(
                    code: .notInQueue, message: "queue \(path) is not for \(tenant)",
                    hint: "`divvy quota -o wide` shows who may use which queue"))
        case .tooLong(let path, let asked, let longest):
            self.init(
                422,
                ErrorBody(
                    code: .tooLong, message: "queue \(path) has leases of at most \(longest), not of \(asked)",
                    hint: "ask with --for \(longest), or in another queue"))
        case .tooUrgent(let path, let asked, let highest):
            self.init(
                403,
                ErrorBody(
                    code: .tooUrgent,
                    message: "requests in queue \(path) may name priority \(highest) at most, not \(asked)",
                    hint: "leave --priority away; a queue's maxPriority in the configuration allows more"))
        case .unknownReservation(let name):
            self.init(
                404,
                ErrorBody(
                    code: .unknownReservation, message: "there is no reservation \"\(name)\" that you may use",
                    hint: "`divvy reserve list` shows them all"))
        case .reservationNameTaken(let name):
            self.init(
                409,
                ErrorBody(
                    code: .reservationNameTaken, message: "there is a reservation \"\(name)\" already",
                    hint: "take another name, or cancel that one first"))
        case .badQuota(let what):
            self.init(422, ErrorBody(code: .badQuota, message: what))
        }
    }
}
