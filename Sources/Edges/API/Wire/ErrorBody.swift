/// Why a call was not done: `divvy.v1/Error`.
package struct ErrorBody: Hashable, Sendable, Codable {
    /// What follows from the error; a client decides by this and never by the message.
    package enum Code: String, Hashable, Sendable, Codable, CaseIterable {
        /// No room now, and the request did not want to wait: asking again later is sensible.
        case notNow
        /// It cannot fit on this fleet.
        case never
        /// This release cannot do it.
        case notYet
        case unknownLease
        case alreadyEnded
        case notGranted
        case noDeadline
        /// The idempotency key was used before for another request.
        case keyReused
        case queueFull
        /// No such queue, or none that takes requests.
        case unknownQueue
        /// The queue is not for this tenant.
        case notInQueue
        /// The queue's leases live less long.
        case tooLong
        /// The queue's requests are less urgent.
        case tooUrgent
        /// No reservation of that name, or none that this tenant may use.
        case unknownReservation
        case reservationNameTaken
        /// The change would make no tree of queues.
        case badQuota
        /// Only root and the daemon's own user may.
        case operatorsOnly
        case unknownGPU
        case notYours
        /// The call itself cannot be read.
        case badRequest
        /// It could not be written down, so it did not happen.
        case journal
        /// It was granted, but could not be made ready, and was given back.
        case preparation
        /// Its programs could not be given their limits, so they must not start.
        case admission
        case stopped
        /// This user has too many connections open.
        case tooMany
        /// There is no such path.
        case notFound
        /// A fault of the daemon.
        case `internal`
    }

    package private(set) var schema = "divvy.v1/Error"
    package var code: Code
    /// What was wrong, in sentences for people.
    package var message: String
    /// What to do.
    @Nullable package var hint: String?
    @Nullable package var explanation: ExplanationView?

    package init(code: Code, message: String, hint: String? = nil, explanation: ExplanationView? = nil) {
        self.code = code
        self.message = message
        self.hint = hint
        self.explanation = explanation
    }
}
