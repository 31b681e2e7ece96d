/// The random numbers that the published experiments were drawn with: the source and the draws of Go's `math/rand`, as
/// they were up to Go 1.19, so that a seed means here what it means there.
///
/// The source is an additive lagged Fibonacci generator: each number is the sum, in 64 bits, of those that came 607 and
/// 273 numbers before it. It is for the published protocol and nothing else.
package struct PublishedGenerator: Sendable {
    static let lag = 607
    static let tap = 273

    /// The last 607 numbers, by position; `feed` is where the oldest is.
    private var state: [UInt64]
    private var feed = Self.lag - Self.tap
    private var tapped = 0

    package init(seed: Int64) {
        var mixer = SeedMixer(seed: seed)
        state = PublishedState.afterWarmUp
        for place in state.indices { state[place] ^= mixer.word(shiftedBy: 20) }
    }

    private mutating func next() -> UInt64 {
        tapped = (tapped == 0 ? Self.lag : tapped) - 1
        feed = (feed == 0 ? Self.lag : feed) - 1
        state[feed] &+= state[tapped]
        return state[feed]
    }

    /// From 0 to 2^63 - 1.
    package mutating func int63() -> Int64 { Int64(next() & .max >> 1) }

    /// Below a bound above 0, by taking remainders; what would favour small numbers is drawn again.
    package mutating func below(_ bound: Int) -> Int {
        if bound <= Int(Int32.max) { return below31(bound) }
        if bound & (bound - 1) == 0 { return Int(int63()) & (bound - 1) }
        let most = Int64.max - Int64((1 << 63 as UInt64) % UInt64(bound))
        var number = int63()
        while number > most { number = int63() }
        return Int(number) % bound
    }

    private mutating func below31(_ bound: Int) -> Int {
        if bound & (bound - 1) == 0 { return int31() & (bound - 1) }
        let most = 1 << 31 - 1 - (1 << 31) % bound
        var number = int31()
        while number > most { number = int31() }
        return number % bound
    }

    private mutating func int31() -> Int { Int(int63() >> 32) }

    /// Fisher and Yates from the end; here bounded numbers are drawn by multiplying.
    package mutating func shuffle<Element>(_ elements: inout [Element]) {
        guard elements.count > 1 else { return }
        for last in stride(from: elements.count - 1, to: 0, by: -1) {
            elements.swapAt(last, multiplied(below: UInt32(last + 1)))
        }
    }

    private mutating func multiplied(below bound: UInt32) -> Int {
        let threshold = (0 &- bound) % bound
        while true {
            let product = UInt64(UInt32(truncatingIfNeeded: int63() >> 31)) * UInt64(bound)
            if UInt32(truncatingIfNeeded: product) >= threshold { return Int(product >> 32) }
        }
    }

    /// The numbers from 0 to `count` - 1 in a random order, built from the inside out.
    package mutating func permutation(_ count: Int) -> [Int] {
        var numbers = [Int](repeating: 0, count: count)
        for next in 0..<count {
            let place = below(next + 1)
            numbers[next] = numbers[place]
            numbers[place] = next
        }
        return numbers
    }
}

/// What spreads a seed over the state: multiplication by 48271 modulo 2^31 - 1.
struct SeedMixer {
    private var number: UInt64

    init(seed: Int64) {
        let modulus = Int64(Int32.max)
        let rest = seed % modulus
        number = UInt64(rest < 0 ? rest + modulus : rest)
        if number == 0 { number = 89_482_311 }
        for _ in 0..<20 { step() }
    }

    private mutating func step() { number = number * 48_271 % UInt64(Int32.max) }

    /// Three numbers over one another, each further right by `shift` bits.
    mutating func word(shiftedBy shift: UInt64) -> UInt64 {
        var word: UInt64 = 0
        for place in [2 * shift, shift, 0] {
            step()
            word ^= number << place
        }
        return word
    }
}
