import Fleet
import Queueing
import Testing

@Suite struct `Idle leases` {
    private static func at(_ minutes: Int64) -> Moment { Moment(nanoseconds: minutes * 60_000_000_000) }

    private static func policy(_ action: IdlePolicy.Action) -> IdlePolicy {
        IdlePolicy(warnAfter: Span(seconds: 30 * 60), grace: Span(seconds: 10 * 60), action: action)
    }

    private static func decide(
        _ action: IdlePolicy.Action, active: Int64, warned: Int64?, holds: Share = .whole, now: Int64
    ) -> IdleDecision {
        policy(action).decide(lastActive: at(active), warnedAt: warned.map(at), holds: holds, now: at(now))
    }

    @Test func `whoever is idle is told first, and has the whole grace`() {
        for action in [IdlePolicy.Action.shrink, .release] {
            let act: IdleDecision.Act = action == .release ? .release : .shrink(to: Share(milli: 100))
            #expect(Self.decide(action, active: 100, warned: nil, now: 129) == .init(act: .nothing, look: Self.at(130)))
            #expect(Self.decide(action, active: 100, warned: nil, now: 130) == .init(act: .warn, look: Self.at(140)))
            // Told late, for example because the daemon was not there.
            #expect(Self.decide(action, active: 100, warned: nil, now: 190) == .init(act: .warn, look: Self.at(200)))
            #expect(Self.decide(action, active: 100, warned: 190, now: 199) == .init(act: .nothing, look: Self.at(200)))
            #expect(Self.decide(action, active: 100, warned: 190, now: 200).act == act)
        }
    }

    @Test func `whoever does something after having been told starts anew`() {
        #expect(Self.decide(.release, active: 195, warned: 190, now: 200) == .init(act: .nothing, look: Self.at(225)))
        #expect(Self.decide(.release, active: 195, warned: 190, now: 225) == .init(act: .warn, look: Self.at(235)))
    }

    @Test func `where the policy only warns, it warns once`() {
        #expect(Self.decide(.warn, active: 100, warned: nil, now: 130) == .init(act: .warn, look: Self.at(160)))
        #expect(Self.decide(.warn, active: 100, warned: 130, now: 500) == .init(act: .nothing, look: Self.at(530)))
        #expect(Self.decide(.warn, active: 501, warned: 130, now: 531).act == .warn)
    }

    @Test func `what is no more than is kept is neither shrunk nor warned of, but may be released`() {
        let small = Share(milli: 100)
        #expect(Self.decide(.shrink, active: 0, warned: nil, holds: small, now: 99).act == .nothing)
        #expect(Self.decide(.shrink, active: 0, warned: 50, holds: small, now: 99).act == .nothing)
        #expect(
            Self.decide(.shrink, active: 0, warned: 50, holds: Share(milli: 101), now: 99).act == .shrink(to: small))
        #expect(Self.decide(.release, active: 0, warned: 50, holds: small, now: 99).act == .release)
    }

    /// A lease that is looked at when it was said, and at other times, with activity at random.
    @Test(arguments: 1...20)
    func `nothing is taken without a warning, a grace and idleness all through, and looking when told is enough`(
        seed: UInt64
    ) {
        var dice = QueueDice(state: seed)
        for action in IdlePolicy.Action.allCases {
            let policy = Self.policy(action)
            let active = (0..<600).map { _ in dice.chance(2) }
            var acts: [[String]] = []
            for looksAlways in [true, false] {
                var (lastActive, warned, look) = (Int64(0), Int64?.none, Self.at(0))
                var log: [String] = []
                for minute in Int64(0)..<600 {
                    if active[Int(minute)] { lastActive = minute }
                    guard looksAlways || Self.at(minute) >= look else { continue }
                    let decision = policy.decide(
                        lastActive: Self.at(lastActive), warnedAt: warned.map(Self.at), holds: .whole,
                        now: Self.at(minute))
                    look = decision.look
                    #expect(look > Self.at(minute))
                    switch decision.act {
                    case .nothing: continue
                    case .warn:
                        #expect(minute - lastActive >= 30)
                        warned = minute
                        log.append("warn \(minute)")
                    case .shrink, .release:
                        #expect(minute - lastActive >= 40 && minute - (warned ?? minute) >= 10)
                        log.append("act \(minute)")
                    }
                    if log.last?.hasPrefix("act") == true { break }
                }
                acts.append(log)
            }
            // Who looks only when told sees every warning and every act at the same minute.
            #expect(acts[0] == acts[1])
            if action == .warn { #expect(!acts.joined().contains { $0.hasPrefix("act") }) }
        }
    }
}
