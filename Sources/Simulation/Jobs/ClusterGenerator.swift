/// Makes up nodes and pods of any number, in the published cluster's proportions, as `divvy simulate openb` reads them.
package struct ClusterGenerator: Sendable {
    package var count = 1000
    package var seed: UInt64 = 1

    package init() {}

    /// CPUs in thousandths, memory in MiB, GPUs, model, and how many of the published cluster's 1,213 nodes are so.
    private static let nodes: [(fields: String, weight: Int)] = [
        ("96000,393216,8,G2", 549), ("104000,524288,2,T4", 387), ("16000,122880,2,P100", 107),
        ("128000,786432,8,G3", 39), ("32000,131072,4,V100M16", 28), ("64000,262144,2,P100", 22),
        ("96000,786432,8,V100M32", 21), ("8000,32768,1,V100M16", 19), ("96000,393216,4,T4", 17),
        ("48000,376832,4,V100M32", 9), ("64000,262144,8,V100M16", 7), ("8000,61440,1,P100", 3),
        ("8000,61440,2,P100", 2), ("128000,1048576,1,A10", 2), ("82000,344064,8,V100M16", 1),
    ]

    /// CPUs in thousandths, memory in MiB, GPUs, thousandths of each; the published trace's most frequent pods.
    private static let pods: [(fields: String, weight: Int)] = [
        ("3152,5600,1,810", 1047), ("11300,49152,1,1000", 857), ("11400,48128,1,1000", 534),
        ("3152,5600,1,1000", 470), ("11908,47104,1,470", 388), ("12500,57344,0,0", 364), ("8000,30517,1,470", 360),
        ("32000,49152,0,0", 284), ("18708,64512,1,1000", 255), ("11908,47104,1,650", 237),
        ("9810,41560,1,1000", 195), ("8000,30517,0,0", 163), ("15700,58368,1,1000", 158),
        ("12000,24576,1,1000", 158), ("11908,47104,1,1000", 153), ("4000,22888,1,320", 111),
        ("16000,32768,1,1000", 108), ("8000,16384,1,1000", 104), ("4000,30517,1,230", 84), ("3152,5600,1,590", 75),
        ("4000,15258,1,160", 53), ("6000,6144,1,460", 51), ("88000,327680,8,1000", 44), ("24000,98304,2,1000", 16),
        ("48000,196608,4,1000", 15),
    ]

    /// Writes a node list.
    package func writeNodes(to line: (String) throws -> Void) rethrows {
        try line("sn,cpu_milli,memory_mib,gpu,model")
        try write(Self.nodes) { number, fields in try line("node-\(number),\(fields)") }
    }

    /// Writes a pod list.
    package func writePods(to line: (String) throws -> Void) rethrows {
        try line("name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec")
        let width = "\(count)".count
        try write(Self.pods) { number, fields in
            // Pods are taken in the order of their names, so all numbers have the same width.
            let digits = "\(number)"
            try line("pod-\(String(repeating: "0", count: width - digits.count))\(digits),\(fields),")
        }
    }

    private func write(
        _ kinds: [(fields: String, weight: Int)], _ line: (Int, String) throws -> Void
    ) rethrows {
        var generator = SeededGenerator(seed: seed ^ 0x464C_4545_54)
        let all = kinds.reduce(0) { $0 + $1.weight }
        for number in 1...max(count, 1) {
            var drawn = generator.below(all)
            var place = 0
            while drawn >= kinds[place].weight {
                drawn -= kinds[place].weight
                place += 1
            }
            try line(number, kinds[place].fields)
        }
    }
}
