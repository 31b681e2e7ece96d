import API
import Fleet
import Presentation

extension ReadRequest {
    /// Whether what is granted for it may be a share that something of ours has to hold.
    var mayBeFenced: Bool { request.portion != .whole && request.sharing == nil && request.sliceWish == nil }

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
}
