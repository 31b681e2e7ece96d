import Fleet
import Placement

/// The different things that are asked for, so that of many equal requests only the first is looked at in earnest.
struct PlannerShapes {
    /// What one pass has learnt about equal requests.
    struct Finding {
        /// What such a request takes at least, as far as can be told before it has a place.
        let least: Amount
        /// Whether it would fit an empty fleet; nil until somebody asks.
        var couldEverFit: Bool?
        /// It did not fit from now to this moment, for this reason. Room only shrinks in a pass, so neither does one
        /// that lasts as long or longer. The reason is as it was after so many starts.
        var failure: (end: Moment, reason: WaitReason, starts: Int)?
    }

    private(set) var findings: [Finding] = []
    private var numbers: [Request: Int] = [:]
    private var last: (request: Request, number: Int)?

    /// The number of a request's shape: requests that differ only in queue, priority and times have the same.
    mutating func number(of request: Request) -> Int {
        var shape = request
        shape.queue = nil
        shape.priority = nil
        shape.duration = nil
        shape.patience = .refuse
        if let last, last.request == shape { return last.number }
        let number = numbers[shape] ?? findings.count
        if number == findings.count {
            numbers[shape] = number
            findings.append(Finding(least: shape.leastAmount))
        }
        last = (shape, number)
        return number
    }

    /// Forgets who did not fit, after room has grown.
    mutating func forgetFailures() {
        for number in findings.indices { findings[number].failure = nil }
    }

    subscript(_ number: Int) -> Finding {
        get { findings[number] }
        set { findings[number] = newValue }
    }
}

extension Request {
    /// What it takes at least; the memory of whole GPUs and of proportions counts once they are found.
    package var leastAmount: Amount {
        let milli: Int64 =
            switch portion {
            case .whole where sliceWish != nil: 0
            case .whole: 1000
            case .share(let share): Int64(share.milli)
            case .slice, .memory, .compute: 0
            }
        // Slices that are named may all be of one GPU.
        let isNamed = if case .devices = sliceWish { true } else { false }
        let count = Int64(isNamed ? 1 : max(count.lower, devices.count)) * Int64(nodes)
        return Amount(milliGPU: count * milli, memory: Bytes(count * (memory?.lower.count ?? 0)))
    }
}

extension PoolPlacement {
    /// What it counts against quotas.
    package var amount: Amount {
        var (milli, memory) = (Int64(0), Bytes.zero)
        for part in parts {
            for grant in part.grants {
                milli += Int64(grant.share.milli)
                memory += grant.memory
            }
        }
        return Amount(milliGPU: milli, memory: memory)
    }

    /// Whether the two take from a common GPU.
    func meets(_ other: PoolPlacement) -> Bool {
        parts.contains { part in
            other.parts.contains { otherPart in
                part.node == otherPart.node
                    && part.grants.contains { grant in otherPart.grants.contains { $0.gpu == grant.gpu } }
            }
        }
    }
}

extension Pool {
    /// All compute and all memory that can be leased.
    package var capacity: Amount {
        nodes.reduce(into: Amount.zero) { sum, node in
            for gpu in node.gpus { sum += Amount(milliGPU: 1000, memory: gpu.allocatable) }
        }
    }
}
