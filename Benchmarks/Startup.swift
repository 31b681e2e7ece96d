/// What `divvy run` costs over what it runs.
enum Startup {
    /// `divvy run -- true` over `true`, in turns.
    static func process() throws {
        try Daemon.with { _ in
            let (bare, leased) = try inTurns(
                60, ["/bin/true"], [Daemon.divvy, "run", "--gpus", "0.1", "--", "/bin/true"])
            Measurement(
                name: "run.process", value: (leased - bare) * 1e3, unit: "ms", against: "true, target +20 ms",
                ratio: (leased - bare) * 1e3 / 20
            ).print()
        }
    }

    /// `divvy run IMAGE true` over the engine's own `run IMAGE true`, in turns. The engine, its options and the image
    /// come from the environment, because a benchmark must not guess how this machine's engine is set up.
    static func container() throws {
        guard let engine = environmentValue("DIVVY_BENCH_ENGINE") else {
            throw BenchmarkError("set DIVVY_BENCH_ENGINE=docker or podman (Scripts/bench-containers does)")
        }
        let options = environmentValue("DIVVY_BENCH_ENGINE_OPTIONS")?.split(separator: " ").map(String.init) ?? []
        let image = environmentValue("DIVVY_BENCH_IMAGE") ?? "divvy-test"
        try Daemon.with { _ in
            let bareWords = [engine, "run", "--rm"] + options + [image, "true"]
            let ours = [Daemon.divvy, "run", "--engine", engine, "--gpus", "0.1", "--rm"] + options + [image, "true"]
            let (bare, leased) = try inTurns(15, bareWords, ours)
            Measurement(
                name: "run.\(engine)", value: (leased - bare) * 1e3, unit: "ms",
                against: "\(engine) run (\(Int(bare * 1e3)) ms), target +50 ms", ratio: (leased - bare) * 1e3 / 50
            ).print()
        }
    }

    /// The median seconds of two commands that take turns; both must succeed every time.
    private static func inTurns(_ rounds: Int, _ first: [String], _ second: [String]) throws -> (Double, Double) {
        var times: [[Double]] = [[], []]
        for round in -2..<rounds {
            for (index, words) in [first, second].enumerated() {
                let begin = seconds()
                let status = try Child(words).wait()
                guard status == 0 else { throw BenchmarkError("\(words.joined(separator: " ")) ended with \(status)") }
                if round >= 0 { times[index].append(seconds() - begin) }
            }
        }
        return (times[0].median, times[1].median)
    }
}
