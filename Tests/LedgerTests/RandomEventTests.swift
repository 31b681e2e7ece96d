import Fleet
import Foundation
import Ledger
import Testing

/// Random events against the laws that hold after each of them (I1, I3, I4, I6, I8, I9 of the reliability facts).
@Suite struct `Random events` {
    /// In debug builds the ledger checks its own laws after every event; here they are checked by hand as well.
    @Test(arguments: 1...10 as ClosedRange<UInt64>)
    func `leave a ledger that obeys its laws`(seed: UInt64) throws {
        var world = RandomWorld(seed: seed)
        var ledger = Ledger(settings: world.settings)
        var released: [LeaseID: Int] = [:]
        var granted = 0
        for step in 0..<12_000 {
            let (event, moment) = world.next(after: ledger)
            let before = step.isMultiple(of: 16) ? ledger : nil
            let effects = ledger.handle(event, at: moment)
            granted += effects.prepared.count
            for lease in effects.dismissed { released[lease, default: 0] += 1 }
            if let before, case .asked = event, let refusal = effects.answer?.refusal {
                let isSame = before.leases == ledger.leases && before.queue == ledger.queue
                #expect(isSame, "seed \(seed), step \(step): \(refusal) changed something")
            }
            if step.isMultiple(of: 64) || step > 11_900 {
                let broken = ledger.brokenInvariant()
                try #require(broken == nil, "seed \(seed), step \(step): \(broken ?? "")")
            }
            if case .asked = event { #expect(effects.answer != nil, "seed \(seed), step \(step): an ask hung") }
        }
        #expect(released.values.allSatisfy { $0 == 1 }, "seed \(seed): something was given back twice")
        #expect(granted > 500, "seed \(seed): the run must grant something to mean anything")
        for lease in ledger.leases where lease.placement == nil && !lease.isWaiting {
            if lease.placementEver != nil { #expect(released[lease.id] == 1, "\(lease.id) never gave back") }
        }
    }

    @Test func `give the same bytes when they come again`() throws {
        func run() throws -> (Data, [String]) {
            var world = RandomWorld(seed: 99)
            var ledger = Ledger(settings: world.settings)
            var told: [String] = []
            for _ in 0..<5_000 {
                let (event, moment) = world.next(after: ledger)
                told.append(String(describing: ledger.handle(event, at: moment)))
            }
            let encoder = JSONEncoder()
            encoder.outputFormatting = .sortedKeys
            return (try encoder.encode(ledger), told)
        }
        let (first, firstTold) = try run()
        let (second, secondTold) = try run()
        #expect(first == second)
        #expect(firstTold == secondTold)
    }

    @Test func `lead on alike from a ledger that was written down and read back`() throws {
        var world = RandomWorld(seed: 7)
        var ledger = Ledger(settings: world.settings)
        for _ in 0..<3_000 {
            let (event, moment) = world.next(after: ledger)
            _ = ledger.handle(event, at: moment)
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        var copy = try JSONDecoder().decode(Ledger.self, from: try encoder.encode(ledger))
        for step in 0..<3_000 {
            let (event, moment) = world.next(after: ledger)
            let effects = ledger.handle(event, at: moment)
            try #require(effects == copy.handle(event, at: moment), "step \(step): \(event)")
        }
        #expect(try encoder.encode(ledger) == encoder.encode(copy))
    }
}

/// A box with tenants who ask, release, die and wait at random, and GPUs that come and go.
struct RandomWorld {
    let settings = LedgerSettings(memory: Span(seconds: 200), endedLimit: 60, queueLimit: 6)
    private var random: SeededGenerator
    private var seconds: Int64 = 0
    private var pid: Int32 = 100
    private static let requests: [Request] = [
        "--gpus 1", "--gpus 2", "--gpus 0.5", "--gpus 0.25 --gpu-memory 5GiB", "--gpu-memory 8GiB", "--gpus 4",
        "--gpus 0.1 --for 20s", "--gpus 1 --no-wait", "--gpus 0.5 --no-wait", "--gpus 1..3", "--gpus all --no-wait",
        "--gpus 0.3 --gpu-memory 1GiB..30GiB", "--gpus 1 --wait=30s", "--gpus h100:1", "--gpus 9", "--gpus device=1",
        "--slice 1g.5gb", "--slice 1g.5gb --for 10s", "--slice 1g.5gb,1g.5gb --no-wait", "--gpus device=MIG-2",
        "--share mig --gpu-memory 3GiB --no-wait", "--slice 3g.20gb",
        "--gpus 1 --for 60s", "--gpu-memory 30GiB --for 15s", "--gpus 0.5 --grade exclusive",
    ].compactMap { text in
        try? RequestParser.parse(RequestOptions(arguments: text.split(separator: " ").map(String.init))).0
    }

    init(seed: UInt64) { random = SeededGenerator(seed: seed) }

    mutating func next(after ledger: Ledger) -> (Event, Moment) {
        seconds += Int64.random(in: 0...2, using: &random)
        return (event(ledger), .seconds(seconds))
    }

    private mutating func event(_ ledger: Ledger) -> Event {
        guard ledger.observation != nil else { return .observed(Machine.observation(4)) }
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<40: return ask()
        case 40..<60: return .holderGone(someLease(ledger), .holderEnded)
        case 60..<72: return .endAsked(someLease(ledger), .released)
        case 72..<76: return .keptAlive(someLease(ledger))
        case 76..<80: return .extended(someLease(ledger), by: Span(seconds: 10))
        case 80..<83: return .held(someLease(ledger), by: .container(engine: "docker", id: "c\(seconds)"))
        case 83..<96: return .timePassed
        case 96..<99: return observe()
        default: return .anchored(boot: "boot\(seconds / 5_000)", offset: 0)
        }
    }

    private mutating func ask() -> Event {
        pid += 1
        let holder: Holder =
            Bool.random(using: &random) ? .nobody : .process(ProcessIdentity(pid: pid, startTicks: 1, boot: "b"))
        return .asked(
            Ask(
                request: Self.requests.randomElement(using: &random) ?? Request(),
                tenant: Bool.random(using: &random) ? Machine.alice : Machine.bob,
                idempotencyKey: Int.random(in: 0..<4, using: &random) == 0
                    ? "k\(Int.random(in: 0..<200, using: &random))" : nil,
                holder: holder,
                keepAlive: Int.random(in: 0..<10, using: &random) == 0 ? Span(seconds: 30) : nil))
    }

    private mutating func someLease(_ ledger: Ledger) -> LeaseID {
        // Mostly one that lives, sometimes one that has ended or never was.
        let live = ledger.leases.filter(\.isLive)
        if Int.random(in: 0..<10, using: &random) < 8, let lease = live.randomElement(using: &random) {
            return lease.id
        }
        let newest = ledger.nextNumber + 1
        return LeaseID(number: Int64.random(in: max(1, newest - 40)...newest, using: &random))
    }

    private mutating func observe() -> Event {
        let count = Int.random(in: 3...4, using: &random)
        var conditions = (0..<count).map { _ in
            switch Int.random(in: 0..<12, using: &random) {
            case 0: GPUCondition(health: .unhealthy(reason: "ECC"), foreignMemory: .zero)
            case 1: GPUCondition(health: .lost(reason: "bus"), foreignMemory: .zero)
            case 2, 3:
                GPUCondition(health: .healthy, foreignMemory: .gibibytes(Int64.random(in: 1...30, using: &random)))
            default: GPUCondition.good
            }
        }
        // Now and then the first GPU is cut, other than it was before.
        guard Int.random(in: 0..<3, using: &random) > 0 else {
            return .observed(Machine.observation(count, conditions: conditions))
        }
        let starts = (0...6).filter { _ in Int.random(in: 0..<4, using: &random) > 0 }
        conditions[0].foreignSlices = Int.random(in: 0..<4, using: &random) == 0 ? ["MIG-2"] : nil
        let gpus = [Machine.cutGPU(at: starts)] + (1..<count).map { Machine.gpu($0) }
        return .observed(NodeObservation(node: Machine.node(gpus), conditions: conditions))
    }
}
