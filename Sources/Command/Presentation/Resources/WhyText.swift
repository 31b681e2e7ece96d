package import API
import Fleet

extension WhyView {
    /// The one reason in a sentence, then the numbers, what would help and when it starts.
    package func lines(palette: Palette) -> [String] {
        var lines = [palette.paint(answer.printable, waiting == nil ? .plain : .warning)]
        guard let waiting else {
            if let end = lease.announcedEnd {
                lines.append("It is stopped at \(end.at) unless \(end.beneficiary) no longer needs the room.")
            }
            return lines
        }
        lines += waiting.explanation.countLines
        let facts: [(label: String, value: Cell?)] = [
            ("Would help", Cell(waiting.explanation.unblocks ?? "nothing on this fleet")),
            ("Starts", Cell(Self.start(waiting))),
            ("Place", Cell("\(waiting.position), in queue \(waiting.queue)")),
            ("Priority", Cell("\(waiting.priority)")),
            ("Waited", Cell(Wording.span(seconds: waiting.waitedSeconds))),
            ("Request", Cell(waiting.request)),
        ]
        return lines + Details(facts).lines(palette: palette)
    }

    private static func start(_ waiting: WaitingView) -> String {
        guard let at = waiting.startsAt, let seconds = waiting.startsInSeconds else { return Wording.unknownStart }
        return seconds == 0 ? "any moment now" : "at \(at) at the earliest, in \(Wording.span(seconds: seconds))"
    }
}

extension ExplanationView {
    /// `  6 GPUs are taken by leases`, one line for each reason.
    var countLines: [String] {
        counts.map { "  \($0.gpus) \($0.gpus == 1 ? "GPU" : "GPUs") \($0.reason)".printable }
    }
}

extension OfferView {
    /// What it would get, or when and why not now.
    package func lines(palette: Palette) -> [String] {
        switch answer {
        case .now:
            let facts: [(label: String, value: Cell?)] =
                [("Request", Cell(request)), ("Node", node.map { Cell($0) })]
                + grants.map { grant in
                    let which = grant.index.map { "GPU \($0)" } ?? "GPU \(grant.gpu)"
                    return (
                        which,
                        Cell(
                            "\(Wording.share(grant.milliGPU)) of \(grant.gpuName ?? "it"), "
                                + Wording.bytes(grant.memoryBytes))
                    )
                } + [("Grade", grade.map { Cell("\($0.rawValue): \(fences ?? $0.fences)") })]
            return [palette.paint("It would be granted now.", .good)] + Details(facts).lines(palette: palette)
                + notes.map { "note: \($0)" }
        case .later:
            let why = explanation?.summary ?? "others come first"
            let start = startsAt.map { at in
                "at \(at) at the earliest" + (startsInSeconds.map { ", in \(Wording.span(seconds: $0))" } ?? "")
            }
            let facts: [(label: String, value: Cell?)] = [
                ("Would help", explanation?.unblocks.map { Cell($0) }),
                ("Starts", Cell(start ?? Wording.unknownStart)), ("Place", position.map { Cell("\($0)") }),
                ("Request", Cell(request)),
            ]
            return [palette.paint("It would wait: \(why)".printable, .warning)] + counts
                + Details(facts).lines(palette: palette) + notes.map { "note: \($0)" }
        case .never:
            let why = explanation?.summary ?? "nothing here is of that kind"
            let facts: [(label: String, value: Cell?)] = [
                ("Would help", explanation?.unblocks.map { Cell($0) }), ("Request", Cell(request)),
            ]
            return [palette.paint("It never fits here: \(why)".printable, .bad)] + counts
                + Details(facts).lines(palette: palette) + notes.map { "note: \($0)" }
        }
    }

    private var counts: [String] { explanation?.countLines ?? [] }

    /// What a script decides by: 0 now, 75 it would wait, 65 it never fits.
    package var exitStatus: ExitStatus {
        switch answer {
        case .now: .done
        case .later: .noCapacity
        case .never: .badData
        }
    }
}
