import CLimiter
import Glibc

/// What the thread of a `TurnKeeper` does: gives a turn, waits until it is over and its work is done, gives the next.
///
/// The next turn begins a moment before the work of the last one is done, so that the GPU has something to go on with;
/// what it costs begins when the last one is done.
struct TurnRound {
    private let keeper: TurnKeeper
    private var seen: UInt32?
    private var members: [Tenancy] = []
    private var turns = Turns()
    private var current: (member: Tenancy, since: UInt64)?
    /// Those whose turn is over and whose work is not.
    private var draining: [(member: Tenancy, since: UInt64, deadline: UInt64)] = []
    private var beatAt: UInt64 = 0
    private var throttled: [Bool] = []
    /// What each one had had when the containers were told, and when that was.
    private var told: [Int: UInt64] = [:]
    private var toldAt: UInt64 = 0

    /// Nanoseconds of work in flight for each process: what a program that has to wait for a processor can be away. The
    /// end of a turn bounds it, too.
    private let window: UInt64 = 4_000_000
    /// What it takes until a program whose turn it is has launched something.
    private let lead: UInt64 = 200_000
    private let beat: UInt64 = 200_000_000

    init(_ keeper: TurnKeeper) { self.keeper = keeper }

    mutating func run() {
        limiter_sleep_exactly()
        while !keeper.isEnding {
            let bells = members.map(\.bellValue)
            let until = step()
            let now = monotonicNow()
            guard until > now else { continue }
            let words: [UnsafeMutablePointer<UInt32>?] = members.map(\.bell)
            words.withUnsafeBufferPointer { limiter_wait($0.baseAddress, bells, UInt32(bells.count), until) }
        }
    }

    /// Does what there is to do; the result is when to look again at the latest.
    private mutating func step() -> UInt64 {
        let now = monotonicNow()
        if let others = keeper.members(since: &seen) { take(others, now) }
        if now > beatAt + beat {
            beatAt = now
            for member in members { member.beat(now) }
        }
        lookForThrottled()
        tell(now)
        let limit = now + beat / 2
        guard isNeeded else { return limit }
        settle(now)
        if let current { return min(continued(current.member, current.since, now), limit) }
        // Before the last one's work is nearly done nobody else begins.
        if let pending = draining.first {
            let demand = pending.member.demand(checkingLife: false)
            // What several processes estimate for themselves does not say when all is done.
            let last = pending.deadline + 5 * turns.period
            let ends =
                demand.processes > 1 && !demand.isDrained ? last : min(max(demand.endsAt, pending.deadline), last)
            if now + lead < ends { return min(ends - lead, now + 500_000, limit) }
        }
        return min(give(now), limit)
    }

    /// Whether anybody has to wait for anybody else.
    private var isNeeded: Bool { members.count > 1 || turns.members.contains { $0.most != nil } }

    private mutating func take(_ others: [Tenancy], _ now: UInt64) {
        let ids = Set(others.map(\.id))
        for member in members where !ids.contains(member.id) { turns.remove(id: member.id) }
        for member in others where !members.contains(where: { $0.id == member.id }) {
            turns.add(id: member.id, milli: UInt64(member.container.parts[member.part].milli), most: member.most)
        }
        members = others
        draining.removeAll { !ids.contains($0.member.id) }
        if let current, !ids.contains(current.member.id) { self.current = nil }
        for member in members { member.beat(now) }
        setBounds()
    }

    /// Sets what each one may have at most, and whether there are turns.
    private mutating func setBounds() {
        throttled = members.map(\.container.isThrottled)
        for member in members { turns.setMost(id: member.id, member.most) }
        for member in members { member.setMode(turns: isNeeded, period: turns.period) }
    }

    /// Sees who is held back since the last time, or is so no more.
    private mutating func lookForThrottled() {
        if throttled != members.map(\.container.isThrottled) { setBounds() }
    }

    /// Tells the containers what they have had since the last time, where turns are kept.
    private mutating func tell(_ now: UInt64) {
        let time = now - min(toldAt, now)
        guard time > 1_000_000_000 else { return }
        let all = Dictionary(uniqueKeysWithValues: turns.members.map { ($0.id, $0.had) })
        for member in members {
            let had = all[member.id, default: 0]
            let before = told[member.id] ?? had
            member.setHad(isNeeded && toldAt > 0 ? (had - min(before, had)) * 1000 / time : nil)
        }
        told = all
        toldAt = now
    }

    /// Charges those whose work is done now. Whoever came behind them had the GPU from then on only.
    private mutating func settle(_ now: UInt64) {
        while let entry = draining.first {
            let isLate = now > entry.deadline + 20_000_000
            let demand = entry.member.demand(checkingLife: isLate)
            guard demand.isDrained || now > entry.deadline + 5_000_000_000 else { return }
            let end = demand.isDrained && demand.drainedAt > entry.since ? min(demand.drainedAt, now) : now
            turns.charge(id: entry.member.id, end - min(entry.since, end))
            turns.noteOverrun(end - min(entry.deadline, end))
            draining.removeFirst()
            for place in draining.indices { draining[place].since = max(draining[place].since, end) }
            if let begun = current, begun.since < end {
                current?.since = end
                // It could not begin before.
                if begun.member.deadline > now { begun.member.extend(until: begun.member.deadline + end - begun.since) }
            }
        }
    }

    private func wanting(besides id: Int? = nil) -> Set<Int> {
        var found: Set<Int> = []
        for member in members where member.id != id {
            if member.demand(checkingLife: false).isWanting { found.insert(member.id) }
        }
        return found
    }

    /// Sees to the turn that is going on.
    private mutating func continued(_ member: Tenancy, _ since: UInt64, _ now: UInt64) -> UInt64 {
        var deadline = member.deadline
        // The next one is called while the last kernels of this one go on.
        guard now + lead < deadline else {
            draining.append((member, since, deadline))
            current = nil
            return now
        }
        let demand = member.demand(checkingLife: false)
        let isCapped = turns.members.contains { $0.id == member.id && $0.most != nil }
        if wanting(besides: member.id).isEmpty, !isCapped {
            // Nobody else wants it: the turn goes on, and is paid for as if it were a new one. Whoever has nothing to
            // do keeps the gate open for when it has.
            let length = demand.isWanting ? longest(member) : beat
            guard now + length / 4 >= deadline else { return deadline - length / 4 }
            if demand.isWanting { turns.charge(id: member.id, now - min(since, now)) }
            current = (member, now)
            member.extend(until: now + length)
            return now + length * 3 / 4
        }
        // Programs need a moment to see that it is their turn.
        if !demand.isWanting, now > since + 2_000_000 {
            member.close(at: now)
            turns.charge(id: member.id, now - min(since, now))
            current = nil
            return now
        }
        // Somebody has come who did not want it when the turn was given.
        let usual = since + ordinary(member)
        if !isCapped, usual < deadline {
            deadline = max(usual, now)
            member.extend(until: deadline)
        }
        let end = deadline - min(lead, deadline)
        return demand.isWanting ? end : min(end, since + 2_000_001)
    }

    private func ordinary(_ member: Tenancy) -> UInt64 { grant(member, alone: false) }
    private func longest(_ member: Tenancy) -> UInt64 { grant(member, alone: true) }

    private func grant(_ member: Tenancy, alone: Bool) -> UInt64 {
        turns.members.firstIndex { $0.id == member.id }.map { UInt64(max(turns.grant($0, alone: alone), 4)) } ?? 4
    }

    /// Gives the next turn.
    private mutating func give(_ now: UInt64) -> UInt64 {
        // What is still going on counts already: it may be the turn of the same one again. Of several the first had the
        // GPU until now.
        for place in draining.indices {
            if place == 0 { turns.charge(id: draining[place].member.id, now - min(draining[place].since, now)) }
            draining[place].since = max(draining[place].since, now)
        }
        let wanting = wanting()
        let (index, later) = turns.next(wanting: wanting, at: now)
        guard let index, let member = members.first(where: { $0.id == turns.members[index].id }) else {
            return later ?? .max
        }
        draining.removeAll { $0.member.id == member.id }
        let length = UInt64(turns.grant(index, alone: wanting.count == 1))
        let processes = UInt64(max(member.demand(checkingLife: false).processes, 1))
        member.open(at: now, until: now + length, window: window, processes: processes)
        current = (member, now)
        return now + length / 4
    }
}
