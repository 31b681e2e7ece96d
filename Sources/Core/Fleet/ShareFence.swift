/// How strong a fence a node can put around shares of its GPUs.
package struct ShareFence: Hashable, Sendable, Codable {
    /// The strongest grade that a share can have, and has unless its request says otherwise.
    package let grade: Grade
    /// Whether the limiter can be had as well, where it is not the strongest means.
    package let hasLimiter: Bool
    /// Whether the strongest means holds parts of one GPU only, not of several for the same programs.
    package let isOfOneGPU: Bool
    /// Why it is no stronger, in one sentence; nil where there is nothing to say.
    package let limitation: String?

    package init(_ grade: Grade, hasLimiter: Bool? = nil, isOfOneGPU: Bool = false, limitation: String? = nil) {
        self.grade = grade
        self.hasLimiter = hasLimiter ?? (grade == .cooperative)
        self.isOfOneGPU = isOfOneGPU
        self.limitation = limitation
    }

    /// Nothing that would fence a share.
    package static let none = ShareFence(.unfenced)

    /// The grade of a share for the request; nil where what it names cannot be had.
    ///
    /// Sharing by time is what the driver does by itself: nobody else has a hand in it. A share that may take whatever
    /// others leave, or host memory, is held by the limiter: multi-process service and driver know neither. So are
    /// shares of several GPUs for the same programs, where the driver's means cannot span them.
    package func grade(for request: Request) -> Grade? {
        switch request.sharing {
        case .time: .unfenced
        case .mps: grade == .enforced && !spansTooMuch(request) ? .enforced : nil
        case .limiter: hasLimiter ? .cooperative : nil
        case nil, .exclusive, .mig:
            if grade == .enforced, request.needsLimiter || spansTooMuch(request) {
                hasLimiter ? .cooperative : nil
            } else {
                grade
            }
        }
    }

    /// Whether a request is for parts of more GPUs than the strongest means holds.
    fileprivate func spansTooMuch(_ request: Request) -> Bool { isOfOneGPU && request.count.upper != 1 }

    private enum Key: CodingKey { case grade, hasLimiter, isOfOneGPU, limitation }

    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: Key.self)
        self.init(
            try values.decode(Grade.self, forKey: .grade),
            hasLimiter: try values.decodeIfPresent(Bool.self, forKey: .hasLimiter),
            isOfOneGPU: try values.decodeIfPresent(Bool.self, forKey: .isOfOneGPU) ?? false,
            limitation: try values.decodeIfPresent(String.self, forKey: .limitation))
    }

    package func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: Key.self)
        try values.encode(grade, forKey: .grade)
        // As it was written before there was a choice, where there is none.
        if hasLimiter != (grade == .cooperative) { try values.encode(hasLimiter, forKey: .hasLimiter) }
        if isOfOneGPU { try values.encode(isOfOneGPU, forKey: .isOfOneGPU) }
        try values.encodeIfPresent(limitation, forKey: .limitation)
    }
}

extension Request {
    /// Whether only the limiter can hold what it asks for beside its share and memory.
    package var needsLimiter: Bool { burst == .any || spill != nil }
}

extension Node {
    /// The grade that a share of one of its GPUs has.
    package func grade(ofShareFor request: Request) -> Grade { fence?.grade(for: request) ?? .unfenced }

    /// Why a share for the request cannot have the means or the grade that it demands; nil when it can, or demands none.
    package func obstacle(toGradeOf request: Request) -> String? {
        guard request.isOfShares else { return nil }
        let fence = fence ?? .none
        let why = fence.limitation.map { ": \($0)" } ?? ""
        guard let grade = fence.grade(for: request) else {
            return switch request.sharing {
            case .mps where fence.spansTooMuch(request): "mps holds a share of one GPU, not of several at once"
            case .mps: "a share on \(name) cannot be held by mps\(why)"
            case .limiter: "a share on \(name) cannot be held by the limiter\(why)"
            case _ where fence.spansTooMuch(request): "shares of several GPUs at once on \(name) need the limiter\(why)"
            default: "a share on \(name) that uses what others leave needs the limiter\(why)"
            }
        }
        if request.spill != nil, grade != .cooperative {
            return "host memory in place of GPU memory needs the limiter, which a share on \(name) does not have\(why)"
        }
        if let burst = request.burst, burst != .any, grade < .cooperative {
            return "a share on \(name) is \(grade.rawValue), so nothing would keep it within \(burst)\(why)"
        }
        guard let wanted = request.minimumGrade, wanted > grade else { return nil }
        if request.sharing == .time { return "a share by time is never fenced: leave --share or --grade away" }
        if grade < fence.grade {
            if fence.spansTooMuch(request) {
                return "shares of several GPUs at once are \(grade.rawValue), not \(wanted.rawValue): ask for one GPU"
            }
            return "a share as asked for is \(grade.rawValue), not \(wanted.rawValue): leave --share, --burst any and "
                + "--gpu-memory-spill away"
        }
        return "a share on \(name) is \(grade.rawValue) at most, not \(wanted.rawValue)\(why)"
    }
}

extension Request {
    /// Whether it asks for parts of GPUs that are no slices.
    package var isOfShares: Bool {
        switch portion {
        case .share, .memory, .compute: sliceWish == nil
        case .whole, .slice: false
        }
    }
}
