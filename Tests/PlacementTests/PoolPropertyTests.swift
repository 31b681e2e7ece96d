import Fleet
import Placement
import Testing

@Suite struct `A pool, whatever is asked of it` {
    /// Asks, takes and gives back; `check` sees each request before it is decided.
    private func run(
        seed: UInt64, steps: Int = 40, isPlain: Bool = false,
        _ check: (_ step: String, Request, PolicyName, PoolPlacement?, RandomPool) throws -> Void
    ) rethrows {
        var random = RandomPool(seed: seed)
        for step in 0..<steps {
            if !random.oracle.held.isEmpty, random.below(3) == 0 {
                let gone = random.oracle.held.remove(at: random.below(random.oracle.held.count))
                random.pool.giveBack(gone.placement, of: gone.request)
            }
            guard let request = isPlain ? random.plainRequest() : random.request() else { continue }
            let policy = PolicyName.allCases[random.below(PolicyName.allCases.count)]
            let placement = random.pool.find(request, by: policy)
            let words = request.canonicalOptions.joined(separator: " ")
            try check("seed \(seed), step \(step): \(words) by \(policy.rawValue)", request, policy, placement, random)
            guard let placement, random.below(5) > 0 else { continue }
            random.pool.take(placement, for: request)
            random.oracle.held.append(.init(request: request, placement: placement))
        }
    }

    @Test(arguments: 0..<10)
    func `breaks no rule, and refuses nothing that fits`(block: Int) throws {
        var (placed, refused) = (0, 0)
        for seed in 0..<12 {
            try run(seed: UInt64(block * 1000 + seed)) { step, request, _, placement, random in
                try #require((placement != nil) == random.oracle.fits(request), "\(step)")
                guard let placement else {
                    refused += 1
                    return
                }
                placed += 1
                try #require(random.oracle.rulesBroken(by: placement, for: request) == [], "\(step)")
            }
        }
        #expect(placed > 50 && refused > 50, "\(placed) placed, \(refused) refused")
    }

    @Test(arguments: 0..<6)
    func `refuses nothing that fits where compute is left without memory, or memory without compute`(
        block: Int
    ) throws {
        for seed in 0..<20 {
            try run(seed: UInt64(200_000 + block * 1000 + seed), steps: 60, isPlain: true) {
                step, request, _, placement, random in
                try #require((placement != nil) == random.oracle.fits(request), "\(step)")
                guard let placement else { return }
                try #require(random.oracle.rulesBroken(by: placement, for: request) == [], "\(step)")
            }
        }
    }

    @Test(arguments: 0..<4)
    func `explains what it decides`(block: Int) throws {
        for seed in 0..<12 {
            try run(seed: UInt64(500_000 + block * 1000 + seed)) { step, request, _, placement, random in
                let why = random.pool.explain(request)
                try #require(why.fits == (placement != nil), "\(step)")
                try #require((why.obstacle == nil) == (placement != nil), "\(step)")
                let able = random.oracle.nodes.indices.reduce(0) { sum, node in
                    sum
                        + random.oracle.nodes[node].gpus.indices.count {
                            random.oracle.canGive(request, node, $0)
                        }
                }
                try #require(why.fittingGPUs == able, "\(step)")
                try #require(why.couldEverFit == random.oracle.couldEverFit(request), "\(step)")
                try #require(why.couldEverFit == random.pool.couldEverFit(request), "\(step)")
                let all = why.counts.reduce(0) { $0 + $1.gpus }
                let gpus = random.oracle.nodes.reduce(0) { $0 + $1.gpus.count }
                try #require(why.fits ? all + why.fittingGPUs == gpus : all == gpus, "\(step)")
                try #require((why.unblocks != nil) == (!why.fits && why.couldEverFit), "\(step)")
                try #require((why.nearest != nil) == (!why.fits && why.couldEverFit), "\(step)")
                try #require(!why.summary.isEmpty && !why.summary.contains("  "), "\(step)")
                for node in random.oracle.nodes.indices where why.nearest?.node == node {
                    try #require(!random.oracle.fits(request, node: node), "\(step)")
                }
            }
        }
    }

    @Test(arguments: 0..<4)
    func `is as it was when what was taken is given back`(block: Int) throws {
        for seed in 0..<12 {
            try run(seed: UInt64(900_000 + block * 1000 + seed)) { step, request, _, placement, random in
                guard let placement else { return }
                var after = random.pool
                after.take(placement, for: request)
                try #require(after != random.pool, "\(step)")
                after.giveBack(placement, of: request)
                try #require(after == random.pool, "\(step)")
            }
        }
    }

    @Test func `gives the same answer to the same question`() throws {
        for seed in 0..<12 {
            try run(seed: UInt64(77_000 + seed)) { step, request, policy, placement, random in
                try #require(random.pool.find(request, by: policy) == placement, "\(step)")
            }
        }
    }

    @Test func `turns placements into those of leases and back`() throws {
        for seed in 0..<12 {
            try run(seed: UInt64(33_000 + seed)) { step, request, _, placement, random in
                guard let placement else { return }
                guard request.nodes == 1 else {
                    try #require(Placement(placement, of: request, in: random.pool) == nil, "\(step)")
                    return
                }
                let lease = try #require(Placement(placement, of: request, in: random.pool), "\(step)")
                try #require(PoolPlacement(lease, in: random.pool) == placement, "\(step)")
                // A grade is never overstated, and never below what was asked for.
                try #require(lease.grade >= request.minimumGrade ?? .unfenced, "\(step)")
                let foreign = placement.parts[0].grants.contains {
                    random.oracle.nodes[placement.parts[0].node].conditions[$0.gpu].foreignMemory > .zero
                }
                try #require(lease.grade != .exclusive || (request.portion == .whole && !foreign), "\(step)")
            }
        }
    }
}
