import Fleet
import Foundation
import Queueing
import Testing

@Suite struct `Fair shares` {
    /// The published example: queue A with 40 of 100, B with 30 and C with 10 below it; D with 60, E with 25 and F
    /// with 35. Tenant 1 is in B, 2 and 3 in C, 4 in E, 5 in F; tenants 1, 2 and 4 have used .2, .25 and .25 of all.
    private static let example: ShareTree = {
        func queue(_ parent: Int, _ weight: Int64, _ usage: Double) -> ShareTree.Member {
            ShareTree.Member(parent: parent, weight: weight, usage: usage, isTenant: false)
        }
        func tenant(_ parent: Int, _ usage: Double) -> ShareTree.Member {
            ShareTree.Member(parent: parent, weight: 1, usage: usage, isTenant: true)
        }
        return ShareTree([
            queue(-1, 1, 0.7),
            queue(0, 40, 0.45), queue(0, 60, 0.25),
            queue(1, 30, 0.2), queue(1, 10, 0.25), queue(2, 25, 0.25), queue(2, 35, 0),
            tenant(3, 0.2), tenant(4, 0.25), tenant(4, 0), tenant(5, 0.25), tenant(6, 0),
        ])
    }()
    private static let tenants = 7...11

    @Test func `the classic factors of the published example are the published ones`() {
        let factors = ClassicFairShare(Self.example).factors[Self.tenants]
        let published = [0.408479, 0.022097, 0.125, 0.5, 0.749154]
        for (factor, expected) in zip(factors, published) { #expect(abs(factor - expected) < 5e-7) }
    }

    /// By hand, S/U: A .4/(.45/.7) = .62, D .6/(.25/.7) = 1.68, so D's tenants are before A's. In D: E 25/60 = .42, F has
    /// used nothing. In A: B .75/(.2/.45) = 1.69, C .25/(.25/.45) = .45. In C tenant 3 has used nothing.
    @Test func `Fair Tree puts the tenants of the same example in the order found by hand`() {
        let tree = FairTree(Self.example)
        #expect(tree.places == [-1, -1, -1, -1, -1, -1, -1, 2, 4, 3, 1, 0])
        #expect(Self.tenants.map(tree.factor(of:)) == [0.6, 0.2, 0.4, 0.8, 1])
        let expected = [0.4 / (0.45 / 0.7), 0.6 / (0.25 / 0.7), 0.75 / (0.2 / 0.45), 0.25 / (0.25 / 0.45), 25.0 / 60]
        for (found, hand) in zip(tree.levelFairshares[1...5], expected) { #expect(abs(found - hand) < 1e-12) }
        #expect(tree.levelFairshares[6] == .infinity)
    }

    @Test func `equal tenants have the same place, and equal queues are gone through as one`() {
        func member(_ parent: Int, _ usage: Double, tenant: Bool = false) -> ShareTree.Member {
            ShareTree.Member(parent: parent, weight: 1, usage: usage, isTenant: tenant)
        }
        // Two equal queues with tenants of 1 and 3 parts each, and one that has used more with a tenant who has not.
        let tree = FairTree(
            ShareTree([
                member(-1, 14), member(0, 4), member(0, 4), member(0, 6),
                member(1, 1, tenant: true), member(1, 3, tenant: true), member(2, 3, tenant: true),
                member(2, 1, tenant: true),
                member(3, 6, tenant: true), member(3, 0, tenant: true),
            ]))
        #expect(Array(tree.places[4...]) == [0, 2, 2, 0, 5, 4])
        #expect(tree.factor(of: 4) == 1 && tree.factor(of: 5) == 4.0 / 6 && tree.factor(of: 8) == 1.0 / 6)
    }

    /// Random trees in which all level fairshares differ, with tenants at the bottom.
    @Test(arguments: 1...30)
    func `Fair Tree agrees with comparing tenants where their branches part`(seed: UInt64) {
        var dice = QueueDice(state: seed)
        var members: [ShareTree.Member] = [ShareTree.Member(parent: -1, weight: 1, usage: 0, isTenant: false)]
        var last = [0]
        for level in 1...3 {
            var next: [Int] = []
            for parent in last {
                for _ in 0...dice.below(3) {
                    next.append(members.count)
                    members.append(
                        ShareTree.Member(
                            parent: parent, weight: Int64(1 + dice.below(50)), usage: 0, isTenant: level == 3))
                }
            }
            last = next
        }
        var usages = members.map { _ in 0.0 }
        for tenant in last {
            let usage = Double(1 + dice.below(1_000_000))
            var position = tenant
            while position >= 0 {
                usages[position] += usage
                position = members[position].parent
            }
        }
        members = members.enumerated().map {
            ShareTree.Member(parent: $1.parent, weight: $1.weight, usage: usages[$0], isTenant: $1.isTenant)
        }
        let tree = FairTree(ShareTree(members))
        func line(_ tenant: Int) -> [Int] {
            var line = [tenant]
            while let first = line.first, members[first].parent >= 0 { line.insert(members[first].parent, at: 0) }
            return line
        }
        for (left, right) in last.flatMap({ left in last.map { (left, $0) } }) where left != right {
            guard let (a, b) = zip(line(left), line(right)).first(where: { $0 != $1 }) else { continue }
            // Of siblings only weight over usage matters: all other factors are the same for both.
            let isBefore = Double(members[a].weight) / members[a].usage > Double(members[b].weight) / members[b].usage
            #expect((tree.places[left] < tree.places[right]) == isBefore)
        }
        #expect(Set(last.map { tree.places[$0] }) == Set(0..<last.count))
    }

    @Test func `tenants share below their queues, by the dominant resource`() throws {
        let halfLife = Span(seconds: 86_400)
        let tree = try QueueTree([
            .init("a") { $0.weight = 3 }, .init(path: "b/x"), .init("b/y") { $0.weight = 2 },
        ])
        var book = UsageBook()
        func use(_ tenant: UInt32, _ queue: String, _ milliGPU: Int64, _ gibibytes: Int64) {
            book.change(
                tenant: tenant, queue: queue, by: Amount(milliGPU, gibibytes), at: Moment(nanoseconds: 0),
                halfLife: halfLife)
        }
        // Of 8 GPUs with 640 GiB: `a` a half by memory, `b` a quarter, half of that in each of its queues.
        use(1, "a", 1000, 320)
        use(1, "b/x", 1000, 1)
        use(2, "b/y", 1000, 80)
        use(9, "gone", 8000, 640)
        let others = try [(4, "a"), (2, "b/x")].map {
            QueueTenant(queue: try tree.leaf(named: $1), tenant: UInt32($0))
        }
        let shares = FairShares(
            tree, usage: book, and: others, capacity: Amount(8000, 640), at: Moment(nanoseconds: 1_000_000_000),
            halfLife: halfLife)
        func place(_ tenant: UInt32, _ queue: String) throws -> Int {
            shares.place(of: QueueTenant(queue: try tree.leaf(named: queue), tenant: tenant))
        }
        // a: 3/5 of the weights and 401/626 of the usage before b, 1/5 and about a quarter.
        #expect(try place(4, "a") == 0)
        #expect(try place(1, "a") == 1)
        // y has twice the weight of x for the same usage.
        #expect(try place(2, "b/y") == 2)
        #expect(try place(2, "b/x") == 3)
        #expect(try place(1, "b/x") == 4)
        #expect(try place(7, "b/x") == 5)
        let first = QueueTenant(queue: try tree.leaf(named: "a"), tenant: 4)
        #expect(shares.factor(of: first) == 1)
        #expect(shares.factor(of: QueueTenant(queue: first.queue, tenant: 99)) == 0)
        #expect(shares.classicFactor(of: QueueTenant(queue: first.queue, tenant: 99)) == 1)
        #expect(shares.classicFactor(of: first) > shares.classicFactor(of: .init(queue: first.queue, tenant: 1)))
    }

    /// Ghodsi et al., NSDI 2011, figure 3, with compute for processors: of 9 GPUs and 18 GiB one tenant's tasks take
    /// <1, 4> and another's <3, 1>; serving the smaller dominant share gives them 3 and 2 tasks, two thirds each.
    @Test func `serving the smallest dominant share fills a fleet as published`() {
        let capacity = Amount(9000, 18)
        let tasks = [Amount(1000, 4), Amount(3000, 1)]
        var used = [Amount.zero, .zero]
        var open = [0, 1]
        while let next = open.min(by: {
            (used[$0].dominantShare(of: capacity), $0) < (used[$1].dominantShare(of: capacity), $1)
        }) {
            if Quota(9000, 18).allows(used[0] + used[1] + tasks[next]) {
                used[next] += tasks[next]
            } else {
                open.removeAll { $0 == next }
            }
        }
        #expect(used == [Amount(3000, 12), Amount(6000, 2)])
        #expect(used.map { $0.dominantShare(of: capacity) } == [666_666, 666_666])
    }

    @Test func `a dominant share is exact, and held where it is beyond all bounds`() {
        #expect(Amount(1, 0).dominantShare(of: Amount(3, 1)) == 333_333)
        #expect(Amount(3, 0).dominantShare(of: Amount(1, 0)) == 3_000_000)
        #expect(Amount(0, 5).dominantShare(of: Amount(1000, 0)) == 0)
        #expect(Amount(-5, 0).dominantShare(of: Amount(10, 10)) == 0)
        let huge = Amount(milliGPU: .max, memory: Bytes(.max))
        #expect(huge.dominantShare(of: huge) == 1_000_000)
        #expect(huge.dominantShare(of: Amount(1, 0)) == .max)
        #expect(huge.dominantShare(of: Amount(3, 0)) == .max)
        #expect(
            Amount(milliGPU: 1 << 61, memory: .zero).dominantShare(of: Amount(milliGPU: 1 << 62, memory: .zero))
                == 500_000)
    }
}
