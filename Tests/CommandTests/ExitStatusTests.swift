import API
import Presentation
import Testing

@Suite struct ExitStatusTests {
    /// Swift Testing has one of its own.
    private typealias Status = Presentation.ExitStatus

    @Test func `every reason of the daemon has the status that people are told`() {
        let expected: [ErrorBody.Code: Int32] = [
            .notNow: 75, .queueFull: 75, .tooMany: 75, .never: 65, .notYet: 65, .badRequest: 65, .unknownLease: 66,
            .alreadyEnded: 66, .notGranted: 1, .noDeadline: 1, .preparation: 1, .admission: 1, .keyReused: 73,
            .notYours: 77,
            .unknownQueue: 66, .unknownReservation: 66, .unknownGPU: 66, .notInQueue: 77, .operatorsOnly: 77,
            .tooLong: 65, .tooUrgent: 77, .badQuota: 65, .reservationNameTaken: 73, .journal: 74, .stopped: 69,
            .notFound: 70, .internal: 70,
        ]
        for code in ErrorBody.Code.allCases {
            #expect(Status(code).rawValue == expected[code], "\(code)")
        }
    }

    @Test func `run keeps apart what is ours and what is the child's`() {
        let kept: Set<Status> = [.done, .noCapacity, .waitRanOut, .runFailed, .cannotExecute, .commandNotFound]
        for status in Status.allCases {
            #expect(status.ofRun == (kept.contains(status) ? status : .runFailed), "\(status)")
        }
    }

    @Test func `statuses are those of sysexits`() {
        #expect(
            Status.allCases.map(\.rawValue) == [
                0, 1, 64, 65, 66, 69, 70, 73, 74, 75, 77, 78, 124, 125, 126, 127,
            ])
    }

    @Test func `a daemon that is not there is 69, one that may not be asked is 77`() {
        #expect(Failure(APIClientError.unreachable(socket: "/s", .noSocket)).status == .daemonUnreachable)
        #expect(Failure(APIClientError.unreachable(socket: "/s", .nobodyListens)).status == .daemonUnreachable)
        #expect(Failure(APIClientError.unreachable(socket: "/s", .notPermitted)).status == .notPermitted)
        #expect(Failure(APIClientError.lost(socket: "/s", "gone")).status == .daemonUnreachable)
    }

    @Test func `a refusal is explained with its numbers`() {
        let body = ErrorBody(
            code: .notNow, message: "no room for it now", hint: "wait with --wait",
            explanation: .init(
                summary: "two GPUs are free, three were asked for",
                counts: [.init(reason: "are taken by leases", gpus: 6), .init(reason: "is unhealthy", gpus: 1)],
                unblocks: "lease-3 ends in 5m"))
        let failure = Failure(body)
        #expect(failure.status == .noCapacity)
        #expect(
            failure.lines() == [
                "divvy: no room for it now", "  two GPUs are free, three were asked for",
                "  6 GPUs are taken by leases",
                "  1 GPU is unhealthy", "  would help: lease-3 ends in 5m", "  wait with --wait",
            ])
    }
}
