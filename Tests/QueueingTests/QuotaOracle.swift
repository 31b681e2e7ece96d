import Fleet
import Queueing

/// Numbers for tests of queues: the same in every run.
struct QueueDice: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }

    mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }
    mutating func pick<Element>(_ elements: [Element]) -> Element { elements[below(elements.count)] }
    mutating func chance(_ percent: Int) -> Bool { below(100) < percent }
}

extension Amount {
    /// Thousandths of a GPU and gibibytes.
    init(_ milliGPU: Int64, _ gibibytes: Int64) { self.init(milliGPU: milliGPU, memory: .gibibytes(gibibytes)) }
}

extension Quota {
    init(_ milliGPU: Int64?, _ gibibytes: Int64?) {
        self.init(milliGPU: milliGPU, memory: gibibytes.map(Bytes.gibibytes))
    }
}

extension QueueSpecification {
    init(_ path: String, _ change: (inout QueueSpecification) -> Void) {
        self.init(path: path)
        change(&self)
    }
}

/// Queues drawn at random, and every rule of quotas counted anew from a list of leases, by paths alone.
struct QuotaOracle {
    struct Held: Hashable {
        let path: String
        let tenant: UInt32
        let amount: Amount
    }

    static let kinds: [@Sendable (Amount) -> Int64] = [{ $0.milliGPU }, { $0.memory.count >> 30 }]
    static let stated: [@Sendable (Quota) -> Int64?] = [{ $0.milliGPU }, { $0.memory.map { $0.count >> 30 } }]

    var specifications: [String: QueueSpecification] = [:]
    var leaves: [String] = []
    /// The paths right below each path.
    private var children: [String: [String]] = [:]
    var held: [Held] = []
    let capacity = Amount(16_000, 640)

    init(using dice: inout QueueDice) {
        grow("", depth: 0, share: capacity, using: &dice)
        specifications["default"] = specifications["default"] ?? QueueSpecification(path: "default")
        if !leaves.contains("default") { leaves.append("default") }
    }

    private mutating func grow(_ path: String, depth: Int, share: Amount, using dice: inout QueueDice) {
        let count = depth == 0 ? 3 : depth < 3 ? dice.below(4) : 0
        if !path.isEmpty {
            var queue = QueueSpecification(path: path)
            if dice.chance(60) { queue.guaranteed.milliGPU = share.milliGPU }
            if dice.chance(40) { queue.guaranteed.memory = share.memory }
            queue.maximum.milliGPU = dice.chance(40) ? share.milliGPU + Int64(dice.below(8)) * 500 : nil
            queue.maximum.memory = dice.chance(30) ? share.memory + .gibibytes(Int64(dice.below(200))) : nil
            if dice.chance(30) { queue.tenantMaximum = Quota(Int64(dice.below(8)) * 500, dice.chance(50) ? 150 : nil) }
            queue.lends = dice.chance(60)
            queue.borrows = queue.guaranteed == .none || dice.chance(70)
            specifications[path] = queue
            if count == 0 { leaves.append(path) }
        }
        for child in 0..<count {
            let name = path.isEmpty ? "q\(child)" : "\(path)/\(child)"
            children[path, default: []].append(name)
            let part = Amount(
                milliGPU: share.milliGPU / Int64(count) / 100 * 100,
                memory: .gibibytes((share.memory.count >> 30) / Int64(count)))
            grow(name, depth: depth + 1, share: part, using: &dice)
        }
    }

    private static func contains(_ queue: String, _ path: String) -> Bool {
        queue.isEmpty || path == queue || path.hasPrefix(queue + "/")
    }

    func used(_ path: String, tenant: UInt32? = nil) -> Amount {
        held.filter { Self.contains(path, $0.path) && (tenant == nil || $0.tenant == tenant) }
            .reduce(.zero) { $0 + $1.amount }
    }

    /// What is guaranteed of one kind, in the kind's unit.
    func guaranteed(_ path: String, _ kind: Int) -> Int64? {
        if let own = specifications[path].flatMap({ Self.stated[kind]($0.guaranteed) }) { return own }
        let below = children[path, default: []].compactMap { guaranteed($0, kind) }
        return below.isEmpty ? nil : below.reduce(0, +)
    }

    /// What must be kept free in and below a queue, for others than whoever is in `insider`.
    func kept(_ path: String, _ kind: Int, from insider: String?) -> Int64 {
        let below = children[path, default: []].reduce(0) { $0 + kept($1, kind, from: insider) }
        guard let queue = specifications[path], !queue.lends else { return below }
        if let insider, Self.contains(path, insider) { return below }
        return max(below, (guaranteed(path, kind) ?? 0) - Self.kinds[kind](used(path)))
    }

    /// Every rule that the leases held would break with one more, in words.
    func broken(by new: Held) -> [String] {
        var after = self
        after.held.append(new)
        var broken: [String] = []
        for path in specifications.keys.sorted() where Self.contains(path, new.path) {
            guard let queue = specifications[path] else { continue }
            var borrows = new.amount != .zero && (0...1).allSatisfy { guaranteed(path, $0) == nil }
            for kind in 0...1 where Self.kinds[kind](new.amount) > 0 {
                let has = Self.kinds[kind](after.used(path))
                if let bound = Self.stated[kind](queue.maximum), has > bound { broken.append("maximum \(path)") }
                let tenant = Self.kinds[kind](after.used(path, tenant: new.tenant))
                if let bound = Self.stated[kind](queue.tenantMaximum), tenant > bound {
                    broken.append("tenant maximum \(path)")
                }
                if let bound = guaranteed(path, kind), has > bound { borrows = true }
            }
            if borrows && !queue.borrows { broken.append("no borrowing \(path)") }
        }
        let fits = (0...1).allSatisfy { kind in
            let (wanted, used) = (Self.kinds[kind](new.amount), Self.kinds[kind](after.used("")))
            return wanted == 0 || used <= Self.kinds[kind](capacity)
        }
        for kind in 0...1 where fits && Self.kinds[kind](new.amount) > 0 {
            let others = kept("", kind, from: new.path)
            if Self.kinds[kind](after.used("")) + others > Self.kinds[kind](capacity) && others > 0 {
                broken.append("kept \(kind)")
            }
        }
        return broken
    }

    /// Whether a queue has more of some kind than is guaranteed to it.
    func isBorrowing(_ path: String) -> Bool {
        let bounds = (0...1).map { guaranteed(path, $0) }
        if bounds.allSatisfy({ $0 == nil }) { return used(path) != .zero }
        return (0...1).contains { kind in bounds[kind].map { Self.kinds[kind](used(path)) > $0 } ?? false }
    }
}
