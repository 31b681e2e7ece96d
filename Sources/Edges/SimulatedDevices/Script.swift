/// What happens to a simulated machine over time: a text with a line for each edit.
///
///     # seconds since the start, then what `divvy sim` takes
///     0    load 0 85
///     2.5  ecc 0 corrected 3
///     5s   xid 1 31
///     10s  lose 1
///     20s  return 1
package struct Script: Sendable {
    /// In the order of their times.
    package let steps: [Step]

    package struct Step: Sendable {
        /// Since the start.
        package let time: Duration
        package let edit: Edit
    }

    package init(_ text: some StringProtocol) throws(SimulationError) {
        var steps: [Step] = []
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let content = String(line.prefix(while: { $0 != "#" }))
            let words = content.split(whereSeparator: { $0 == " " || $0 == "\t" }).map(String.init)
            guard let first = words.first else { continue }
            func fail(_ reason: String) -> SimulationError {
                .badScript(line: index + 1, text: content, reason: reason)
            }
            let digits = first.hasSuffix("s") ? String(first.dropLast()) : first
            guard let seconds = Double(digits), seconds >= 0, seconds < 1e9 else {
                throw fail("it does not begin with a time in seconds")
            }
            guard let edit = Edit(words: Array(words.dropFirst())) else {
                throw fail("no such edit; there are \(Edit.forms.joined(separator: ", "))")
            }
            steps.append(Step(time: .seconds(seconds), edit: edit))
        }
        // Lines of one time keep their order.
        self.steps = steps.enumerated().sorted { ($0.element.time, $0.offset) < ($1.element.time, $1.offset) }
            .map(\.element)
    }
}

/// One edit of a machine.
package enum Edit: Equatable, Sendable {
    case load(gpu: Int, percent: Int)
    case xid(gpu: Int, code: Int)
    case lose(gpu: Int)
    case restore(gpu: Int)
    case reset(gpu: Int)
    case memoryErrors(gpu: Int, corrected: Int, uncorrected: Int)
    case throttle(gpu: Int, SimulatedInstance.Throttle?)
    case hang(call: String, after: Int)
    case fail(call: String, after: Int)
    case clear
    case confidential(Bool)

    /// How the edits are written.
    package static let forms = [
        "load GPU PERCENT", "xid GPU CODE", "lose GPU", "return GPU", "reset GPU",
        "ecc GPU corrected|uncorrected COUNT",
        "throttle GPU power-cap|thermal|hw-thermal|power-brake|none", "hang CALL [after N]", "fail CALL [after N]",
        "clear", "confidential on|off",
    ]

    init?(words: [String]) {
        let numbers = words.map { Int($0) }
        switch (words.first, words.count) {
        case ("load", 3): self.init(numbers) { .load(gpu: $0, percent: $1) }
        case ("xid", 3): self.init(numbers) { .xid(gpu: $0, code: $1) }
        case ("lose", 2): self.init(numbers) { .lose(gpu: $0) }
        case ("return", 2): self.init(numbers) { .restore(gpu: $0) }
        case ("reset", 2): self.init(numbers) { .reset(gpu: $0) }
        case ("ecc", 4):
            guard let gpu = numbers[1], let count = numbers[3], count > 0 else { return nil }
            switch words[2] {
            case "corrected": self = .memoryErrors(gpu: gpu, corrected: count, uncorrected: 0)
            case "uncorrected": self = .memoryErrors(gpu: gpu, corrected: 0, uncorrected: count)
            default: return nil
            }
        case ("throttle", 3):
            let reason = SimulatedInstance.Throttle(rawValue: words[2])
            guard let gpu = numbers[1], reason != nil || words[2] == "none" else { return nil }
            self = .throttle(gpu: gpu, reason)
        case ("hang", 2): self = .hang(call: words[1], after: 0)
        case ("fail", 2): self = .fail(call: words[1], after: 0)
        case ("hang", 4):
            guard words[2] == "after", let after = numbers[3] else { return nil }
            self = .hang(call: words[1], after: after)
        case ("fail", 4):
            guard words[2] == "after", let after = numbers[3] else { return nil }
            self = .fail(call: words[1], after: after)
        case ("clear", 1): self = .clear
        case ("confidential", 2):
            guard words[1] == "on" || words[1] == "off" else { return nil }
            self = .confidential(words[1] == "on")
        default: return nil
        }
    }

    /// As it is written in a script.
    package var words: String {
        switch self {
        case .load(let gpu, let percent): "load \(gpu) \(percent)"
        case .xid(let gpu, let code): "xid \(gpu) \(code)"
        case .lose(let gpu): "lose \(gpu)"
        case .restore(let gpu): "return \(gpu)"
        case .reset(let gpu): "reset \(gpu)"
        case .memoryErrors(let gpu, let corrected, let uncorrected):
            corrected > 0 ? "ecc \(gpu) corrected \(corrected)" : "ecc \(gpu) uncorrected \(uncorrected)"
        case .throttle(let gpu, let reason): "throttle \(gpu) \(reason?.rawValue ?? "none")"
        case .hang(let call, let after): "hang \(call)" + (after > 0 ? " after \(after)" : "")
        case .fail(let call, let after): "fail \(call)" + (after > 0 ? " after \(after)" : "")
        case .clear: "clear"
        case .confidential(let isOn): isOn ? "confidential on" : "confidential off"
        }
    }

    private init?(_ numbers: [Int?], _ make: (Int) -> Edit) {
        guard let gpu = numbers[1] else { return nil }
        self = make(gpu)
    }

    private init?(_ numbers: [Int?], _ make: (Int, Int) -> Edit) {
        guard let gpu = numbers[1], let second = numbers[2] else { return nil }
        self = make(gpu, second)
    }
}

extension SimulatedInstance {
    package func apply(_ edit: Edit) throws(SimulationError) {
        switch edit {
        case .load(let gpu, let percent): try setLoad(gpu: gpu, percent: percent)
        case .xid(let gpu, let code): try raiseXID(gpu: gpu, code: code)
        case .lose(let gpu): try lose(gpu: gpu)
        case .restore(let gpu): try restore(gpu: gpu)
        case .reset(let gpu): try reset(gpu: gpu)
        case .memoryErrors(let gpu, let corrected, let uncorrected):
            try addMemoryErrors(gpu: gpu, corrected: corrected, uncorrected: uncorrected)
        case .throttle(let gpu, let reason): try throttle(gpu: gpu, reason: reason)
        case .hang(let call, let after): try hangCall(call, after: after)
        case .fail(let call, let after): try failCall(call, after: after)
        case .clear: clearCalls()
        case .confidential(let isOn): try setConfidentialComputing(isOn)
        }
    }
}
