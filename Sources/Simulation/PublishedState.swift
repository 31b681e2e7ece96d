/// What the published generator is seeded over: its own state after 7.8e12 numbers from seed 1, 607 words in all.
///
/// There it is a table, here it is computed. Numbers follow s(n) = s(n-607) + s(n-273), so a number that far on is a sum
/// of the first 607 with the coefficients of x^n modulo x^607 - x^334 - 1, over the integers modulo 2^64: 43 squarings.
enum PublishedState {
    private static let lag = PublishedGenerator.lag
    private static let tap = PublishedGenerator.tap
    private static let steps: UInt64 = 7_800_000_000_000

    /// By the positions that the generator keeps them in.
    static let afterWarmUp: [UInt64] = {
        // Numbers are stored from this position downwards, the oldest first.
        let first = lag - tap - 1
        var mixer = SeedMixer(seed: 1)
        var positions: [UInt64] = []
        for _ in 0..<lag { positions.append(mixer.word(shiftedBy: 10)) }
        var numbers = (0..<lag).map { positions[(first - $0 + lag) % lag] }
        for next in lag..<2 * lag { numbers.append(numbers[next - lag] &+ numbers[next - tap]) }

        let coefficients = power(steps)
        for ahead in 0..<lag {
            var sum: UInt64 = 0
            for place in 0..<lag { sum &+= coefficients[place] &* numbers[ahead + place] }
            let position = (first - ahead - Int(steps % UInt64(lag)) + 2 * lag) % lag
            positions[position] = sum
        }
        return positions
    }()

    /// The coefficients of x^exponent, of x^0 first.
    private static func power(_ exponent: UInt64) -> [UInt64] {
        var result = [UInt64](repeating: 0, count: lag)
        result[0] = 1
        for bit in (0..<UInt64.bitWidth - exponent.leadingZeroBitCount).reversed() {
            result = reduced(squared(result))
            if exponent >> UInt64(bit) & 1 == 1 { result = reduced([0] + result) }
        }
        return result
    }

    private static func squared(_ factor: [UInt64]) -> [UInt64] {
        var product = [UInt64](repeating: 0, count: 2 * lag - 1)
        factor.withUnsafeBufferPointer { factor in
            product.withUnsafeMutableBufferPointer { product in
                for low in 0..<lag {
                    product[2 * low] &+= factor[low] &* factor[low]
                    let twice = factor[low] &* 2
                    for high in low + 1..<lag { product[low + high] &+= twice &* factor[high] }
                }
            }
        }
        return product
    }

    /// Each x^n from 607 on is x^(n-273) + x^(n-607), the highest first.
    private static func reduced(_ polynomial: [UInt64]) -> [UInt64] {
        var rest = polynomial
        for power in stride(from: rest.count - 1, through: lag, by: -1) {
            rest[power - tap] &+= rest[power]
            rest[power - lag] &+= rest[power]
        }
        return Array(rest.prefix(lag))
    }
}
