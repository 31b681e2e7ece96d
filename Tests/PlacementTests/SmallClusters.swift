import Placement

/// Numbers for tests: the same in every run.
struct TestGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }

    mutating func below(_ bound: Int) -> Int { Int(next(upTo: UInt64(bound))) }
    mutating func pick<Element>(_ elements: [Element]) -> Element { elements[below(elements.count)] }
}

/// A small cluster and its demand, drawn at random.
struct SmallCluster {
    var nodes: [NodeKind] = []
    var kinds: [RequestKind] = []
    var mix: RequestMix
    /// Kinds as they come.
    var arrivals: [Int] = []

    init(seed: UInt64, nodes count: Int = 12, arrivals length: Int = 400) {
        var generator = TestGenerator(state: seed)
        let shapes = (0..<5).map { _ in
            NodeKind(
                cpuMilli: generator.pick([8000, 32_000, 96_000, 128_000]),
                memoryMiB: generator.pick([32_768, 131_072, 393_216]), gpus: generator.pick([0, 1, 2, 4, 8]),
                model: UInt8(generator.below(4)))
        }
        for _ in 0..<count { nodes.append(generator.pick(shapes)) }
        for _ in 0..<18 {
            let gpus: Int32 = generator.pick([0, 1, 1, 1, 1, 2, 4, 8])
            let share: Int32 = generator.pick([50, 100, 160, 230, 320, 470, 500, 810, 1000, 1000])
            kinds.append(
                RequestKind(
                    cpuMilli: Int32(generator.below(24)) * 500, memoryMiB: Int32(generator.below(20)) * 2048,
                    gpuMilli: gpus == 0 ? 0 : gpus > 1 ? 1000 : share, gpus: gpus,
                    models: generator.below(4) == 0 ? generator.next() & 15 : RequestKind.anyModel))
        }
        // Some that differ in memory alone, up to more than a node has.
        for kind in kinds.prefix(6) {
            kinds.append(
                RequestKind(
                    cpuMilli: kind.cpuMilli, memoryMiB: Int32(generator.below(12)) * 6000, gpuMilli: kind.gpuMilli,
                    gpus: kind.gpus, models: kind.models))
        }
        kinds = Array(Set(kinds)).sorted {
            ($0.cpuMilli, $0.memoryMiB, $0.gpuMilli, $0.gpus, $0.models)
                < ($1.cpuMilli, $1.memoryMiB, $1.gpuMilli, $1.gpus, $1.models)
        }
        let drawn = kinds
        let order = (0..<length).map { _ in generator.below(drawn.count) }
        arrivals = order
        mix = RequestMix(order.map { drawn[$0] })
    }
}
