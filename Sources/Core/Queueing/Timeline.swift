import Fleet
import Placement

/// Who holds what from when to when, as far as anybody knows: the leases that run, and what is promised and reserved.
///
/// Room is not a number here but GPUs with shares, memory and slices on nodes, so questions about time are answered by
/// pools: `room(from:until:)` is the pool that is free throughout a stretch of time. What runs now is in `pool`;
/// what begins later lies in `future` until it is asked about.
struct Timeline: Sendable {
    /// Room that somebody holds, or will hold.
    struct Hold: Sendable {
        var placement: PoolPlacement
        let request: Request
        let amount: Amount
        let tenant: UInt32
        let queue: Int
        let from: Moment
        let until: Moment
    }

    /// What a hold takes of one GPU.
    struct Use: Sendable {
        let hold: Int
        let from: Moment
        let until: Moment
        let share: Share
        let memory: Bytes
    }

    let now: Moment
    /// What is left at this moment.
    private(set) var pool: Pool
    let running: [RunningLease]
    /// When leases that have been told to end are gone at the latest.
    let endingUntil: Moment
    /// Leases that are to be told to end.
    private var cut: Set<Int> = []
    /// What was added to what runs; nil where it was taken away again. Its positions follow those of `running`.
    private(set) var added: [Hold?] = []
    /// Holds that have begun and end at a known moment, first end first; empty until somebody asks.
    private var ends: [(until: Moment, hold: Int)] = []
    private var hasEnds = false
    /// Holds that begin later, first begin first.
    private(set) var future: [(from: Moment, hold: Int)] = []
    /// What holds take of each GPU, node by node; empty until somebody asks about all of them.
    private(set) var uses: [[Use]] = []
    /// Where the GPUs of each node begin in `uses`.
    private(set) var firstGPUs: [Int] = []
    /// The pool without any hold; nil until somebody asks.
    private var bare: Pool?

    init(pool: Pool, running: [RunningLease], at now: Moment, notice: Span) {
        self.pool = pool
        self.running = running
        self.now = now
        endingUntil = now + max(notice, Span(nanoseconds: 1))
    }

    // MARK: Holds

    /// When a hold ends; the end of time when nobody knows. A lease past its end is about to end.
    func until(_ hold: Int) -> Moment {
        guard hold < running.count else { return added[hold - running.count]?.until ?? now }
        let lease = running[hold]
        let end = max(lease.ends ?? .endOfTime, now + Span(nanoseconds: 1))
        return lease.isEnding || (!cut.isEmpty && cut.contains(hold)) ? min(end, endingUntil) : end
    }

    func from(_ hold: Int) -> Moment {
        hold < running.count ? .startOfTime : added[hold - running.count]?.from ?? .endOfTime
    }

    func placement(_ hold: Int) -> PoolPlacement? {
        hold < running.count ? running[hold].placement : added[hold - running.count]?.placement
    }

    /// What a hold counts against quotas, of whom and where.
    func charge(_ hold: Int) -> (amount: Amount, queue: Int, tenant: UInt32)? {
        if hold < running.count {
            let lease = running[hold]
            return (lease.amount, lease.queue, lease.tenant)
        }
        return added[hold - running.count].map { ($0.amount, $0.queue, $0.tenant) }
    }

    /// How many holds there ever were.
    var count: Int { running.count + added.count }

    /// Adds a hold and says by which number to take it away again.
    @discardableResult
    mutating func add(_ hold: Hold) -> Int {
        let number = count
        added.append(hold)
        if hold.from <= now {
            pool.take(hold.placement, for: hold.request)
            if hasEnds, hold.until < .endOfTime {
                ends.insert((hold.until, number), at: ends.firstIndex { $0.until > hold.until } ?? ends.endIndex)
            }
        } else {
            future.insert((hold.from, number), at: future.firstIndex { $0.from > hold.from } ?? future.endIndex)
        }
        if !uses.isEmpty { note(number, on: hold.placement) }
        return number
    }

    /// Takes an added hold away again.
    mutating func remove(_ number: Int) {
        guard number >= running.count, let hold = added[number - running.count] else { return }
        added[number - running.count] = nil
        if hold.from <= now {
            pool.giveBack(hold.placement, of: hold.request)
            ends.removeAll { $0.hold == number }
        } else {
            future.removeAll { $0.hold == number }
        }
        guard !uses.isEmpty else { return }
        for part in hold.placement.parts {
            for grant in part.grants { uses[firstGPUs[part.node] + grant.gpu].removeAll { $0.hold == number } }
        }
    }

    /// Lets a running lease end as one that has been told to, or takes that back.
    mutating func setEnding(_ isEnding: Bool, running number: Int) {
        if isEnding { cut.insert(number) } else { cut.remove(number) }
        ends = []
        hasEnds = false
        uses = []
    }

    // MARK: Indexes

    /// Holds that have begun and end at a known moment, first end first.
    var endsInOrder: [(until: Moment, hold: Int)] { hasEnds ? ends : sortedEnds() }

    /// Sorts the ends once, for whoever asks often.
    mutating func sortEnds() {
        guard !hasEnds else { return }
        ends = sortedEnds()
        hasEnds = true
    }

    private func sortedEnds() -> [(until: Moment, hold: Int)] {
        var ends: [(until: Moment, hold: Int)] = []
        for number in 0..<count where from(number) <= now {
            let end = until(number)
            if end < .endOfTime, end > now { ends.append((end, number)) }
        }
        ends.sort { ($0.until, $0.hold) < ($1.until, $1.hold) }
        return ends
    }
}

extension Timeline {
    /// The pool without any hold.
    mutating func emptied() -> Pool {
        if let bare { return bare }
        var room = pool
        for number in 0..<count where from(number) <= now { giveBack(number, to: &room) }
        bare = room
        return room
    }

    /// What holds take of each GPU of a node.
    func uses(on node: Int) -> [[Use]] {
        let gpus = pool.nodes[node].gpus.count
        if !uses.isEmpty { return Array(uses[firstGPUs[node]..<firstGPUs[node] + gpus]) }
        var uses = [[Use]](repeating: [], count: gpus)
        for number in 0..<count {
            let parts = number < running.count ? running[number].placement.parts : placement(number)?.parts ?? []
            for part in parts where part.node == node {
                for grant in part.grants { uses[grant.gpu].append(use(of: number, grant)) }
            }
        }
        return uses
    }

    private func use(of number: Int, _ grant: PoolPlacement.Grant) -> Use {
        Use(hold: number, from: from(number), until: until(number), share: grant.share, memory: grant.memory)
    }

    /// Notes what holds take of all GPUs.
    mutating func indexGPUs() {
        guard uses.isEmpty else { return }
        var total = 0
        firstGPUs = pool.nodes.map { node in
            defer { total += node.gpus.count }
            return total
        }
        uses = Array(repeating: [], count: total)
        for (number, lease) in running.enumerated() { note(number, on: lease.placement) }
        for (number, hold) in added.enumerated() {
            if let hold { note(running.count + number, on: hold.placement) }
        }
    }

    private mutating func note(_ number: Int, on placement: PoolPlacement) {
        for part in placement.parts {
            for grant in part.grants { uses[firstGPUs[part.node] + grant.gpu].append(use(of: number, grant)) }
        }
    }
}

extension Moment {
    /// Before everything.
    static let startOfTime = Moment(nanoseconds: .min)
    /// The end of what nobody knows the end of.
    static let endOfTime = Moment(nanoseconds: .max)
}

extension Request {
    /// Whoever takes room for no request in particular.
    static let filler: Request = {
        var request = Request()
        request.portion = .memory
        return request
    }()
}
