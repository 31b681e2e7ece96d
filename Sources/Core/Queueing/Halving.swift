import Fleet

/// What is left of something that halves every half-life, without a library of mathematics.
///
/// `kept` is 2 to the power of -x and `lost` is 1 - kept, each to a relative error below 1e-14, also where x is tiny
/// and a subtraction from 1 would leave few digits. Only additions, multiplications and divisions in a fixed order: the
/// same bits on every machine.
struct Halving {
    static let logarithmOf2 = 0.693147180559945309417

    let kept: Double
    let lost: Double

    /// After `x` half-lives; as if none had passed where `x` is negative, as if all had where it is no number.
    init(halfLives x: Double) {
        guard x > 0 else {
            (kept, lost) = x <= 0 ? (1, 0) : (0, 1)
            return
        }
        // Below the smallest number that there is.
        guard x < 1100 else {
            (kept, lost) = (0, 1)
            return
        }
        let whole = Double(Int(x))
        let y = (x - whole) * Self.logarithmOf2
        // 1 - e^-y = y(1 - y/2(1 - y/3(1 - ...))): y is below 0.7, so that the 18th term is below 1e-18 of the first.
        var sum = 1.0
        for term in stride(from: 18.0, through: 2.0, by: -1.0) { sum = 1 - y / term * sum }
        let lostInPart = y * sum
        let scale = Double(sign: .plus, exponent: -Int(whole), significand: 1)
        kept = scale * (1 - lostInPart)
        lost = whole == 0 ? lostInPart : 1 - kept
    }

    /// After a time; a half-life of zero or less forgets at once.
    init(after time: Span, halfLife: Span) {
        guard halfLife > .zero else {
            self.init(halfLives: time > .zero ? .infinity : 0)
            return
        }
        self.init(halfLives: Double(time.nanoseconds) / Double(halfLife.nanoseconds))
    }
}
