import API
import Glibc
import Presentation

/// The file in which engines look for why a runtime failed; what they find there is shown to whoever started the
/// container.
struct RuntimeLog {
    let path: String?
    let isJSON: Bool

    func write(_ failure: Failure) {
        guard let path else { return }
        let descriptor = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        Console.write(line(failure, at: WallClock.now) + "\n", to: descriptor)
    }

    /// On one line, as runc writes it.
    func line(_ failure: Failure, at time: Timestamp) -> String {
        let words = ([failure.message] + (failure.hint.map { [$0] } ?? [])).joined(separator: "\n")
        let text = "divvy: " + words.split(separator: "\n").map(Self.trimmed).joined(separator: "; ")
        let fields = [("level", "error"), ("msg", text), ("time", "\(time)")]
        return isJSON
            ? JSONValue.object(fields.map { JSONValue.Member($0.0, .string($0.1)) }).compact
            : fields.reversed().map { "\($0.0)=\(JSONValue.string($0.1).compact)" }.joined(separator: " ")
    }

    private static func trimmed(_ line: Substring) -> String {
        String(line.drop { $0.isWhitespace })
    }
}
