/// Who gets the GPU next, and for how long: shares by start-time fair queueing, caps by a bucket of time.
///
/// A container is charged with the time from the beginning of its turn until its work was done, whatever it did. The
/// time that it has had, divided by its part, says who is next: the one with the least. What it ran over its turn is
/// paid for in the turns to come. Who was away comes back as if it had never wanted anything: nothing is saved up.
/// Times are nanoseconds of one clock.
struct Turns {
    struct Member {
        let id: Int
        let milli: UInt64
        /// The most of the time it may have, in thousandths; nil is all of it.
        fileprivate(set) var most: UInt64?
        /// The time it has had, divided by its part: nanoseconds of a container with the whole GPU.
        var served: Int64 = 0
        /// What it may use at once, below its cap; negative when it has had more.
        var credit: Int64 = 0
        var wasWanting = false
        /// All the time it has had.
        var had: UInt64 = 0
    }

    private(set) var members: [Member] = []
    /// How much the least served had had when the last turn was given.
    private var level: Int64 = 0
    private var filledAt: UInt64 = 0
    /// The most that any turn ran over.
    private var longestOverrun: Int64 = 0

    /// The time in which everybody has a turn, in nanoseconds: long enough that changing costs little, and short enough
    /// for whoever waits. Turns shorter than five milliseconds cost more than they are worth, so small parts make it
    /// longer, up to fifty milliseconds.
    var period: UInt64 {
        let smallest = members.map { min($0.milli, $0.most ?? 1000) }.min() ?? 1000
        return min(max(30_000_000, 5_000_000 * 1000 / max(smallest, 1)), 50_000_000)
    }

    /// How much may be owed or saved: some periods, and more where kernels are long.
    private var lag: Int64 { max(3 * Int64(period), 20 * longestOverrun) }

    mutating func add(id: Int, milli: UInt64, most: UInt64?) {
        members.append(Member(id: id, milli: max(milli, 1), most: most.map { max($0, 1) }, served: level))
        if let index = members.indices.last { members[index].credit = grant(index, alone: false) }
    }

    /// Changes the most that somebody may have; what it saved up below another bound is gone.
    mutating func setMost(id: Int, _ most: UInt64?) {
        guard let index = members.firstIndex(where: { $0.id == id }), members[index].most != most else { return }
        members[index].most = most.map { max($0, 1) }
        members[index].credit = min(members[index].credit, 0)
    }

    mutating func remove(id: Int) { members.removeAll { $0.id == id } }

    /// How long a turn is: for one that has the GPU alone, as long as it may be.
    func grant(_ index: Int, alone: Bool) -> Int64 {
        let most = min(members[index].most ?? 1000, 1000)
        return Int64(period * (alone ? most : min(members[index].milli, most)) / 1000)
    }

    /// Fills the buckets of those with a cap.
    mutating func pass(to now: UInt64) {
        let time = filledAt == 0 ? 0 : Int64(min(now - min(filledAt, now), 1_000_000_000))
        filledAt = now
        for index in members.indices {
            guard let most = members[index].most else { continue }
            members[index].credit = min(
                members[index].credit + time * Int64(most) / 1000, 2 * grant(index, alone: true))
        }
    }

    /// The one whose turn it is, among those that want one; ties go to the lowest id. If only caps keep them from it,
    /// `later` is when one of them may.
    mutating func next(wanting: Set<Int>, at now: UInt64) -> (index: Int?, later: UInt64?) {
        pass(to: now)
        var best: Int?
        var later: UInt64?
        let floor = members.filter { wanting.contains($0.id) && $0.wasWanting }.map(\.served).min() ?? level
        for index in members.indices {
            let isWanting = wanting.contains(members[index].id)
            if isWanting, !members[index].wasWanting {
                members[index].served = max(members[index].served, min(floor, level))
            }
            members[index].wasWanting = isWanting
            guard isWanting else { continue }
            let bound = lag * 1000 / Int64(members[index].milli)
            members[index].served = min(max(members[index].served, floor - bound), floor + bound)
            let length = grant(index, alone: wanting.count == 1)
            if let most = members[index].most, members[index].credit < length {
                let missing = UInt64(length - members[index].credit)
                let time = now + missing * 1000 / most + 1
                later = min(later ?? time, time)
                continue
            }
            if let least = best, !isBefore(members[index], members[least]) { continue }
            best = index
        }
        if let best { level = max(level, members[best].served) }
        return (best, best == nil ? later : nil)
    }

    private func isBefore(_ one: Member, _ other: Member) -> Bool {
        one.served == other.served ? one.id < other.id : one.served < other.served
    }

    /// Learns how long after its turn somebody's work was done.
    mutating func noteOverrun(_ time: UInt64) { longestOverrun = max(longestOverrun, Int64(min(time, 1_000_000_000))) }

    /// Charges a turn, or a part of one.
    mutating func charge(id: Int, _ time: UInt64) {
        guard let index = members.firstIndex(where: { $0.id == id }) else { return }
        let amount = Int64(min(time, 60_000_000_000))
        members[index].served += amount * 1000 / Int64(members[index].milli)
        members[index].credit = max(members[index].credit - amount, -lag)
        members[index].had += UInt64(amount)
    }
}
