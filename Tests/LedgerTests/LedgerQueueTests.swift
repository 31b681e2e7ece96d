import Fleet
import Foundation
import Ledger
import Placement
import Queueing
import Testing

/// Preemption, idleness, quotas and what is written down of decisions, in the ledger.
@Suite struct `A ledger with queues` {
    private static func ledger(
        _ gpus: Int, queues: [QueueSpecification] = [], _ change: (inout QueueingSettings) -> Void = { _ in }
    ) -> Ledger {
        var queueing = QueueingSettings()
        queueing.queues = queues
        if queues.isEmpty {
            var usual = QueueSpecification(path: "default")
            usual.highestPriority = 10
            queueing.queues = [usual]
        }
        change(&queueing)
        return .seeing(gpus, settings: LedgerSettings(queueing: queueing))
    }

    @Test func `stops a lease of lower priority after telling it, and starts the other when it is gone`() throws {
        var ledger = Self.ledger(1) { $0.preemption = .priority }
        let holder = Holder.process(ProcessIdentity(pid: 7, startTicks: 1, boot: "b"))
        let victim = try #require(ledger.ask(try .written("--gpus", "1"), holder: holder)?.lease)
        let urgent = try #require(ledger.ask(try .written("--gpus", "1", "--priority", "5"), by: Machine.bob)?.lease)
        #expect(ledger.lease(victim.id)?.announcedEnd == AnnouncedEnd(beneficiary: urgent.id, at: .seconds(31)))

        #expect(ledger.handle(.timePassed, at: .seconds(30)).stopped.isEmpty)
        #expect(ledger.handle(.timePassed, at: .seconds(31)).stopped == [victim.id])
        let gone = ledger.handle(.holderGone(victim.id, .holderEnded), at: .seconds(33))
        #expect(gone.prepared == [urgent.id])
        guard case .ended(.preempted, _, _, _) = ledger.lease(victim.id)?.state else {
            Issue.record("it did not end as preempted: \(ledger.lease(victim.id)?.state as Any)")
            return
        }
    }

    @Test func `only root may be more urgent than the queue allows`() throws {
        var ledger = Self.ledger(1) { $0.preemption = .priority }
        let request = try Request.written("--gpus", "1", "--priority", "11")
        #expect(ledger.ask(request)?.refusal == .tooUrgent(path: "default", asked: 11, highest: 10))
        #expect(ledger.ask(request, by: Tenant(uid: 0, name: "root"))?.lease?.placement != nil)
    }

    @Test func `a look that finds fewer GPUs forgets promises and keeps reservations`() throws {
        var ledger = Self.ledger(2) { $0.backfill = .conservative }
        let ask = ReservationAsk(
            name: "demo", request: try .written("--gpus", "2"), from: .seconds(9000), length: Span(seconds: 100),
            tenants: [], maker: Machine.bob)
        guard case .reservation = ledger.handle(.reserved(ask), at: .seconds(0)).answer else {
            Issue.record("the reservation was not made")
            return
        }
        for _ in 0..<4 { _ = ledger.ask(try .written("--gpus", "1", "--for", "1h")) }
        _ = ledger.handle(.observed(Machine.observation(1)), at: .seconds(2))
        #expect(ledger.reservations.first?.placement.parts.first?.grants.count == 1)
        _ = ledger.handle(.observed(Machine.observation(2)), at: .seconds(3))
        #expect(ledger.reservations.first?.placement.parts.first?.grants.count == 2)
    }

    @Test func `what was promised is still promised after it was written down and read back`() throws {
        var ledger = Self.ledger(1) { $0.backfill = .conservative }
        for _ in 0..<3 { _ = ledger.ask(try .written("--gpus", "1", "--for", "1h")) }
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let written = try encoder.encode(ledger)
        #expect(String(decoding: written, as: UTF8.self).contains("\"spot\""), "something must be promised")
        #expect(try encoder.encode(JSONDecoder().decode(Ledger.self, from: written)) == written)
    }

    @Test func `nobody is stopped in the moment in which it is spared`() throws {
        var ledger = Self.ledger(2) { $0.preemption = .priority }
        let kept = try #require(ledger.ask(try .written("--gpus", "1"), keepAlive: Span(seconds: 30))?.lease)
        let other = try #require(ledger.ask(try .written("--gpus", "1"), at: .seconds(2))?.lease)
        let urgent = try #require(ledger.ask(try .written("--gpus", "1", "--priority", "5"), at: .seconds(3))?.lease)
        let victim = try #require([kept, other].first { ledger.lease($0.id)?.announcedEnd != nil })
        try #require(victim.id == other.id, "the younger one loses less")
        // The other lapses in the moment in which the victim would be stopped.
        let effects = ledger.handle(.timePassed, at: .seconds(34))
        #expect(effects.prepared == [urgent.id])
        guard case .granted = ledger.lease(victim.id)?.state else {
            Issue.record("it was stopped for nothing")
            return
        }
        #expect(ledger.lease(victim.id)?.announcedEnd == nil)
    }

    @Test func `what a queue guarantees to those below it is given back to them`() throws {
        var lab = QueueSpecification(path: "lab")
        lab.guaranteed.milliGPU = 1000
        var ledger = Self.ledger(1, queues: [lab, QueueSpecification(path: "lab/a")]) { $0.preemption = .reclaim }
        let borrower = try #require(ledger.ask(try .written("--gpus", "1"))?.lease)
        let back = try #require(ledger.ask(try .written("--gpus", "1", "--queue", "lab/a"), by: Machine.bob)?.lease)
        #expect(ledger.lease(borrower.id)?.announcedEnd?.beneficiary == back.id)
    }

    @Test func `a lease is not extended beyond its queue's longest or into a reservation`() throws {
        var short = QueueSpecification(path: "short")
        short.longest = Span(seconds: 100)
        var ledger = Self.ledger(1, queues: [short])
        let lease = try #require(ledger.ask(try .written("--gpus", "1", "--queue", "short", "--for", "60s"))?.lease)
        guard case .tooLong = ledger.handle(.extended(lease.id, by: Span(seconds: 60)), at: .seconds(2)).answer?.refusal
        else {
            Issue.record("it was extended beyond the longest")
            return
        }
        let ask = ReservationAsk(
            name: "demo", request: try .written("--gpus", "1"), from: .seconds(70), length: Span(seconds: 100),
            tenants: [], maker: Machine.bob)
        guard case .reservation = ledger.handle(.reserved(ask), at: .seconds(3)).answer,
            case .notNow = ledger.handle(.extended(lease.id, by: Span(seconds: 20)), at: .seconds(4)).answer?.refusal
        else {
            Issue.record("it was extended into the reservation")
            return
        }
        #expect(ledger.handle(.extended(lease.id, by: Span(seconds: 5)), at: .seconds(5)).answer?.lease != nil)
    }

    @Test func `usage follows a lease whose queue goes`() throws {
        var ledger = Self.ledger(1, queues: [QueueSpecification(path: "a")])
        let lease = try #require(ledger.ask(try .written("--gpus", "1", "--queue", "a"), at: .seconds(0))?.lease)
        _ = ledger.handle(.configured(LedgerSettings()), at: .seconds(100))
        _ = ledger.handle(.endAsked(lease.id, .released), at: .seconds(200))
        let used = ledger.seen(at: .seconds(4000)).queueReport.queues
        #expect(used.allSatisfy { $0.used == .zero })
        let again = try #require(ledger.ask(try .written("--gpus", "1"), at: .seconds(4000))?.lease)
        let tenant = ledger.queueReport.queues.first { $0.specification.path == "default" }?.tenants.first
        #expect(try #require(tenant).decayedGPUSeconds > 90, "\(again.id): \(tenant as Any)")
    }

    @Test func `spares a lease that turns out not to be needed`() throws {
        var ledger = Self.ledger(2) { $0.preemption = .priority }
        let holder = Holder.process(ProcessIdentity(pid: 7, startTicks: 1, boot: "b"))
        let leases = try (0..<2).map { _ in
            try #require(ledger.ask(try .written("--gpus", "1"), holder: holder)?.lease)
        }
        let urgent = try #require(ledger.ask(try .written("--gpus", "1", "--priority", "5"), by: Machine.bob)?.lease)
        let victim = try #require(leases.first { ledger.lease($0.id)?.announcedEnd != nil })
        let other = try #require(leases.first { $0.id != victim.id })

        let effects = ledger.handle(.holderGone(other.id, .holderEnded), at: .seconds(10))
        #expect(effects.prepared == [urgent.id])
        #expect(ledger.lease(victim.id)?.announcedEnd == nil)
        #expect(ledger.handle(.timePassed, at: .seconds(60)).stopped.isEmpty)
        let told = effects.compactMap { if case .tell(let notice) = $0 { notice.kind } else { nil } }
        #expect(told.contains(.leaseSpared))
    }

    @Test func `gives back what a queue lent when it is asked for`() throws {
        var owner = QueueSpecification(path: "owner")
        owner.guaranteed.milliGPU = 1000
        var ledger = Self.ledger(1, queues: [owner]) { $0.preemption = .reclaim }
        let borrower = try #require(ledger.ask(try .written("--gpus", "1"))?.lease)
        let back = try #require(ledger.ask(try .written("--gpus", "1", "--queue", "owner"), by: Machine.bob)?.lease)
        #expect(ledger.lease(borrower.id)?.announcedEnd?.beneficiary == back.id)
        let effects = ledger.handle(.timePassed, at: .seconds(40))
        #expect(effects.prepared == [back.id], "nobody holds it, so it ends at once")
    }

    @Test func `warns about idle GPUs, then gives them back, and forgives who works again`() throws {
        var queue = QueueSpecification(path: "default")
        queue.idle = IdlePolicy(warnAfter: Span(seconds: 100), grace: Span(seconds: 50), action: .release)
        var ledger = Self.ledger(2, queues: [queue])
        let idle = try #require(ledger.ask(try .written("--gpus", "1"), at: .seconds(0))?.lease)
        let busy = try #require(ledger.ask(try .written("--gpus", "1"), at: .seconds(0))?.lease)
        #expect(ledger.leasesToMeasure(at: .seconds(20)) == [idle.id, busy.id])
        _ = ledger.handle(.active([busy.id]), at: .seconds(90))

        let warned = ledger.handle(.timePassed, at: .seconds(100))
        #expect(warned.contains { if case .tell(let notice) = $0 { notice.kind == .leaseIdle } else { false } })
        #expect(ledger.lease(idle.id)?.idle?.warned == .seconds(100))
        _ = ledger.handle(.timePassed, at: .seconds(150))
        guard case .ended(.idle, _, _, _) = ledger.lease(idle.id)?.state else {
            Issue.record("the idle lease still lives")
            return
        }
        _ = ledger.handle(.timePassed, at: .seconds(190))
        #expect(ledger.lease(busy.id)?.idle?.warned == .seconds(190))
        _ = ledger.handle(.active([busy.id]), at: .seconds(200))
        _ = ledger.handle(.timePassed, at: .seconds(245))
        #expect(ledger.lease(busy.id)?.isLive == true, "it worked again in time")
    }

    @Test func `shrinks an idle lease, counts what it had, and gives the rest to who waits`() throws {
        var queue = QueueSpecification(path: "default")
        queue.idle = IdlePolicy(warnAfter: Span(seconds: 100), grace: Span(seconds: 50), action: .shrink)
        var ledger = Self.ledger(1, queues: [queue])
        let words = ["--gpus", "0.8", "--gpu-memory", "10GiB"]
        let idle = try #require(ledger.ask(try RequestParser.parse(arguments: words).0, at: .seconds(0))?.lease)
        let next = try #require(ledger.ask(try RequestParser.parse(arguments: words).0, at: .seconds(1))?.lease)
        #expect(next.isWaiting)
        _ = ledger.handle(.timePassed, at: .seconds(100))
        let effects = ledger.handle(.timePassed, at: .seconds(150))
        #expect(effects.prepared == [next.id], "\(effects) \(ledger.waiting) \(ledger.pool as Any)")
        let kept = try #require(ledger.lease(idle.id)?.placement?.grants.first)
        #expect(kept.share == Share(milli: 100) && kept.memory == .gibibytes(10))
        let seconds = try #require(ledger.lease(idle.id)?.gpuSeconds(at: .seconds(250)))
        #expect(abs(seconds - (0.8 * 150 + 0.1 * 100)) < 1e-9)
    }

    @Test func `a reservation keeps its GPU when the driver counts otherwise`() throws {
        var ledger = Self.ledger(2)
        let ask = ReservationAsk(
            name: "demo", request: try .written("--gpus", "device=1"), from: .seconds(100), length: Span(seconds: 100),
            tenants: [], maker: Machine.bob)
        guard case .reservation = ledger.handle(.reserved(ask), at: .seconds(1)).answer else {
            Issue.record("the reservation was not made")
            return
        }
        let swapped = NodeObservation(
            node: Machine.node([Machine.gpu(1), Machine.gpu(0)]), conditions: [.good, .good])
        _ = ledger.handle(.observed(swapped), at: .seconds(2))
        let lease = try #require(ledger.ask(try .written("--gpus", "1"), at: .seconds(3))?.lease)
        #expect(lease.placement?.grants.map(\.gpu) == [Machine.gpu(0).id], "the other one is kept for the reservation")
        #expect(ledger.reservations.first?.placement.parts.first?.grants.first?.gpu == 0)
    }

    @Test func `bounds changed by hand hold at once, outlive new settings, and can be set back`() throws {
        var ledger = Self.ledger(2, queues: [QueueSpecification(path: "research")])
        let change = QuotaChange(maximum: Quota(milliGPU: 1000))
        #expect(ledger.handle(.quotaChanged(path: "research", change), at: .seconds(1)).answer == .done)
        let first = try #require(ledger.ask(try .written("--gpus", "1", "--queue", "research"))?.lease)
        let second = try #require(ledger.ask(try .written("--gpus", "1", "--queue", "research"))?.lease)
        #expect(!first.isWaiting && second.isWaiting)
        var settings = ledger.settings
        settings.queueing.halfLife = Span(seconds: 60)
        #expect(ledger.handle(.configured(settings), at: .seconds(2)).prepared.isEmpty)
        #expect(ledger.handle(.quotaChanged(path: "research", nil), at: .seconds(3)).prepared == [second.id])
    }

    @Test func `a change that makes no tree is refused and changes nothing`() throws {
        var parent = QueueSpecification(path: "lab")
        parent.guaranteed.milliGPU = 1000
        var ledger = Self.ledger(2, queues: [parent, QueueSpecification(path: "lab/a")])
        let before = ledger.tree
        let change = QuotaChange(guaranteed: Quota(milliGPU: 2000))
        guard
            case .badQuota(let text) = ledger.handle(.quotaChanged(path: "lab/a", change), at: .seconds(1)).answer?
                .refusal
        else {
            Issue.record("it was not refused")
            return
        }
        #expect(text.contains("lab"))
        #expect(ledger.tree == before)
    }

    /// A release that would decide otherwise reads the same history alike.
    @Test(arguments: 1...3 as ClosedRange<UInt64>)
    func `a replay follows what was decided, whatever it would decide itself`(seed: UInt64) throws {
        var world = RandomWorld(seed: seed)
        var settings = world.settings
        settings.queueing.preemption = .priority
        settings.policy = .spread
        var ledger = Ledger(settings: settings)
        settings.policy = .bestFit
        settings.queueing.backfill = .none
        settings.queueing.preemption = .none
        var other = Ledger(settings: settings)
        for step in 0..<800 {
            let (event, moment) = world.next(after: ledger)
            let effects = ledger.handle(event, at: moment)
            if effects.answer?.refusal != nil { continue }
            other.replay(event, at: moment, deciding: ledger.decisions)
            try #require(ledger.leases == other.leases, "step \(step): \(event)")
            try #require(ledger.queue == other.queue, "step \(step): \(event)")
        }
        #expect(ledger.nextNumber > 100)
    }
}
