import Glibc

/// What one job of a made-up workload asks for.
package struct JobShape: Hashable, Sendable {
    package var gpus: Int
    /// Of each GPU, in thousandths.
    package var milli: Int
    /// How often, against the weights of the others.
    package var weight: Double

    package init(gpus: Int, milli: Int, weight: Double) {
        self.gpus = gpus
        self.milli = milli
        self.weight = weight
    }
}

/// Makes up jobs: random arrivals at an offered load, log-normal durations, a mix of shapes, tenants by Zipf's law.
package struct WorkloadGenerator: Sendable {
    package var count = 10_000
    /// GPU time asked for, in parts of what `gpus` give while jobs arrive.
    package var load = 0.9
    package var gpus = 64
    /// Half of the jobs are shorter; as the published Philly trace.
    package var medianSeconds = 1144.0
    /// Of the duration's logarithm; with the median above, a tenth of the jobs is longer than 3 hours, as in Philly.
    package var sigma = 1.785
    package var longestSeconds = 604_800.0
    package var tenants = 20
    /// The k-th tenant submits in proportion to 1 / k^zipf.
    package var zipf = 1.0
    package var queues = 4
    package var shapes = WorkloadGenerator.usualShapes
    package var seed: UInt64 = 1

    package init() {}

    /// Pods with GPUs of the published openb trace (default), rounded to percents of all of them.
    package static let usualShapes: [JobShape] = [
        (1, 1000, 55.5), (1, 810, 15.3), (1, 470, 10.6), (1, 320, 4.7), (1, 650, 3.6), (1, 230, 2), (1, 460, 1.8),
        (1, 590, 1.1), (1, 160, 1), (1, 550, 1), (1, 220, 0.9), (1, 370, 0.7), (8, 1000, 0.6), (1, 110, 0.3),
        (1, 480, 0.3), (2, 1000, 0.2), (4, 1000, 0.2), (1, 50, 0.1), (1, 330, 0.1),
    ].map { JobShape(gpus: $0, milli: $1, weight: $2) }

    /// The shapes of an openb pod list's GPU pods, each as often as it is there.
    package static func shapes(ofPods text: String, named name: String) throws(TraceError) -> [JobShape] {
        let rows = try CSVText(text, name: name, needing: ["num_gpu", "gpu_milli"])
        var shapes: [JobShape] = []
        for row in rows.rows {
            let gpus = Int(try rows.number("num_gpu", of: row, in: 0...100_000))
            let milli = Int(try rows.number("gpu_milli", of: row, in: 0...1000))
            guard gpus > 0, milli > 0 else { continue }
            if let place = shapes.firstIndex(where: { $0.gpus == gpus && $0.milli == milli }) {
                shapes[place].weight += 1
            } else {
                shapes.append(JobShape(gpus: gpus, milli: milli, weight: 1))
            }
        }
        guard !shapes.isEmpty else { throw TraceError("\(name) has no pod that asks for a GPU") }
        return shapes
    }

    /// The mean of a log-normal duration that is cut at the longest.
    package var meanSeconds: Double {
        let mu = log(medianSeconds)
        guard sigma > 0 else { return min(medianSeconds, longestSeconds) }
        func below(_ value: Double) -> Double { 0.5 * erfc(-value / 2.0.squareRoot()) }
        let bound = (log(longestSeconds) - mu) / sigma
        return exp(mu + sigma * sigma / 2) * below(bound - sigma) + longestSeconds * (1 - below(bound))
    }

    /// Writes the heading and one line after another, as `divvy simulate jobs` reads them.
    package func write(to line: (String) throws -> Void) rethrows {
        var generator = SeededGenerator(seed: seed ^ 0x574F_524B)
        let weights = shapes.reduce(0) { $0 + $1.weight }
        let meanGPUs = shapes.reduce(0) { $0 + Double($1.gpus * $1.milli) / 1000 * $1.weight } / weights
        let distance = meanSeconds * meanGPUs / (load * Double(gpus))
        let shapeSums = Self.sums(shapes.map(\.weight))
        let tenantSums = Self.sums((1...max(tenants, 1)).map { pow(Double($0), -zipf) })
        try line("submit,duration,gpus,share,tenant,queue")
        var now = 0.0
        for _ in 0..<count {
            now += -log(generator.unit()) * distance
            // Box and Muller; the second number is not used, so that each job takes as many numbers as the others.
            let normal = (-2 * log(generator.unit())).squareRoot() * cos(2 * Double.pi * generator.unit())
            let duration = min(max(medianSeconds * exp(sigma * normal), 1), longestSeconds)
            let shape = shapes[Self.pick(shapeSums, generator.unit())]
            let tenant = Self.pick(tenantSums, generator.unit())
            let share = shape.milli == 1000 ? "1" : "\(Double(shape.milli) / 1000)"
            try line(
                "\(now.rounded(to: 1)),\(duration.rounded(to: 1)),\(shape.gpus),\(share),tenant-\(tenant + 1),"
                    + "queue-\(tenant % max(queues, 1) + 1)")
        }
    }

    private static func sums(_ weights: [Double]) -> [Double] {
        var sum = 0.0
        return weights.map { weight in
            sum += weight
            return sum
        }
    }

    /// The first place whose sum reaches so large a part of all.
    private static func pick(_ sums: [Double], _ part: Double) -> Int {
        let wanted = part * (sums.last ?? 0)
        var (low, high) = (0, sums.count - 1)
        while low < high {
            let middle = (low + high) / 2
            if sums[middle] < wanted { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
