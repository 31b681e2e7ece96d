import API
import Fleet

/// The words for values that several listings show.
enum Wording {
    /// `0,1,5`, or `0-7` where they follow each other.
    static func indices(_ numbers: [Int]) -> String {
        var ranges: [ClosedRange<Int>] = []
        for number in numbers.sorted() {
            if let last = ranges.last, number <= last.upperBound + 1 {
                ranges[ranges.count - 1] = last.lowerBound...max(number, last.upperBound)
            } else {
                ranges.append(number...number)
            }
        }
        return ranges.map { range in
            switch range.count {
            case 1: "\(range.lowerBound)"
            case 2: "\(range.lowerBound),\(range.upperBound)"
            default: "\(range.lowerBound)-\(range.upperBound)"
            }
        }.joined(separator: ",")
    }

    static func span(seconds: Double) -> String {
        Span(nanoseconds: Int64(max(0, min(seconds, 9e9)) * 1e9)).description
    }

    /// The number, or nothing.
    static func number(_ value: (some BinaryInteger)?) -> String { value.map { String($0) } ?? "" }

    /// With at most one decimal, or nothing.
    static func number(_ value: Double?) -> String {
        guard let value, value.isFinite, value.magnitude < 1e15 else { return "" }
        let tenths = Int64((value * 10).rounded())
        let sign = tenths < 0 ? "-" : ""
        let (whole, rest) = tenths.magnitude.quotientAndRemainder(dividingBy: 10)
        return rest == 0 ? "\(sign)\(whole)" : "\(sign)\(whole).\(rest)"
    }

    /// Every decimal that there is, a whole number without one, or nothing.
    static func exact(_ value: Double?) -> String {
        guard let value, value.isFinite else { return "" }
        return Int64(exactly: value).map { "\($0)" } ?? "\(value)"
    }

    /// To the millisecond, or nothing.
    static func seconds(_ value: Double?) -> String {
        guard let value, value >= 0, value < 1e12 else { return "" }
        let (whole, rest) = Int64((value * 1000).rounded()).quotientAndRemainder(dividingBy: 1000)
        guard rest > 0 else { return "\(whole)" }
        var decimals = String(1000 + rest).dropFirst()
        while decimals.last == "0" { decimals.removeLast() }
        return "\(whole).\(decimals)"
    }

    static func bytes(_ count: Int64) -> String { Bytes(count).description }

    /// Thousandths of a GPU, of several GPUs too: `2.5`.
    static func gpus(_ milli: Int64) -> String { QuantityText.text(milliGPU: milli) }

    static let unknownStart = "nobody can know: not all that it waits for has a time (--for)"

    static func starts(in seconds: Double?) -> Cell {
        guard let seconds else { return .none }
        return seconds == 0 ? Cell("now", .good) : Cell(span(seconds: seconds))
    }

    /// A bound in GPUs, in memory where only that is bounded, both where both are.
    static func cell(_ quota: QuotaView) -> Cell {
        let parts = [quota.milliGPU.map(gpus), quota.memoryBytes.map(bytes)].compactMap { $0 }
        return parts.isEmpty ? .none : Cell(parts.joined(separator: ", "))
    }

    static func share(_ milli: Int32) -> String { Share(milli: milli).description }

    static func cell(_ text: String, unit: String, _ style: Style = .plain) -> Cell {
        text.isEmpty ? .none : Cell(text + unit, style)
    }

    /// A GPU's health, and whether it rests.
    static func health(of gpu: GPUView) -> Cell {
        guard let reason = gpu.drained else { return cell(gpu.health) }
        let drained = "drained: \(reason)"
        return gpu.health.state == .healthy
            ? Cell(drained, .warning) : Cell("\(cell(gpu.health).text); \(drained)", .bad)
    }

    static func cell(_ health: GPUView.Health) -> Cell {
        let reason = health.reason.map { ": \($0)" } ?? ""
        return switch health.state {
        case .healthy: Cell("healthy", .good)
        case .unhealthy, .lost: Cell(health.state.rawValue + reason, .bad)
        }
    }

    static func holder(_ holder: HolderView) -> String {
        switch holder.kind {
        case .nobody: ""
        case .process: holder.pid.map { "pid \($0)" } ?? "process"
        case .starting: "starting \(holder.engine ?? "container")"
        case .container: "\(holder.engine ?? "container") \((holder.container ?? "").prefix(12))"
        }
    }

    /// The state of a lease with what matters most about it: place and start, who needs its room, that it is idle.
    static func state(of lease: LeaseView, now: Timestamp) -> Cell {
        switch lease.state {
        case .waiting:
            let start = lease.startsAt.map { at in
                at <= now ? ", starts now" : ", starts in \(span(seconds: Double(at.wall - now.wall) / 1e9))"
            }
            return Cell("\(lease.position.map { "waiting (\($0))" } ?? "waiting")\(start ?? "")", .warning)
        case .granted where lease.announcedEnd != nil: return Cell("granted, makes room", .warning)
        case .granted where lease.idle?.warnedAt != nil: return Cell("granted, idle", .warning)
        case .granted, .ending, .ended: return cell(lease.state, reason: lease.endReason)
        }
    }

    private static func cell(_ state: LeaseView.State, reason: EndReason?) -> Cell {
        switch state {
        case .waiting: Cell("waiting", .warning)
        case .granted: Cell("granted", .good)
        case .ending: Cell("ending", .warning)
        case .ended: Cell(reason.map { "ended (\($0.words))" } ?? "ended", .muted)
        }
    }

    /// What all grants have, or the values of each.
    static func common<Value: Hashable>(_ values: [Value], _ words: (Value) -> String) -> String {
        Set(values).count == 1 ? words(values[0]) : values.map(words).joined(separator: ",")
    }
}
