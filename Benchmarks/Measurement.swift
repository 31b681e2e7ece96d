import Glibc

/// One result, printed as a line of JSON.
struct Measurement {
    let name: String
    let value: Double
    let unit: String
    /// What the value is set against, measured in the same run; or the target it is held to.
    let against: String
    /// The value divided by what it is set against.
    let ratio: Double

    func print() {
        Swift.print(
            #"{"name":"\#(name)","value":\#(rounded(value)),"unit":"\#(unit)","against":"\#(against)","ratio":\#(rounded(ratio))}"#
        )
        fflush(nil)
    }

    /// Three digits after the point are more than any of these figures is worth.
    private func rounded(_ number: Double) -> Double { number.isFinite ? (number * 1000).rounded() / 1000 : -1 }
}

extension [Double] {
    /// The value below which `fraction` of all lie.
    func percentile(_ fraction: Double) -> Double {
        guard !isEmpty else { return .nan }
        let ordered = sorted()
        return ordered[Swift.min(ordered.count - 1, Int(Double(ordered.count) * fraction))]
    }

    var median: Double { percentile(0.5) }
}

/// Seconds on a clock that does not step.
func seconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

/// What stops a benchmark, in words.
struct BenchmarkError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
