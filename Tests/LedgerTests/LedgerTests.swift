import Fleet
import Ledger
import Placement
import Testing

@Suite struct `A ledger` {
    @Test func `grants what fits and says where`() throws {
        var ledger = Ledger.seeing(2)
        let answer = ledger.ask(try .written("--gpus", "0.5", "--gpu-memory", "10GiB"))
        let lease = try #require(answer?.lease)
        let grant = try #require(lease.placement?.grants.first)
        #expect(grant.share == Share(milli: 500))
        #expect(grant.memory == .gibibytes(10))
        #expect(lease.placement?.grade == .unfenced)
        #expect(ledger.pool?.nodes[0].gpus[0].freeShare == Share(milli: 500))
    }

    @Test func `calls a whole GPU exclusive only while no foreign process is on it`() throws {
        var ledger = Ledger.seeing(1)
        #expect(ledger.ask(try .written("--gpus", "1"))?.lease?.placement?.grade == .exclusive)

        var crowded = Ledger()
        let foreign = GPUCondition(health: .healthy, foreignMemory: .gibibytes(1))
        _ = crowded.handle(.observed(Machine.observation(1, conditions: [foreign])), at: .seconds(0))
        let placement = try #require(crowded.ask(try .written("--gpus", "1"))?.lease?.placement)
        #expect(placement.grade == .unfenced)
        #expect(placement.grants[0].memory == .gibibytes(39) - .mebibytes(512))
    }

    @Test func `does not sell memory that foreign processes hold`() throws {
        var ledger = Ledger()
        let foreign = GPUCondition(health: .healthy, foreignMemory: .gibibytes(35))
        _ = ledger.handle(.observed(Machine.observation(1, conditions: [foreign])), at: .seconds(0))
        let refusal = ledger.ask(try .written("--gpus", "0.5", "--gpu-memory", "10GiB", "--no-wait"))?.refusal
        guard case .notNow(let why) = refusal else { Issue.record("expected notNow, got \(refusal as Any)"); return }
        #expect(why.summary == "the one GPU of box is held by processes without a lease")
    }

    @Test func `never promises more than the GPU has to give`() throws {
        var ledger = Ledger.seeing(1)
        #expect(ledger.ask(try .written("--gpus", "0.5", "--gpu-memory", "20GiB"))?.lease?.placement != nil)
        // 40 GiB in all, but half a GiB belongs to the driver.
        let refusal = ledger.ask(try .written("--gpus", "0.5", "--gpu-memory", "20GiB", "--no-wait"))?.refusal
        guard case .notNow = refusal else { Issue.record("expected notNow, got \(refusal as Any)"); return }
        #expect(ledger.ask(try .written("--gpus", "0.5"))?.lease?.isWaiting == true)
    }

    @Test func `refuses for ever what can never fit, and says why`() throws {
        var ledger = Ledger.seeing(2)
        let cases: [([String], String)] = [
            (["--gpus", "h100:1"], "no GPU of box is of model h100: it has NVIDIA A100-SXM4-40GB"),
            (["--gpus", "3"], "it asks for 3 GPUs, box has 2"),
            (["--gpu-memory", "60GiB"], "it asks for 60 GiB on a GPU, the largest of box has 39.5 GiB to give"),
            (["--gpus", "device=7"], "box has no GPU 7"),
        ]
        for (words, summary) in cases {
            let request = try RequestParser.parse(RequestOptions(arguments: words)).0
            guard case .never(let why) = ledger.ask(request)?.refusal else {
                Issue.record("\(words) was not refused for ever")
                continue
            }
            #expect(why.summary == summary)
        }
        #expect(ledger.leases.isEmpty)
    }

    @Test func `of GPUs asked for by name, only these are spoken of`() throws {
        var ledger = Ledger.seeing(4)
        #expect(ledger.ask(try .written("--gpus", "device=2"))?.lease?.placement != nil)
        guard case .notNow(let one) = ledger.ask(try .written("--gpus", "device=2", "--no-wait"))?.refusal,
            case .notNow(let two) = ledger.ask(try .written("--gpus", "\"device=1,2\"", "--no-wait"))?.refusal
        else {
            Issue.record("expected notNow")
            return
        }
        #expect(one.summary == "GPU 2 is taken by leases")
        #expect(two.summary == "it needs 2 GPUs and 1 fit now: 1 of GPUs 1, 2 is taken by leases")
    }

    @Test func `only a deadline can be extended`() throws {
        var ledger = Ledger.seeing(1)
        let lease = try #require(ledger.ask(try .written("--gpus", "0.5"))?.lease)
        let effects = ledger.handle(.extended(lease.id, by: Span(seconds: 60)), at: ledger.now)
        #expect(effects == [.answer(.refused(.noDeadline(lease.id, isKeptAlive: false)))])
    }

    @Test func `never gives a part of a GPU as exclusive, whoever made the request`() throws {
        var request = Request()
        request.portion = .share(Share(milli: 500))
        request.minimumGrade = .exclusive
        var ledger = Ledger.seeing(1)
        guard case .never = ledger.ask(request)?.refusal else {
            Issue.record("a grade must never be overstated")
            return
        }
    }

    @Test func `serves those who wait in the order of asking`() throws {
        var ledger = Ledger.seeing(1)
        let first = try #require(ledger.ask(try .written("--gpus", "1"))?.lease)
        let second = try #require(ledger.ask(try .written("--gpus", "1"), by: Machine.bob)?.lease)
        let third = try #require(ledger.ask(try .written("--gpus", "0.1"))?.lease)
        #expect(second.isWaiting && third.isWaiting)
        #expect(ledger.position(of: third.id) == 2)

        let effects = ledger.handle(.endAsked(first.id, .released), at: .seconds(5))
        #expect(effects.prepared == [second.id], "the small one must not overtake the one before it")
        #expect(ledger.lease(third.id)?.isWaiting == true)
    }

    @Test func `keeps what a lease has until its holder is gone`() throws {
        var ledger = Ledger.seeing(1)
        let holder = Holder.process(ProcessIdentity(pid: 7, startTicks: 1, boot: "b"))
        let first = try #require(ledger.ask(try .written("--gpus", "1"), holder: holder)?.lease)
        let second = try #require(ledger.ask(try .written("--gpus", "1"))?.lease)

        let asked = ledger.handle(.endAsked(first.id, .released), at: .seconds(2))
        #expect(asked.stopped == [first.id] && asked.prepared.isEmpty)
        #expect(ledger.lease(second.id)?.isWaiting == true)

        let gone = ledger.handle(.holderGone(first.id, .holderEnded), at: .seconds(3))
        #expect(gone.dismissed == [first.id] && gone.prepared == [second.id])
        guard case .ended(.released, _, _, _) = ledger.lease(first.id)?.state else {
            Issue.record("the reason that was decided first stands")
            return
        }
    }

    @Test func `ends leases at their deadline, and later when they were extended`() throws {
        var ledger = Ledger.seeing(1)
        let lease = try #require(ledger.ask(try .written("--gpus", "1", "--for", "60s"), at: .seconds(0))?.lease)
        #expect(ledger.handle(.timePassed, at: .seconds(59)).isEmpty)
        _ = ledger.handle(.extended(lease.id, by: Span(seconds: 30)), at: .seconds(59))
        #expect(ledger.handle(.timePassed, at: .seconds(61)).isEmpty)
        #expect(ledger.handle(.timePassed, at: .seconds(90)).dismissed == [lease.id])
    }

    @Test func `lets lapse what is not kept alive`() throws {
        var ledger = Ledger.seeing(1)
        let request = try Request.written("--gpus", "1")
        let lease = try #require(ledger.ask(request, keepAlive: Span(seconds: 10), at: .seconds(0))?.lease)
        _ = ledger.handle(.keptAlive(lease.id), at: .seconds(9))
        #expect(ledger.handle(.timePassed, at: .seconds(15)).isEmpty)
        #expect(ledger.handle(.timePassed, at: .seconds(19)).dismissed == [lease.id])
    }

    @Test func `gives the same lease for the same key, and refuses another request under it`() throws {
        var ledger = Ledger.seeing(2)
        let once = try #require(ledger.ask(try .written("--gpus", "1"), key: "k")?.lease)
        let twice = try #require(ledger.ask(try .written("--gpus", "1"), key: "k")?.lease)
        #expect(once == twice && ledger.leases.count == 1)
        #expect(ledger.ask(try .written("--gpus", "2"), key: "k")?.refusal == .keyReused(key: "k", once.id))
        #expect(ledger.ask(try .written("--gpus", "1"), by: Machine.bob, key: "k")?.lease?.id != once.id)
    }

    @Test func `ends only the leases of a GPU that is lost`() throws {
        var ledger = Ledger.seeing(2)
        let first = try #require(ledger.ask(try .written("--gpus", "1"))?.lease)
        let second = try #require(ledger.ask(try .written("--gpus", "1"))?.lease)
        let lost = try #require(first.placement?.grants.first?.gpu)
        let conditions = Machine.observation(2).node.gpus.map {
            $0.id == lost ? GPUCondition(health: .lost(reason: "fell off the bus"), foreignMemory: .zero) : .good
        }
        let effects = ledger.handle(.observed(Machine.observation(2, conditions: conditions)), at: .seconds(9))
        #expect(effects.dismissed == [first.id])
        #expect(ledger.lease(second.id)?.placement != nil)
    }

    @Test func `ends everything once after a reboot`() throws {
        var ledger = Ledger.seeing(1)
        _ = ledger.handle(.anchored(boot: "one", offset: 0), at: .seconds(0))
        let held = try #require(ledger.ask(try .written("--gpus", "1"))?.lease)
        let waiting = try #require(ledger.ask(try .written("--gpus", "1"))?.lease)
        let effects = ledger.handle(.anchored(boot: "two", offset: 5), at: .seconds(9))
        #expect(effects.dismissed == [held.id] && effects.prepared.isEmpty)
        #expect(ledger.lease(waiting.id)?.isLive == false)
        #expect(ledger.handle(.anchored(boot: "two", offset: 5), at: .seconds(9)).isEmpty)
    }

    @Test func `counts time by the moments it was given`() throws {
        var ledger = Ledger.seeing(1)
        let lease = try #require(ledger.ask(try .written("--gpus", "0.25"), at: .seconds(10))?.lease)
        _ = ledger.handle(.endAsked(lease.id, .released), at: .seconds(50))
        let ended = try #require(ledger.lease(lease.id))
        #expect(ended.gpuSeconds(at: .seconds(500)) == 10)
    }

    @Test func `forgets ended leases after its memory, with their keys`() throws {
        var ledger = Ledger.seeing(1, settings: LedgerSettings(memory: Span(seconds: 100)))
        let lease = try #require(ledger.ask(try .written("--gpus", "1"), key: "k", at: .seconds(0))?.lease)
        _ = ledger.handle(.endAsked(lease.id, .released), at: .seconds(1))
        _ = ledger.handle(.timePassed, at: .seconds(102))
        #expect(ledger.lease(lease.id) == nil)
        #expect(ledger.ask(try .written("--gpus", "0.5"), key: "k", at: .seconds(103))?.lease?.id != lease.id)
    }

    @Test func `gives up for who waited as long as they wanted to`() throws {
        var ledger = Ledger.seeing(1)
        _ = ledger.ask(try .written("--gpus", "1"))
        let waiting = try #require(ledger.ask(try .written("--gpus", "1", "--wait=5s"), at: .seconds(10))?.lease)
        _ = ledger.handle(.timePassed, at: .seconds(15))
        guard case .ended(.patienceEnded, _, nil, nil) = ledger.lease(waiting.id)?.state else {
            Issue.record("\(ledger.lease(waiting.id) as Any)")
            return
        }
    }
}
