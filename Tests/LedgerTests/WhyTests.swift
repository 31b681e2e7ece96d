import Fleet
import Ledger
import Queueing
import Testing

/// Prepared situations: whoever asks why gets the one reason that a person would give.
@Suite struct `Why it waits` {
    /// Leases are given names in the order of asking: lease-1, lease-2, ...
    private struct Situation {
        var ledger: Ledger

        init(
            gpus: Int = 2, queues: [QueueSpecification] = [], conditions: [GPUCondition]? = nil,
            _ change: (inout QueueingSettings) -> Void = { _ in }
        ) {
            var queueing = QueueingSettings()
            queueing.queues = queues
            change(&queueing)
            ledger = Ledger(settings: LedgerSettings(queueing: queueing))
            _ = ledger.handle(.observed(Machine.observation(gpus, conditions: conditions)), at: .seconds(0))
        }

        @discardableResult
        mutating func ask(_ words: String, by tenant: Tenant = Machine.alice) throws -> Lease {
            let request = try RequestParser.parse(arguments: words.split(separator: " ").map(String.init)).0
            return try #require(ledger.ask(request, by: tenant)?.lease, "\(words) was refused")
        }

        mutating func refusal(of words: String, by tenant: Tenant = Machine.alice) throws -> Refusal {
            let request = try RequestParser.parse(arguments: words.split(separator: " ").map(String.init)).0
            return try #require(ledger.ask(request, by: tenant)?.refusal, "\(words) was not refused")
        }

        func why(_ lease: Lease) throws -> Waiting {
            try #require(ledger.waiting.first { $0.lease.id == lease.id }, "\(lease.id) does not wait")
        }
    }

    @Test func `the GPUs are taken`() throws {
        var here = Situation()
        try here.ask("--gpus 2 --for 1h")
        let waiting = try here.ask("--gpus 1", by: Machine.bob)
        let why = try here.why(waiting)
        #expect(why.explanation.summary == "the 2 GPUs of box are taken by leases")
        #expect(why.explanation.unblocks == "1 more GPU that nobody else has a part of")
        #expect(why.start == .seconds(3601))
        #expect(why.position == 1)
    }

    @Test func `nobody knows when there will be room if nobody says when they end`() throws {
        var here = Situation()
        try here.ask("--gpus 2")
        let waiting = try here.ask("--gpus 1", by: Machine.bob)
        #expect(try here.why(waiting).start == nil)
    }

    @Test func `no GPU is of that model`() throws {
        var here = Situation()
        guard case .never(let why) = try here.refusal(of: "--gpus h100:1") else { Issue.record("not never"); return }
        #expect(why.summary == "no GPU of box is of model h100: it has NVIDIA A100-SXM4-40GB")
    }

    @Test func `no GPU has so much memory`() throws {
        var here = Situation()
        guard case .never(let why) = try here.refusal(of: "--gpu-memory 60GiB") else {
            Issue.record("not never"); return
        }
        #expect(why.summary == "it asks for 60 GiB on a GPU, the largest of box has 39.5 GiB to give")
    }

    @Test func `somebody without a lease is on the GPU`() throws {
        let crowded = GPUCondition(health: .healthy, foreignMemory: .gibibytes(35))
        var here = Situation(gpus: 1, conditions: [crowded])
        let waiting = try here.ask("--gpus 0.5 --gpu-memory 10GiB")
        #expect(try here.why(waiting).explanation.summary == "the one GPU of box is held by processes without a lease")
    }

    @Test func `the GPU is ill`() throws {
        let ill = GPUCondition(health: .unhealthy(reason: "XID 79"), foreignMemory: .zero)
        var here = Situation(gpus: 1, conditions: [ill])
        let waiting = try here.ask("--gpus 0.5")
        #expect(try here.why(waiting).explanation.summary == "the one GPU of box is unhealthy")
    }

    @Test func `the GPU is drained`() throws {
        var here = Situation(gpus: 1)
        let gpu = Machine.gpu(0).id
        #expect(here.ledger.handle(.drained([gpu], reason: "fan"), at: .seconds(1)).answer == .done)
        let waiting = try here.ask("--gpus 0.5")
        #expect(try here.why(waiting).explanation.summary == "the one GPU of box is drained")
        let effects = here.ledger.handle(.drained([gpu], reason: nil), at: .seconds(2))
        #expect(effects.prepared == [waiting.id])
    }

    @Test func `others come first, and would start later`() throws {
        var here = Situation()
        try here.ask("--gpus 1 --for 1h")
        let big = try here.ask("--gpus 2", by: Machine.bob)
        let small = try here.ask("--gpus 1")
        let why = try here.why(small)
        #expect(why.explanation.summary == "it would fit, but would delay \(big.id), which comes first")
        #expect(
            why.explanation.unblocks == "a time (--for): who says when they end can go ahead of those who need more")
        #expect(why.position == 2)
        #expect(try !here.ask("--gpus 1 --for 30m").isWaiting, "who is gone by then delays nobody")
    }

    @Test func `where nobody knows when the first could start, others go ahead for an hour and no longer`() throws {
        var here = Situation()
        try here.ask("--gpus 1")
        let big = try here.ask("--gpus 2", by: Machine.bob)
        let early = try here.ask("--gpus 1")
        #expect(!early.isWaiting)
        _ = here.ledger.handle(.endAsked(early.id, .released), at: .seconds(3700))
        let late = try #require(here.ledger.ask(try .written("--gpus", "1"), at: .seconds(3701))?.lease)
        #expect(late.isWaiting)
        #expect(try here.why(late).explanation.summary == "it would fit, but would delay \(big.id), which comes first")
    }

    @Test func `the queue has as much as it may have`() throws {
        var research = QueueSpecification(path: "research")
        research.maximum.milliGPU = 1000
        var here = Situation(queues: [research])
        try here.ask("--gpus 1 --queue research")
        let waiting = try here.ask("--gpus 0.5 --queue research", by: Machine.bob)
        #expect(try here.why(waiting).explanation.summary == "queue research has 1 of its 1 GPUs")
        #expect(try !here.ask("--gpus 1", by: Machine.bob).isWaiting, "nobody else is held up by that")
    }

    @Test func `one tenant has as much as one tenant may have`() throws {
        var research = QueueSpecification(path: "research")
        research.tenantMaximum.milliGPU = 1000
        var here = Situation(queues: [research])
        try here.ask("--gpus 1 --queue research")
        let waiting = try here.ask("--gpus 0.5 --queue research")
        #expect(
            try here.why(waiting).explanation.summary == "alice has 1 of its 1 GPUs of queue research for one tenant")
        #expect(try !here.ask("--gpus 0.5 --queue research", by: Machine.bob).isWaiting)
    }

    @Test func `a request above its bound by itself never waits for what cannot be`() throws {
        var research = QueueSpecification(path: "research")
        research.maximum.milliGPU = 1000
        var vision = QueueSpecification(path: "vision")
        vision.tenantMaximum.memory = .gibibytes(20)
        var here = Situation(queues: [research, vision])
        guard case .never(let queue) = try here.refusal(of: "--gpus 2 --queue research"),
            case .never(let tenant) = try here.refusal(of: "--gpus 0.5 --gpu-memory 30GiB --queue vision")
        else {
            Issue.record("not never")
            return
        }
        #expect(queue.summary == "it asks for 2 GPUs, and queue research may have 1 at most")
        #expect(tenant.summary == "it asks for 30 GiB, and one tenant may have of queue vision 20 GiB at most")
    }

    @Test func `what is free is guaranteed to others who do not lend`() throws {
        var clinic = QueueSpecification(path: "clinic")
        clinic.guaranteed.milliGPU = 1000
        clinic.lends = false
        var here = Situation(queues: [clinic])
        try here.ask("--gpus 1")
        let waiting = try here.ask("--gpus 1")
        let why = try here.why(waiting)
        #expect(why.explanation.summary == "what is free is guaranteed to queue clinic, which lends nothing")
        #expect(try !here.ask("--gpus 1 --queue clinic", by: Machine.bob).isWaiting)
    }

    @Test func `room is reserved`() throws {
        var here = Situation(gpus: 1)
        let reservation = ReservationAsk(
            name: "demo", request: try .written("--gpus", "1"), from: .seconds(3600), length: Span(seconds: 600),
            tenants: [], maker: Machine.bob)
        guard case .reservation(let made) = here.ledger.handle(.reserved(reservation), at: .seconds(1)).answer else {
            Issue.record("the reservation was not made")
            return
        }
        #expect(made.from == .seconds(3600) && made.until == .seconds(4200))
        let waiting = try here.ask("--gpus 1 --for 2h")
        let why = try here.why(waiting)
        #expect(why.explanation.summary == "room is reserved for demo in 59m59s")
        #expect(why.start == .seconds(4200))
        #expect(try !here.ask("--gpus 1 --for 10m").isWaiting, "who is gone in time may have it")
    }

    @Test func `somebody is being stopped for it`() throws {
        var usual = QueueSpecification(path: "default")
        usual.highestPriority = 10
        var here = Situation(gpus: 1, queues: [usual]) { $0.preemption = .priority }
        let victim = try here.ask("--gpus 1")
        let urgent = try here.ask("--gpus 1 --priority 10", by: Machine.bob)
        let why = try here.why(urgent)
        #expect(why.explanation.summary == "\(victim.id) is being stopped to make room for it")
        #expect(why.start == .seconds(31))
    }

    @Test func `the GPUs are not joined as it needs them`() throws {
        var here = Situation()
        guard case .never(let why) = try here.refusal(of: "--gpus 2 --topology nvlink") else {
            Issue.record("not never")
            return
        }
        #expect(why.summary == "box has no 2 GPUs that are joined by NVLink")
    }

    @Test func `a queue that is not there is named with those that are`() throws {
        var here = Situation(queues: [QueueSpecification(path: "research/vision")])
        let refusal = try here.refusal(of: "--queue reserch")
        #expect(
            refusal == .unknownQueue("queue \"reserch\" does not exist; write \"default\" or \"research/vision\""))
    }
}
