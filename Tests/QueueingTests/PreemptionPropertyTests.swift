import Fleet
import Placement
import Queueing
import Testing

@Suite struct `Preemption against brute force` {
    /// A small fleet that is nearly full, of two queues with a guarantee and one without.
    private static func situation(_ preemption: QueueingSettings.Preemption, _ dice: inout Dice) throws -> Situation {
        var situation = Situation(nodes: 2, gpus: 2, backfill: .easy)
        situation.settings.preemption = preemption
        var a = QueueSpecification(path: "a")
        a.guaranteed = Quota(milliGPU: 2000)
        var b = QueueSpecification(path: "b")
        b.guaranteed = Quota(milliGPU: 1500)
        if Bool.random(using: &dice) { b.maximum = Quota(milliGPU: 2500) }
        situation.queues = [a, b]
        var id = 1
        for node in 0..<2 {
            for gpu in 0..<2 {
                let parts = [
                    ["--gpus 1"], ["--gpus 0.5", "--gpus 0.5"], ["--gpus 0.75", "--gpus 0.25"], ["--gpus 0.5"],
                ]
                for options in parts.randomElement(using: &dice) ?? [] {
                    try situation.run(
                        id, options, on: [gpu], of: node, since: -Int.random(in: 1...100, using: &dice),
                        in: ["a", "b", "default"].randomElement(using: &dice) ?? "a",
                        priority: Int.random(in: 0...3, using: &dice), tenant: UInt32(id))
                    id += 1
                }
            }
        }
        let wanted = ["--gpus 1", "--gpus 2", "--gpus 0.5", "--gpus 1 --nodes 2", "--gpus 0.75"]
        try situation.ask(
            100, wanted.randomElement(using: &dice) ?? "--gpus 1", for: 10,
            in: ["a", "b", "default"].randomElement(using: &dice) ?? "a",
            priority: Int.random(in: 0...4, using: &dice))
        return situation
    }

    /// Whether the request starts at once when these have gone.
    private static func starts(_ situation: Situation, without victims: some Collection<LeaseID>) throws -> Bool {
        var after = situation
        after.settings.preemption = .none
        for lease in situation.running where victims.contains(lease.id) {
            after.pool.giveBack(lease.placement, of: lease.request)
        }
        after.running.removeAll { victims.contains($0.id) }
        return try after.plan(foreseeing: false).started == [100]
    }

    /// Whether these may all be stopped for the request by what the words of the settings say, in any order.
    private static func mayStop(_ situation: Situation, _ victims: [RunningLease]) throws -> Bool {
        let asked = try #require(situation.waiting.first)
        var use = QuotaUse(try situation.tree())
        for lease in situation.running { use.add(lease.amount, tenant: lease.tenant, queue: lease.queue) }
        let amount = Amount(
            milliGPU: asked.request.portion == .whole
                ? Int64(asked.request.count.lower * asked.request.nodes * 1000) : share(asked.request),
            memory: .zero)
        for lease in victims {
            let isReclaim = use.mayReclaim(lease.amount, from: lease.queue, for: amount, in: asked.queue)
            var after = use
            after.remove(lease.amount, tenant: lease.tenant, queue: lease.queue)
            let isByPriority =
                situation.settings.preemption == .priority && lease.priority < asked.priority
                && (lease.queue == asked.queue || !after.isBelowGuarantee(lease.queue))
            guard isReclaim || isByPriority else { return false }
            use = after
        }
        return true
    }

    private static func share(_ request: Request) -> Int64 {
        if case .share(let share) = request.portion { Int64(share.milli) } else { 1000 }
    }

    @Test(arguments: [QueueingSettings.Preemption.reclaim, .priority], 0..<400)
    func `no proper subset of the victims suffices, and a set is found where there is one`(
        preemption: QueueingSettings.Preemption, seed: Int
    ) throws {
        var dice = Dice(seed)
        let situation = try Self.situation(preemption, &dice)
        let plan = try situation.plan(foreseeing: false)
        let victims = plan.preemptions.map(\.victim)
        if !plan.started.isEmpty {
            #expect(victims.isEmpty)
            return
        }
        if victims.isEmpty {
            // Then no set of one or two would have done either.
            for first in situation.running {
                for second in situation.running where second.id >= first.id {
                    let pair = first.id == second.id ? [first] : [first, second]
                    guard try Self.mayStop(situation, pair) || Self.mayStop(situation, pair.reversed()) else {
                        continue
                    }
                    // One that is stopped only so that another may be is stopped for nothing.
                    if try pair.count > 1 && pair.contains(where: { try Self.starts(situation, without: [$0.id]) }) {
                        continue
                    }
                    #expect(try !Self.starts(situation, without: pair.map(\.id)), "\(pair.map(\.id)) would do")
                }
            }
            return
        }
        #expect(try Self.starts(situation, without: victims))
        let chosen = victims.compactMap { id in situation.running.first { $0.id == id } }
        #expect(try Self.mayStop(situation, chosen))
        for subset in 0..<(1 << victims.count) - 1 {
            let some = victims.indices.filter { subset & (1 << $0) != 0 }.map { victims[$0] }
            #expect(try !Self.starts(situation, without: some), "\(some) of \(victims) suffice")
        }
        guard victims.count == 1, let only = chosen.first else { return }
        // Of single victims it has the lowest priority.
        for other in situation.running where other.priority < only.priority {
            guard try Self.mayStop(situation, [other]) else { continue }
            #expect(try !Self.starts(situation, without: [other.id]), "\(other.id) is cheaper than \(only.id)")
        }
    }

    @Test(arguments: [QueueingSettings.Preemption.reclaim, .priority], 0..<60)
    func `many who ask at once are planned for without a contradiction`(
        preemption: QueueingSettings.Preemption, seed: Int
    ) throws {
        var dice = Dice(seed)
        var situation = try Self.situation(preemption, &dice)
        for id in 101..<130 {
            try situation.ask(
                id, ["--gpus 1", "--gpus 2", "--gpus 0.5", "--gpus 0.25"].randomElement(using: &dice) ?? "--gpus 1",
                for: Int.random(in: 1...60, using: &dice),
                in: ["a", "b", "default"].randomElement(using: &dice) ?? "a",
                priority: Int.random(in: 0...4, using: &dice), tenant: UInt32(id % 4))
        }
        let plan = try situation.plan()
        #expect(Set(plan.victims).count == plan.victims.count, "nobody is stopped twice")
        #expect(plan.starts.count + plan.waiting.count == 30)
        for preemption in plan.preemptions {
            guard case .preempting(let victims) = plan.waiting.first(where: { $0.id == preemption.beneficiary })?.reason
            else {
                Issue.record("\(preemption.beneficiary) does not say whom it waits for")
                continue
            }
            #expect(victims.contains(preemption.victim))
        }
    }
}
