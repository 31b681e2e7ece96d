import Fleet
import Queueing
import Testing

@Suite struct `Quotas` {
    private static let capacity = Amount(8000, 640)

    /// Two queues of 4 GPUs; `a` has two below it.
    private static func use(_ change: (inout [QueueSpecification]) -> Void = { _ in }) throws -> QuotaUse {
        var queues = [
            QueueSpecification("a") { $0.guaranteed = Quota(4000, nil) },
            QueueSpecification("a/x") { $0.guaranteed = Quota(3000, nil) },
            QueueSpecification("a/y") { $0.guaranteed = Quota(1000, nil) },
            QueueSpecification("b") { $0.guaranteed = Quota(4000, nil) },
        ]
        change(&queues)
        return QuotaUse(try QueueTree(queues))
    }

    private static func ask(
        _ use: QuotaUse, _ milliGPU: Int64, _ queue: String, tenant: UInt32 = 1
    ) throws -> QuotaVerdict {
        let position = try #require(use.tree.position(of: queue))
        return use.verdict(for: Amount(milliGPU, 10), tenant: tenant, queue: position, capacity: Self.capacity)
    }

    private static func add(_ milliGPU: Int64, _ queue: String, tenant: UInt32 = 1, to use: inout QuotaUse) throws {
        use.add(Amount(milliGPU, 10), tenant: tenant, queue: try #require(use.tree.position(of: queue)))
    }

    @Test func `a queue has what is guaranteed to it, and more as a borrower`() throws {
        var use = try Self.use()
        #expect(try Self.ask(use, 3000, "a/x") == .allowed(borrowing: false))
        #expect(try Self.ask(use, 3001, "a/x") == .allowed(borrowing: true))
        try Self.add(3000, "a/x", to: &use)
        try Self.add(1500, "a/y", to: &use)
        let (a, x, y) = (
            try #require(use.tree.position(of: "a")), try #require(use.tree.position(of: "x")),
            try #require(use.tree.position(of: "y"))
        )
        #expect(use.used[a] == Amount(4500, 20))
        #expect(use.excess(of: a) == Amount(500, 0))
        #expect(use.excess(of: y) == Amount(500, 0))
        #expect(use.isBorrowing(a) && use.isBorrowing(y) && !use.isBorrowing(x))
        #expect(!use.isBorrowing(QueueTree.root))
    }

    @Test func `a queue that is below its guarantee is told from one that has just reached it`() throws {
        var use = try Self.use()
        let b = try #require(use.tree.position(of: "b"))
        #expect(use.isBelowGuarantee(b))
        try Self.add(3999, "b", to: &use)
        #expect(use.isBelowGuarantee(b))
        try Self.add(1, "b", to: &use)
        #expect(!use.isBelowGuarantee(b))
        #expect(!use.isBelowGuarantee(use.tree.defaultQueue))
        #expect(!use.isBelowGuarantee(QueueTree.root))
    }

    @Test func `the bound that stands in the way is named, wherever it is in the tree`() throws {
        var use = try Self.use {
            $0[0].maximum = Quota(5000, nil)
            $0[1].tenantMaximum = Quota(2000, nil)
        }
        try Self.add(2000, "a/x", to: &use)
        #expect(
            try Self.ask(use, 1, "a/x")
                == .refused(.tenantMaximum(path: "a/x", used: Amount(2000, 10), bound: Quota(2000, nil))))
        #expect(try Self.ask(use, 1000, "a/x", tenant: 2) == .allowed(borrowing: false))
        #expect(
            try Self.ask(use, 3001, "a/y", tenant: 2)
                == .refused(.queueMaximum(path: "a", used: Amount(2000, 10), bound: Quota(5000, nil))))
        #expect(try Self.ask(use, 3000, "a/y", tenant: 2) == .allowed(borrowing: true))
    }

    @Test func `a tenant's maximum in a queue counts what it has in all queues below`() throws {
        var use = try Self.use { $0[0].tenantMaximum = Quota(nil, 15) }
        try Self.add(100, "a/x", to: &use)
        #expect(
            try Self.ask(use, 100, "a/y")
                == .refused(.tenantMaximum(path: "a", used: Amount(100, 10), bound: Quota(nil, 15))))
        #expect(try Self.ask(use, 100, "a/y", tenant: 2) == .allowed(borrowing: false))
    }

    @Test func `a queue that does not borrow stops at its guarantee, whoever in it asks`() throws {
        var use = try Self.use { $0[0].borrows = false }
        try Self.add(3500, "a/x", to: &use)
        #expect(
            try Self.ask(use, 600, "a/y")
                == .refused(.noBorrowing(path: "a", used: Amount(3500, 10), guaranteed: Quota(4000, nil))))
        #expect(try Self.ask(use, 500, "a/y") == .allowed(borrowing: false))
    }

    @Test func `what a queue that does not lend has not used is kept for it and those below it`() throws {
        var use = try Self.use { $0[0].lends = false }
        #expect(try Self.ask(use, 4000, "b") == .allowed(borrowing: false))
        #expect(try Self.ask(use, 4001, "b") == .refused(.lentToNobody(path: "a")))
        #expect(try Self.ask(use, 8000, "a/y") == .allowed(borrowing: true))
        try Self.add(1000, "a/y", to: &use)
        #expect(try Self.ask(use, 4000, "default") == .allowed(borrowing: true))
        #expect(try Self.ask(use, 4001, "default") == .refused(.lentToNobody(path: "a")))
        // There is too little in all, and that is the pool's to say.
        #expect(try Self.ask(use, 7001, "default") == .allowed(borrowing: true))
        try Self.add(3000, "a/x", to: &use)
        #expect(try Self.ask(use, 4001, "default") == .allowed(borrowing: true))
    }

    @Test func `a queue below that does not lend keeps its part from its sibling`() throws {
        let use = try Self.use {
            $0[1].lends = false
            $0[3].lends = false
        }
        #expect(try Self.ask(use, 1000, "a/y") == .allowed(borrowing: false))
        #expect(try Self.ask(use, 1001, "a/y") == .refused(.lentToNobody(path: "b")))
        #expect(try Self.ask(use, 4000, "a/x") == .allowed(borrowing: true))
    }

    @Test func `a bound lowered below what is used stops only those who take of it`() throws {
        var use = try Self.use { $0[3].maximum = Quota(nil, 650) }
        try Self.add(1000, "b", to: &use)
        let b = try #require(use.tree.position(of: "b"))
        use.add(Amount(0, 700), tenant: 1, queue: b)
        #expect(
            use.verdict(for: Amount(1000, 0), tenant: 1, queue: b, capacity: Self.capacity)
                == .allowed(borrowing: false))
        #expect(
            use.verdict(for: Amount(1000, 1), tenant: 1, queue: b, capacity: Self.capacity)
                == .refused(.queueMaximum(path: "b", used: Amount(1000, 710), bound: Quota(nil, 650))))
    }

    @Test func `borrowers give back what is guaranteed to others, and nothing else`() throws {
        var use = try Self.use()
        let (x, y, b) = (
            try #require(use.tree.position(of: "x")), try #require(use.tree.position(of: "y")),
            try #require(use.tree.position(of: "b"))
        )
        try Self.add(2000, "b", to: &use)
        try Self.add(5000, "a/y", to: &use)
        // From another tree: `a` may lose the 1 GPU that it has above its own 4.
        #expect(use.mayReclaim(Amount(1000, 10), from: y, for: Amount(2000, 10), in: b))
        #expect(!use.mayReclaim(Amount(1001, 10), from: y, for: Amount(2000, 10), in: b))
        #expect(!use.mayReclaim(Amount(1000, 10), from: y, for: Amount(2001, 10), in: b))
        // Within `a` only what the siblings have counts.
        #expect(use.mayReclaim(Amount(4000, 10), from: y, for: Amount(3000, 10), in: x))
        #expect(!use.mayReclaim(Amount(4001, 10), from: y, for: Amount(3000, 10), in: x))
        #expect(!use.mayReclaim(Amount(1, 0), from: y, for: Amount(1, 0), in: y))
        // Nothing is guaranteed to `default`, so nobody gives anything back for it.
        #expect(!use.mayReclaim(Amount(1, 0), from: y, for: Amount(1, 0), in: use.tree.defaultQueue))
    }

    @Test func `once everything is given back all is as it was at first`() throws {
        let fresh = try Self.use { $0[3].lends = false }
        var use = fresh
        try Self.add(3000, "a/x", tenant: 4, to: &use)
        try Self.add(5000, "b", to: &use)
        #expect(use != fresh)
        #expect(use.used(by: 4, in: try #require(use.tree.position(of: "a"))) == Amount(3000, 10))
        use.remove(Amount(5000, 10), tenant: 1, queue: try #require(use.tree.position(of: "b")))
        use.remove(Amount(3000, 10), tenant: 4, queue: try #require(use.tree.position(of: "a/x")))
        #expect(use == fresh)
    }

    @Test func `counting more back than was taken is a mistake that ends the program`() async {
        await #expect(processExitsWith: .failure) {
            var use = QuotaUse(QueueTree())
            use.remove(Amount(milliGPU: 1, memory: .zero), tenant: 1, queue: use.tree.defaultQueue)
        }
    }
}
