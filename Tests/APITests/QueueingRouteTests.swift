import Engine
import Fleet
import Foundation
import Ledger
import Queueing
import Synchronization
import Testing

@testable import API

@Suite(.timeLimit(.minutes(1))) struct QueueingRouteTests {
    private func refusal(_ body: () async throws -> some Sendable) async -> (status: Int, body: ErrorBody)? {
        do {
            _ = try await body()
            return nil
        } catch APIClientError.refused(let status, let body) {
            return (status, body)
        } catch {
            Issue.record("\(error)")
            return nil
        }
    }

    @Test func `who waits is told its queue, place and earliest start`() async throws {
        let pool = StandInPool()
        pool.state.withLock { $0.waits = true }
        try await TestDaemon.serving(pool) { daemon in
            let client = APIClient(socket: daemon.socket)
            let lease = try await client.ask(LeaseRequest(gpus: "1"))
            #expect(lease.queue == "research/vision")
            #expect(lease.priority == 7)
            #expect(lease.startsAt == Timestamp("2026-11-21T07:31:05Z"))
            let listed = try #require(try await client.leases().first)
            #expect(listed.position == 1)
            #expect(listed.startsAt == lease.startsAt)
            #expect(listed.explanation == nil)
            let why = try await client.why(lease.id)
            #expect(why.answer == "lease-1 waits: all is taken")
            #expect(why.waiting?.explanation.unblocks == "wait for lease-1")
            #expect(why.waiting?.startsInSeconds == 60)
            #expect(why.waiting?.waitedSeconds == 5)
        }
    }

    @Test func `of a lease that does not wait, why says what it does`() async throws {
        try await TestDaemon.serving { daemon in
            let client = APIClient(socket: daemon.socket)
            let lease = try await client.ask(LeaseRequest(gpus: "1"))
            let granted = try await client.why(lease.id)
            #expect(granted.answer == "lease-1 does not wait: it has a GPU since 2026-11-21T07:30:01.000Z")
            #expect(granted.waiting == nil)
            _ = try await client.end(lease.id)
            let ended = try await client.why(lease.id)
            #expect(ended.answer == "lease-1 does not wait: it has ended at 2026-11-21T07:30:05.000Z (released)")
            #expect(await refusal { try await client.why(LeaseID(number: 9)) }?.body.code == .unknownLease)
        }
    }

    @Test func `the queue has its rules, its queues and who waits`() async throws {
        let pool = StandInPool()
        pool.state.withLock { $0.waits = true }
        try await TestDaemon.serving(pool) { daemon in
            let client = APIClient(socket: daemon.socket)
            _ = try await client.ask(LeaseRequest(gpus: "1", name: "a"))
            _ = try await client.ask(LeaseRequest(gpus: "2", name: "b"))
            let report = try await client.queue()
            #expect(report.order == "arrival")
            #expect(report.backfill == "easy")
            #expect(report.waiting.map(\.name) == ["a", "b"])
            #expect(report.waiting.map(\.position) == [1, 2])
            let queue = try #require(report.queues.first)
            #expect(queue.guaranteed == QuotaView(milliGPU: 2000, memoryBytes: 80 << 30))
            #expect(queue.maximum == QuotaView(milliGPU: 4000))
            #expect(queue.longestSeconds == 43_200)
            #expect(queue.idle?.keepMilliGPU == 100)
            #expect(queue.users.first?.fairShare == 0.25)
        }
    }

    @Test func `an offer says what would be had now, later or never, and takes nothing`() async throws {
        let pool = StandInPool()
        try await TestDaemon.serving(pool) { daemon in
            let client = APIClient(socket: daemon.socket)
            let now = try await client.offer(LeaseRequest(gpus: "0.5"))
            #expect(now.answer == .now)
            #expect(now.grants.first?.gpuName == Sample.gpu.name)
            #expect(now.fences == Grade.unfenced.fences)
            pool.state.withLock {
                $0.offer = .success(.later(position: 3, Sample.explanation, start: Sample.now + Span(seconds: 90)))
            }
            let later = try await client.offer(LeaseRequest(gpus: "1"))
            #expect(later.answer == .later)
            #expect(later.position == 3)
            #expect(later.startsInSeconds == 90)
            pool.state.withLock { $0.offer = .success(.never(Sample.explanation)) }
            #expect(try await client.offer(LeaseRequest(gpus: "9")).answer == .never)
            pool.state.withLock { $0.offer = .failure(.unknownQueue("there is no queue \"x\"")) }
            #expect(await refusal { try await client.offer(LeaseRequest(queue: "x")) }?.status == 404)
        }
        #expect(pool.state.withLock { $0.asks.isEmpty })
        #expect(pool.state.withLock { $0.offered.first?.tenant.uid } == getuid())
    }

    @Test func `all that a request can say goes through`() async throws {
        let pool = StandInPool()
        try await TestDaemon.serving(pool) { daemon in
            _ = try await APIClient(socket: daemon.socket).ask(
                LeaseRequest(
                    gpus: "2", nodes: 3, compute: "40tflops", antiAffinity: "node:db", queue: "research/vision",
                    reservation: "demo"))
        }
        let request = try #require(pool.state.withLock { $0.asks.first?.request })
        #expect(request.nodes == 3)
        #expect(request.portion == .compute(.gigaflops(40_000)))
        #expect(request.antiAffinity == Request.AntiAffinity("db", scope: .node))
        #expect(request.queue == "research/vision")
        #expect(request.reservation == "demo")
    }

    @Test func `a quota is changed by what is named, and set back`() async throws {
        let pool = StandInPool()
        try await TestDaemon.serving(pool) { daemon in
            let client = APIClient(socket: daemon.socket)
            let change = QuotaRequest(
                maximum: .init(memoryBytes: 1 << 30), tenantMaximum: .init(memoryBytes: .some(nil)))
            #expect(try await client.changeQuota(of: "research/vision", change).path == "research/vision")
            _ = try await client.resetQuota(of: "research/vision")
            #expect(await refusal { try await client.resetQuota(of: "nowhere") }?.body.code == .unknownQueue)
        }
        let changes = pool.state.withLock { $0.quotaChanges }
        // The queue was changed by hand before: what is not named stays as it is.
        #expect(
            changes.first?.change
                == QuotaChange(
                    guaranteed: Quota(milliGPU: 2000, memory: .gibibytes(80)),
                    maximum: Quota(milliGPU: 4000, memory: .gibibytes(1)), tenantMaximum: Quota.none, weight: 3))
        #expect(changes.first?.path == "research/vision")
        #expect(changes.count == 3)
        #expect(changes[1].change == nil)
    }

    @Test func `of a queue that follows the configuration only what is named is changed`() {
        let now = Sample.queue
        let state = QueueState(
            specification: now.specification, isChanged: false, used: .zero, running: 0, waiting: 0, tenants: [])
        #expect(QuotaChange(QuotaRequest(weight: 9), of: state) == QuotaChange(weight: 9))
        #expect(
            QuotaChange(QuotaRequest(guaranteed: .init(milliGPU: 1000)), of: state)
                == QuotaChange(guaranteed: Quota(milliGPU: 1000, memory: .gibibytes(80))))
    }

    @Test(arguments: [
        ("PATCH", "/v1/quota?queue=research%2Fvision", #"{"maximum": {"gpus": 2}}"#, "no such field"),
        ("PATCH", "/v1/quota?queue=research%2Fvision", #"{"max": {}}"#, "no such field"),
        ("PATCH", "/v1/quota", #"{"weight": 2}"#, "queue"),
        ("PATCH", "/v1/quota?queue=research/vision", #"{"schema": "divvy.v1/Lease", "weight": 2}"#, "QuotaRequest"),
        ("POST", "/v1/reservations", #"{"name": "a b", "request": {}, "duration": "1h"}"#, "name"),
        ("POST", "/v1/reservations", #"{"name": "a", "request": {}, "duration": "soon"}"#, "duration"),
        ("POST", "/v1/reservations", #"{"name": "a", "request": {"gpu": "1"}, "duration": "1h"}"#, "no such field"),
        ("POST", "/v1/reservations", #"{"name": "a", "request": {}, "duration": "1h", "from": "14:00"}"#, "from"),
        ("POST", "/v1/gpus/0/drain", #"{"reason": ""}"#, "reason"),
        ("POST", "/v1/gpus/0/drain", "{}", "reason is missing"),
        ("POST", "/v1/offer", #"{"gpus": "0"}"#, "--gpus"),
    ])
    func `a call that cannot be read says what is wrong`(
        method: String, target: String, body: String, word: String
    ) async throws {
        try await TestDaemon.serving { daemon in
            let answer = try await RawConnection.call(daemon.socket, method, target, body: body)
            #expect(answer.status == 400, "\(answer.body)")
            let error = try JSONDecoder().decode(ErrorBody.self, from: Data(answer.body.utf8))
            #expect("\(error.message) \(error.hint ?? "")".contains(word), "\(error)")
        }
    }

    @Test func `room is reserved, listed and given up`() async throws {
        let pool = StandInPool()
        try await TestDaemon.serving(pool) { daemon in
            let client = APIClient(socket: daemon.socket)
            let from = try #require(Timestamp("2026-11-21T08:00:00Z"))
            let made = try await client.reserve(
                ReservationRequest(
                    name: "group/demo", request: LeaseRequest(gpus: "1"), from: from, duration: "2h", tenants: ["ada"]))
            #expect(made.from == from)
            #expect(made.until == Timestamp("2026-11-21T10:00:00Z"))
            #expect(made.startsInSeconds == 1795)
            #expect(made.grants.map(\.index) == [0])
            #expect(try await client.reservations().map(\.name) == ["group/demo"])
            #expect(try await client.endReservation(named: "group/demo").name == "group/demo")
            #expect(try await client.reservations().isEmpty)
            #expect(await refusal { try await client.endReservation(named: "x") }?.body.code == .unknownReservation)
        }
        let ask = try #require(pool.state.withLock { $0.reserved.first })
        #expect(ask.from == Sample.now + Span(seconds: 1795))
        #expect(ask.length == Span(seconds: 7200))
        #expect(ask.tenants == ["ada"])
        #expect(ask.maker.uid == getuid())
    }

    @Test func `a GPU is drained by index or UUID, and shown with its reason`() async throws {
        let pool = StandInPool()
        try await TestDaemon.serving(pool) { daemon in
            let client = APIClient(socket: daemon.socket)
            let drain = try await client.drain("0", reason: "loud fan")
            #expect(drain == DrainView(gpu: Sample.gpu.id, index: 0, reason: "loud fan", leases: [LeaseID(number: 1)]))
            let fleet = try await client.fleet()
            #expect(fleet.gpus.first?.drained == "loud fan")
            #expect(try await client.undrain(Sample.gpu.id.rawValue).reason == nil)
            #expect(await refusal { try await client.undrain("7") }?.body.code == .unknownGPU)
        }
    }

    @Test func `what only operators may do is refused to others`() async throws {
        let pool = StandInPool()
        pool.state.withLock { $0.failure = .operatorsOnly("drain GPUs") }
        try await TestDaemon.serving(pool) { daemon in
            let seen = await refusal { try await APIClient(socket: daemon.socket).drain("0", reason: "r") }
            #expect(seen?.status == 403)
            #expect(seen?.body.code == .operatorsOnly)
            #expect(seen?.body.message == "only root and the daemon's own user may drain GPUs")
        }
        #expect(pool.state.withLock { $0.drained.isEmpty })
    }

    @Test(arguments: ["%", "%2", "%zz", "50%", "a%2"]) func `what is no escape stays as it is`(_ text: String) {
        #expect(PercentEncoding.decode(text) == text)
    }

    @Test(arguments: [("a", "a"), ("a/b", "a%2Fb"), ("ä b?", "%C3%A4%20b%3F"), ("GPU-1.x_~", "GPU-1.x_~")])
    func `a word is escaped for a path and comes back`(_ word: String, _ escaped: String) {
        #expect(PercentEncoding.encode(word) == escaped)
        #expect(PercentEncoding.decode(escaped) == word)
    }
}
