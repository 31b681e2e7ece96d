package import Fleet
package import Placement

/// Something to do with a placer, whichever it is: no box, no dynamic dispatch inside.
package protocol PlacerUse {
    associatedtype Result
    mutating func use(_ placer: inout some ClusterPlacer & ~Copyable) -> Result
}

/// Makes placers for a trace, by name.
package struct PlacerFactory: Sendable {
    package let trace: OpenBTrace
    /// Learned once, ahead, when `divvy` is among the policies.
    private let learned: DivvyPolicy?

    /// Seeds that nothing is measured with.
    private static let learningSeed: UInt64 = 1_000_003

    package init(_ trace: OpenBTrace, policies: [PolicyName]) {
        self.trace = trace
        guard policies.contains(.divvy) else {
            learned = nil
            return
        }
        learned = Self.learn(from: trace)
    }

    private static func learn(from trace: OpenBTrace) -> DivvyPolicy {
        var generator = SeededGenerator(seed: learningSeed)
        return DivvyPolicy.learned(nodes: trace.nodes, mix: trace.mix, using: &generator)
    }

    /// Makes a placer over empty nodes and hands it to `use`.
    package func with<Use: PlacerUse>(
        _ policy: PolicyName, nodes: [NodeKind], seed: UInt64, _ use: inout Use
    ) -> Use.Result {
        if let scan = policy.scan {
            let generator = SeededGenerator(seed: seed ^ 0x5241_4E44)
            var placer = ScanPlacer(scan, nodes: nodes, kinds: trace.kinds, generator: generator)
            return use.use(&placer)
        }
        if policy == .divvy {
            var placer = DivvyPlacer(nodes: nodes, kinds: trace.kinds, policy: learned ?? Self.learn(from: trace))
            return use.use(&placer)
        }
        var placer = FragmentationPlacer(nodes: nodes, kinds: trace.kinds, mix: trace.mix)
        return use.use(&placer)
    }
}
