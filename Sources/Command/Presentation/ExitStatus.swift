/// The exit statuses of every command, after sysexits.h; `divvy --help` lists them.
package enum ExitStatus: Int32, CaseIterable, Sendable {
    case done = 0
    /// It failed for a reason that has no number of its own.
    case failed = 1
    case badUsage = 64
    case badData = 65
    /// No such lease, GPU, queue or reservation.
    case notFound = 66
    case daemonUnreachable = 69
    case internalFault = 70
    /// The name is taken or the file is there already.
    case cannotCreate = 73
    case inputOutput = 74
    /// No capacity now; trying again later is sensible.
    case noCapacity = 75
    case notPermitted = 77
    case badConfiguration = 78
    case waitRanOut = 124
    /// `run` only, as Docker has it: Divvy failed before the child ran.
    case runFailed = 125
    /// `run` only: the command was found but could not be executed.
    case cannotExecute = 126
    /// `run` only: the command was not found.
    case commandNotFound = 127

    /// What `run` exits with instead, so that nothing of ours is taken for the child's status: 125, but for the two
    /// answers that scripts act on (75, 124) and those that are about the child (126, 127).
    package var ofRun: ExitStatus {
        switch self {
        case .done, .noCapacity, .waitRanOut, .runFailed, .cannotExecute, .commandNotFound: self
        default: .runFailed
        }
    }
}

/// Why a command did not do what was asked, for people and for the exit status.
package struct Failure: Error, Hashable, Sendable {
    package let status: ExitStatus
    /// What went wrong, in sentences or lines.
    package let message: String
    /// What to do about it; nil where nothing is to be said.
    package let hint: String?

    package init(_ status: ExitStatus, _ message: String, hint: String? = nil) {
        self.status = status
        self.message = message
        self.hint = hint
    }

    /// The lines for standard error.
    package func lines(palette: Palette = .plain) -> [String] {
        var lines = message.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        lines[0] = palette.paint("divvy:", .bad) + " " + lines[0]
        if let hint {
            lines += hint.split(separator: "\n").map { "  \($0)" }
        }
        return lines
    }
}
