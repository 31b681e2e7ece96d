import API
import Fleet
import Presentation

extension ReadRequest {
    /// Whether what is granted for it may be a share that something of ours has to hold.
    var mayBeFenced: Bool { request.isOfShares && request.sharing != .time }

    /// The same for somebody before whom nothing of ours can stand: a share by time, of which nobody expects a fence.
    ///
    /// Throws when the request demands one.
    func unfenced(_ body: LeaseRequest, because reason: String, isQuiet: Bool) throws -> LeaseRequest {
        if let grade = request.minimumGrade, grade > .unfenced {
            throw Failure(
                .badUsage, "--grade \(grade.rawValue) cannot be had: \(reason)",
                hint: "run it in a container, or leave --grade away")
        }
        if !isQuiet { Console.note("divvy: note: the share is not fenced: \(reason)") }
        var body = body
        body.share = Request.Sharing.time.rawValue
        return body
    }

    /// Whether what is granted for it may be held by means that must be there before a container's program starts.
    var mayNeedHooks: Bool { request.isOfShares && request.sharing == nil && !request.needsLimiter }

    /// The same for a container that no such means can be given: a share that the limiter holds.
    ///
    /// Throws when the request demands more.
    func withLimiter(_ body: LeaseRequest, because reason: String) throws -> LeaseRequest {
        if let grade = request.minimumGrade, grade > .cooperative {
            throw Failure(
                .badUsage, "--grade \(grade.rawValue) cannot be had: \(reason)",
                hint: "register the runtime 'divvy' with the engine: Documentation/runtime.md")
        }
        Console.note("divvy: note: \(reason), so the share is held by the limiter")
        var body = body
        body.share = Request.Sharing.limiter.rawValue
        return body
    }
}

extension Daemon {
    /// Whether the pool has stronger means to hold such a share than the limiter: those that multi-process service
    /// needs as well.
    func hasMoreThanLimiter(for body: LeaseRequest) async -> Bool {
        var probe = body
        probe.share = Request.Sharing.mps.rawValue
        probe.holder = nil
        probe.grade = nil
        // Whatever else is wrong with the request is said when the lease is asked for.
        return (try? await offer(probe)).map { $0.answer != .never } ?? false
    }
}
