/// What a cluster is going through; each regime has its own way to choose.
package enum DivvyRegime: Hashable, Sendable {
    /// Requests come and stay: what is left over now is left over for good.
    case filling
    /// Requests come and go, and most find a place.
    case turnover
    /// Requests come and go, and many are turned away: every hole is filled as soon as it is there.
    case overload
}

/// Tells the regimes apart by what a placer is asked to do.
struct RegimeJudge {
    /// Nobody knows at first. As long as that is so the gradient decides, which is right in the regimes that last.
    private(set) var regime = DivvyRegime.turnover
    private var events = 0
    private var returns = 0
    private var windows = 0
    private var askedMilli: Int64 = 0
    private var refusedMilli: Int64 = 0

    /// Placements and returns that say whether requests leave: few enough to notice a change soon; more for more GPUs,
    /// because a larger cluster takes more requests until the first of them leave.
    private let window: Int

    /// Windows that say how much is turned away. A few requests for many GPUs are much of a short time's demand.
    private static let windowsOfDemand = 8

    /// Between these parts of the demand turned away, a regime stays what it was: a change scores every node again.
    private static let overloadBegins = 0.16
    private static let overloadEnds = 0.12

    init(gpus: Int) { window = max(256, gpus / 12) }

    mutating func placed(_ request: RequestKind, refused: Bool) {
        events += 1
        askedMilli += request.totalMilli
        if refused { refusedMilli += request.totalMilli }
    }

    mutating func returned() {
        events += 1
        returns += 1
    }

    /// Judges when enough has happened; says whether the regime changed.
    mutating func judge() -> Bool {
        guard events >= window else { return false }
        let before = regime
        let leave = returns * (regime == .filling ? 16 : 100) > events
        if !leave {
            regime = .filling
        } else if regime == .filling {
            regime = .turnover
        }
        (events, returns) = (0, 0)
        windows += 1
        guard windows >= Self.windowsOfDemand else { return regime != before }
        if leave {
            let refused = askedMilli > 0 ? Double(refusedMilli) / Double(askedMilli) : 0
            regime = refused > (regime == .overload ? Self.overloadEnds : Self.overloadBegins) ? .overload : .turnover
        }
        (windows, askedMilli, refusedMilli) = (0, 0, 0)
        return regime != before
    }
}
