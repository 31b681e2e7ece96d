import Fleet
import Queueing
import Testing

@Suite struct `Quotas under any sequence` {
    /// What a refusal says, in the oracle's words.
    private static func words(_ reason: WaitReason) -> [String] {
        switch reason {
        case .tenantMaximum(let path, _, _): ["tenant maximum \(path)"]
        case .queueMaximum(let path, _, _): ["maximum \(path)"]
        case .noBorrowing(let path, _, _): ["no borrowing \(path)"]
        case .lentToNobody: ["kept 0", "kept 1"]
        default: []
        }
    }

    @Test(arguments: 1...15)
    func `a verdict allows exactly what breaks no bound, and names one that would break`(seed: UInt64) throws {
        var dice = QueueDice(state: seed)
        var oracle = QuotaOracle(using: &dice)
        let tree = try QueueTree(Array(oracle.specifications.values))
        var use = QuotaUse(tree)
        var reasons: Set<String> = []
        for _ in 0..<200 {
            if dice.chance(35), !oracle.held.isEmpty {
                let gone = oracle.held.remove(at: dice.below(oracle.held.count))
                use.remove(gone.amount, tenant: gone.tenant, queue: try #require(tree.position(of: gone.path)))
            } else {
                let amount = Amount(
                    dice.chance(10) ? 0 : Int64(dice.below(30)) * 100, dice.chance(10) ? 0 : Int64(dice.below(80)))
                let new = QuotaOracle.Held(
                    path: dice.pick(oracle.leaves), tenant: UInt32(dice.below(3)), amount: amount)
                let queue = try #require(tree.position(of: new.path))
                let broken = oracle.broken(by: new)
                switch use.verdict(for: amount, tenant: new.tenant, queue: queue, capacity: oracle.capacity) {
                case .allowed(let borrowing):
                    #expect(broken == [])
                    // The pool would say that there is no room.
                    let all = oracle.used("") + amount
                    guard Quota(oracle.capacity.milliGPU, oracle.capacity.memory.count >> 30).allows(all) else {
                        continue
                    }
                    oracle.held.append(new)
                    use.add(amount, tenant: new.tenant, queue: queue)
                    if borrowing {
                        #expect(([queue] + tree.ancestors(of: queue)).contains(where: use.isBorrowing))
                    }
                case .refused(let reason):
                    reasons.formUnion(Self.words(reason))
                    #expect(!broken.filter(Self.words(reason).contains).isEmpty, "\(reason): \(broken)")
                }
            }
            for (position, queue) in tree.queues.enumerated() {
                #expect(use.used[position] == oracle.used(queue.path))
                if position > QueueTree.root { #expect(use.isBorrowing(position) == oracle.isBorrowing(queue.path)) }
            }
            for kind in 0...1 {
                let taken = QuotaOracle.kinds[kind](oracle.used("")) + oracle.kept("", kind, from: nil)
                #expect(taken <= QuotaOracle.kinds[kind](oracle.capacity))
            }
        }
        #expect(!reasons.isEmpty)
    }

    @Test(arguments: 1...60)
    func `reclaiming pushes nobody below its guarantee, and never goes back and forth`(seed: UInt64) throws {
        var dice = QueueDice(state: seed &+ 1000)
        var oracle = QuotaOracle(using: &dice)
        let tree = try QueueTree(Array(oracle.specifications.values))
        var use = QuotaUse(tree)
        for _ in 0..<40 {
            let held = QuotaOracle.Held(
                path: dice.pick(oracle.leaves), tenant: 0,
                amount: Amount(Int64(dice.below(20)) * 100, Int64(dice.below(40))))
            oracle.held.append(held)
            use.add(held.amount, tenant: 0, queue: try #require(tree.position(of: held.path)))
        }
        for _ in 0..<200 {
            let victim = dice.pick(oracle.held)
            guard victim.amount != .zero else { continue }
            let (loser, winner) = (
                try #require(tree.position(of: victim.path)), try #require(tree.position(of: dice.pick(oracle.leaves)))
            )
            let want = Amount(Int64(dice.below(15) + 1) * 100, Int64(dice.below(30)))
            guard use.mayReclaim(victim.amount, from: loser, for: want, in: winner) else { continue }
            #expect(use.isBorrowing(loser) || use.excess(of: loser) == .zero && loser != winner)
            var after = use
            after.remove(victim.amount, tenant: 0, queue: loser)
            let shared = tree.ancestors(of: loser).first { tree.isIn(winner, $0) } ?? QueueTree.root
            for queue in [loser] + tree.ancestors(of: loser).prefix(while: { $0 != shared }) {
                #expect(!after.isBelowGuarantee(queue))
            }
            after.add(want, tenant: 1, queue: winner)
            // A queue of which nothing is stated shares what the one above it is guaranteed.
            for queue in [winner] + tree.ancestors(of: winner).prefix(while: { $0 != shared })
            where tree.guaranteed[queue] != .none {
                #expect(after.excess(of: queue).milliGPU == 0)
            }
            #expect(!after.mayReclaim(want, from: winner, for: victim.amount, in: loser))
        }
    }
}
