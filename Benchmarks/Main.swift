import Glibc

/// `divvy-benchmarks [NAME...]`: prints a line of JSON for each figure; ends with 1 when one could not be taken.
@main
enum Main {
    private static let benchmarks: [(name: String, run: @Sendable () throws -> Void)] = [
        ("run.process", Startup.process), ("run.container", Startup.container), ("grants", Grants.run),
        ("footprint", Footprint.idle), ("recovery", Footprint.recovery), ("sim", SimulatedDriver.run),
        ("placement", PlacementSpeed.run), ("planning", Planning.run), ("limiter", Limiter.run),
    ]

    private static var isDebugBuild: Bool {
        #if DEBUG
            true
        #else
            false
        #endif
    }

    static func main() {
        guard !isDebugBuild else {
            complain("divvy-benchmarks: a debug build measures nothing; use make bench")
            exit(64)
        }
        let wanted = CommandLine.arguments.dropFirst()
        let known = benchmarks.map(\.name)
        for name in wanted where !known.contains(name) {
            complain("divvy-benchmarks: \(name) is not one of \(known.joined(separator: ", "))")
            exit(64)
        }
        var failed = false
        for benchmark in benchmarks where wanted.isEmpty || wanted.contains(benchmark.name) {
            if wanted.isEmpty, benchmark.name == "run.container", environmentValue("DIVVY_BENCH_ENGINE") == nil {
                continue  // Scripts/bench-containers takes it, with engines of its own.
            }
            if wanted.isEmpty, benchmark.name == "placement", !PlacementSpeed.isPossible {
                complain("divvy-benchmarks: placement was left out: there is no openb trace, and DIVVY_DATA names none")
                continue
            }
            do {
                try benchmark.run()
            } catch {
                complain("divvy-benchmarks: \(benchmark.name): \(error)")
                failed = true
            }
        }
        exit(failed ? 1 : 0)
    }
}

/// Writes a line to standard error.
private func complain(_ text: String) {
    let bytes = Array("\(text)\n".utf8)
    _ = write(2, bytes, bytes.count)
}

func environmentValue(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }
