import Fleet
import Placement

/// Slices that come one by one, stay for a while and go, on GPUs of one geometry: what is not placed at once is lost.
///
/// Arrivals are a Poisson process and lifetimes are exponential. The offered load is that of the slots: at 1 the slots
/// asked for, times how long they are held, are those there are.
struct SliceSimulation {
    let tables: SliceTables
    /// By the geometry's profiles.
    let mix: SliceMix
    var gpus = 40
    var load = 0.9
    var requests = 20_000
    /// Requests before counting starts.
    var warmUp = 2_000

    /// Per cent of requests that found a place.
    func accepted(by policy: SlicePolicy, seed: UInt64) -> Double {
        var generator = TestGenerator(state: seed)
        var placer = SlicePlacer(SliceGradient(tables, for: mix), gpus: gpus, by: policy)
        var departures: [(time: Double, place: SlicePlace)] = []
        let profiles = tables.geometry.profiles
        let total = mix.counts.reduce(0) { $0 + Int($1) }
        let slots = mix.counts.indices.reduce(0.0) { $0 + Double(mix.counts[$1]) * size(profiles[$1]) }
        let rate = load * Double(gpus) * capacity / (slots / Double(total))
        var (now, counted, placed) = (0.0, 0, 0)
        for number in 0..<requests {
            now += exponential(&generator) / rate
            let life = exponential(&generator)
            var draw = generator.below(total)
            var profile = 0
            while draw >= Int(mix.counts[profile]) {
                draw -= Int(mix.counts[profile])
                profile += 1
            }
            while let next = departures.last, next.time <= now {
                placer.giveBack(next.place)
                departures.removeLast()
            }
            let place = placer.place(profile)
            if number >= warmUp {
                counted += 1
                if place != nil { placed += 1 }
            }
            guard let place else { continue }
            let departure = (time: now + life, place: place)
            var (low, high) = (0, departures.count)
            while low < high {
                let middle = (low + high) / 2
                if departures[middle].time > departure.time { low = middle + 1 } else { high = middle }
            }
            departures.insert(departure, at: low)
        }
        return 100 * Double(placed) / Double(counted)
    }

    private func size(_ profile: MIGProfile) -> Double { Double(profile.memorySlices) }
    private var capacity: Double { Double(tables.geometry.memorySlices) }
}

/// Of mean 1, without a logarithm of the platform's: von Neumann's comparison of uniform numbers.
private func exponential(_ generator: inout TestGenerator) -> Double {
    var whole = 0.0
    while true {
        let first = uniform(&generator)
        var (last, runs) = (first, 1)
        while true {
            let next = uniform(&generator)
            if next >= last { break }
            last = next
            runs += 1
        }
        if runs % 2 == 1 { return whole + first }
        whole += 1
    }
}

private func uniform(_ generator: inout TestGenerator) -> Double {
    Double(generator.next() >> 11) / 9_007_199_254_740_992
}
