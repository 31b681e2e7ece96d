package import API

extension Failure {
    package init(_ error: APIClientError) {
        switch error {
        case .unreachable(_, .notPermitted): self.init(.notPermitted, "\(error)")
        case .unreachable: self.init(.daemonUnreachable, "\(error)")
        case .lost: self.init(.daemonUnreachable, "\(error)")
        case .refused(_, let body): self.init(body)
        }
    }

    /// What the daemon said, with the explanation that it gave and without saying anything twice.
    package init(_ body: ErrorBody) {
        var lines = [body.message]
        var hint = body.hint
        if let explanation = body.explanation {
            if !body.message.contains(explanation.summary) { lines.append("  \(explanation.summary)") }
            if explanation.counts.count > 1 { lines += explanation.countLines }
            if let unblocks = explanation.unblocks {
                lines.append("  would help: \(unblocks)")
                if hint == unblocks { hint = nil }
            }
        }
        self.init(ExitStatus(body.code), lines.joined(separator: "\n"), hint: hint)
    }
}

extension ExitStatus {
    /// What follows from the daemon's reason.
    package init(_ code: ErrorBody.Code) {
        self =
            switch code {
            case .notNow, .queueFull, .tooMany: .noCapacity
            case .never, .notYet, .badRequest, .tooLong, .badQuota: .badData
            case .unknownLease, .alreadyEnded, .unknownQueue, .unknownReservation, .unknownGPU: .notFound
            case .notGranted, .noDeadline, .preparation, .admission: .failed
            case .keyReused, .reservationNameTaken: .cannotCreate
            case .notYours, .tooUrgent, .notInQueue, .operatorsOnly: .notPermitted
            case .journal: .inputOutput
            case .stopped: .daemonUnreachable
            case .notFound, .internal: .internalFault
            }
    }
}
