import API
import Engine
import Fleet
import Foundation
import Ledger
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(1))) struct LeaseRouteTests {
    @Test func `an ask is granted, seen, extended, kept alive and ended`() async throws {
        let pool = StandInPool()
        try await TestDaemon.serving(pool) { daemon in
            let client = APIClient(socket: daemon.socket)
            let granted = try await client.ask(
                LeaseRequest(gpus: "0.5", gpuMemory: "10GiB", duration: "2h", name: "train", keepAlive: "30s"))
            #expect(granted.state == .granted)
            #expect(granted.name == "train")
            #expect(granted.request == "1 x 0.5 of any GPU, 10 GiB each, for 2h")
            #expect(granted.preparation?.cdiDevice == "divvy.dev/gpu=lease-1")
            #expect(granted.preparation?.edits == Sample.preparation(granted.id).edits)
            #expect(granted.grants.first?.gpuName == Sample.gpu.name)
            #expect(granted.position == nil)

            #expect(try await client.lease(granted.id).id == granted.id)
            #expect(try await client.extend(granted.id, by: "1h30m").deadline == Timestamp("2026-11-21T09:00:05Z"))
            #expect(try await client.keepAlive(granted.id).lapsesAt == Timestamp("2026-11-21T07:30:35Z"))
            #expect(try await client.leases().map(\.id) == [granted.id])
            let ended = try await client.end(granted.id)
            #expect(ended.state == .ended)
            #expect(ended.endReason == .released)
            #expect(try await client.leases().isEmpty)
            #expect(try await client.leases(all: true).map(\.state) == [.ended])
        }
        let ask = try #require(pool.state.withLock { $0.asks.first })
        #expect(ask.request.portion == .share(Share(milli: 500)))
        #expect(ask.request.memory == MemoryRange(exactly: .gibibytes(10)))
        #expect(ask.request.duration == Span(seconds: 7200))
        #expect(ask.request.patience == .wait(limit: nil))
        #expect(ask.keepAlive == Span(seconds: 30))
        #expect(ask.holder == .nobody)
    }

    @Test func `an ask that waits answers 202 with its place and why it waits`() async throws {
        let pool = StandInPool()
        pool.state.withLock { $0.waits = true }
        try await TestDaemon.serving(pool) { daemon in
            let first = try await RawConnection.call(daemon.socket, "POST", "/v1/leases", body: #"{"gpus": "1"}"#)
            #expect(first.status == 202)
            let second = try await APIClient(socket: daemon.socket).ask(LeaseRequest(gpus: "count=1"))
            #expect(second.state == .waiting)
            #expect(second.position == 2)
            #expect(second.explanation?.summary == "all is taken")
            #expect(second.preparation == nil)
            let seen = try await APIClient(socket: daemon.socket).lease(second.id)
            #expect(seen.explanation?.summary == "all is taken")
        }
    }

    @Test(
        arguments: [
            (nil, false, .wait(limit: nil)), ("", false, .wait(limit: nil)),
            ("30m", false, .wait(limit: Span(seconds: 1800))), (nil, true, .refuse),
        ]
            as [(String?, Bool, Request.Patience)])
    func `wait and noWait mean what they mean on the command line`(
        wait: String?, noWait: Bool, patience: Request.Patience
    ) async throws {
        let pool = StandInPool()
        try await TestDaemon.serving(pool) { daemon in
            _ = try await APIClient(socket: daemon.socket).ask(LeaseRequest(gpus: "1", wait: wait, noWait: noWait))
        }
        #expect(pool.state.withLock { $0.asks.first?.request.patience } == patience)
    }

    @Test func `a client that waits is answered when the lease is granted`() async throws {
        let pool = StandInPool()
        pool.state.withLock { $0.waits = true }
        try await TestDaemon.serving(pool) { daemon in
            let client = APIClient(socket: daemon.socket)
            let id = try await client.ask(LeaseRequest(gpus: "1")).id
            async let granted = client.lease(id, waiting: 30)
            try await Task.sleep(for: .milliseconds(50))
            pool.grantAll()
            #expect(try await granted.state == .granted)
        }
    }

    @Test func `a client that waits is answered after its time`() async throws {
        let pool = StandInPool()
        pool.state.withLock { $0.waits = true }
        try await TestDaemon.serving(pool) { daemon in
            let client = APIClient(socket: daemon.socket)
            let id = try await client.ask(LeaseRequest(gpus: "1")).id
            let start = ContinuousClock.now
            #expect(try await client.lease(id, waiting: 1).state == .waiting)
            #expect((.milliseconds(900) ..< .seconds(10)).contains(ContinuousClock.now - start))
        }
    }

    @Test func `a daemon that stops answers who waits and does not wait for them`() async throws {
        let pool = StandInPool()
        pool.state.withLock { $0.waits = true }
        let start = ContinuousClock.now
        try await TestDaemon.serving(pool) { daemon in
            let client = APIClient(socket: daemon.socket)
            let id = try await client.ask(LeaseRequest(gpus: "1")).id
            async let answer = client.lease(id, waiting: 600)
            try await Task.sleep(for: .milliseconds(100))
            await daemon.shutDown()
            #expect(try await answer.state == .waiting)
        }
        #expect(ContinuousClock.now - start < .seconds(20))
    }

    @Test func `programs are admitted by their own process, and a container's by an operator`() async throws {
        let pool = StandInPool()
        try await TestDaemon.serving(pool) { daemon in
            let client = APIClient(socket: daemon.socket)
            let id = try await client.ask(LeaseRequest(gpus: "0.5")).id
            _ = try await client.admit(to: id)
            _ = try await client.admit(to: id, container: getppid())
            await #expect(throws: APIClientError.self) { try await client.admit(to: id, container: 0x7FFF_FFFF) }
            let slip = try await RawConnection.call(
                daemon.socket, "POST", "/v1/leases/\(id)/admission", body: #"{"pid": 1}"#)
            #expect(slip.status == 400)
        }
        let arrivals = pool.state.withLock { $0.admitted.map(\.arrival) }
        #expect(arrivals.map(\.kind) == [.process, .container])
        #expect(arrivals.map(\.process.pid) == [getpid(), getppid()])
    }

    @Test func `an idempotency key reaches the engine`() async throws {
        let pool = StandInPool()
        try await TestDaemon.serving(pool) { daemon in
            _ = try await APIClient(socket: daemon.socket).ask(LeaseRequest(gpus: "1"), idempotencyKey: "key-1")
            let bad = try await RawConnection.call(
                daemon.socket, "POST", "/v1/leases", headers: ["Idempotency-Key: a b"], body: #"{"gpus": "1"}"#)
            #expect(bad.status == 400)
        }
        #expect(pool.state.withLock { $0.asks.map(\.idempotencyKey) } == ["key-1"])
    }

    @Test(
        arguments: [
            (.refused(.notNow(Sample.explanation)), 409, .notNow), (.refused(.never(Sample.explanation)), 422, .never),
            (.refused(.notYet("slices")), 422, .notYet),
            (.refused(.unknownLease(LeaseID(number: 3))), 404, .unknownLease),
            (.refused(.alreadyEnded(LeaseID(number: 3), .deadline)), 410, .alreadyEnded),
            (.refused(.notGranted(LeaseID(number: 3))), 409, .notGranted),
            (.refused(.noDeadline(LeaseID(number: 3), isKeptAlive: true)), 409, .noDeadline),
            (.refused(.keyReused(key: "k", LeaseID(number: 3))), 409, .keyReused),
            (.refused(.queueFull(10)), 429, .queueFull),
            (.refused(.unknownQueue("there is no queue \"x\"")), 404, .unknownQueue),
            (.refused(.notInQueue(path: "a", tenant: "ada")), 403, .notInQueue),
            (.refused(.tooUrgent(path: "a", asked: 5, highest: 0)), 403, .tooUrgent),
            (.refused(.tooLong(path: "a", asked: Span(seconds: 2), longest: Span(seconds: 1))), 422, .tooLong),
            (.refused(.unknownReservation("demo")), 404, .unknownReservation),
            (.refused(.reservationNameTaken("demo")), 409, .reservationNameTaken),
            (.refused(.badQuota("queue \"a\" has too much")), 422, .badQuota),
            (.operatorsOnly("change quotas"), 403, .operatorsOnly),
            (.notYours(LeaseID(number: 3), tenant: "bob"), 403, .notYours),
            (.journal(JournalError(.full, "no room")), 507, .journal),
            (.journal(JournalError(.failed, "the disk failed")), 503, .journal),
            (.preparation(PreparationError("no CDI")), 500, .preparation),
            (.admission(PreparationError("no cgroup")), 500, .admission), (.stopped("stopping"), 503, .stopped),
        ] as [(EngineError, Int, ErrorBody.Code)])
    func `every refusal has its status and its code`(
        error: EngineError, status: Int, code: ErrorBody.Code
    ) async throws {
        let pool = StandInPool()
        pool.state.withLock { $0.refusal = error }
        try await TestDaemon.serving(pool) { daemon in
            do {
                _ = try await APIClient(socket: daemon.socket).ask(LeaseRequest(gpus: "1"))
                Issue.record("it was granted")
            } catch APIClientError.refused(let seen, let body) {
                #expect(seen == status)
                #expect(body.code == code)
                #expect(!body.message.isEmpty)
                #expect((body.explanation == nil) == !(code == .notNow || code == .never))
            }
        }
    }

    @Test(arguments: [
        ("", "empty"), ("{", "not JSON"), ("[]", "object"), ("null", "null"), (#"{"gpu": "1"}"#, "no such field"),
        (#"{"gpus": 1}"#, "gpus must be a string"), (#"{"noWait": "yes"}"#, "noWait must be true or false"),
        (#"{"gpus": "1", "uid": 0}"#, "no such field"), (#"{"gpus": "1", "tenant": {"uid": 0}}"#, "no such field"),
        (#"{"gpus": "0"}"#, "--gpus"), (#"{"gpus": "1", "wait": "5m", "noWait": true}"#, "--no-wait"),
        (#"{"schema": "divvy.v2/LeaseRequest", "gpus": "1"}"#, "divvy.v1/LeaseRequest"),
        (#"{"gpus": "1", "name": "a\u0000b"}"#, "name"), (#"{"gpus": "1", "name": ""}"#, "name"),
        (#"{"gpus": "1", "keepAlive": "soon"}"#, "keepAlive"), (#"{"gpus": "1", "duration": "-1h"}"#, "negative"),
        (#"{"gpus": "1", "holder": {"kind": "container"}}"#, "holder.kind"),
        (#"{"gpus": "1", "holder": {"kind": "starting", "engine": "rm -rf"}}"#, "docker or podman"),
        (#"{"gpus": "1", "priority": 1e400}"#, ""), (#"{"priority": 9223372036854775808}"#, ""),
    ])
    func `a body that cannot be read says what is wrong`(body: String, word: String) async throws {
        let pool = StandInPool()
        try await TestDaemon.serving(pool) { daemon in
            let answer = try await RawConnection.call(daemon.socket, "POST", "/v1/leases", body: body)
            #expect(answer.status == 400)
            let error = try JSONDecoder().decode(ErrorBody.self, from: Data(answer.body.utf8))
            #expect(error.code == .badRequest)
            #expect("\(error.message) \(error.hint ?? "")".contains(word) || word.isEmpty, "\(error)")
        }
        #expect(pool.state.withLock { $0.asks.isEmpty })
    }

    @Test func `a body nested without end is refused`() async throws {
        try await TestDaemon.serving { daemon in
            let bomb = String(repeating: "[", count: 500_000)
            #expect(try await RawConnection.call(daemon.socket, "POST", "/v1/leases", body: bomb).status == 400)
            let inside = #"{"gpus": "1", "holder": "# + String(repeating: #"{"a":"#, count: 100_000)
            let status = try await RawConnection.call(daemon.socket, "POST", "/v1/leases", body: inside).status
            #expect(status == 400)
        }
    }

    @Test func `a method that a path does not take is refused with those that it takes`() async throws {
        try await TestDaemon.serving { daemon in
            let answer = try await RawConnection.call(daemon.socket, "PUT", "/v1/leases")
            #expect(answer.status == 405)
            #expect(answer.head.lowercased().contains("\r\nallow: get, post"))
        }
    }

    @Test func `a lease that has ended says how in words`() async throws {
        let pool = StandInPool()
        pool.state.withLock { $0.failure = .refused(.alreadyEnded(LeaseID(number: 3), .holderEnded)) }
        try await TestDaemon.serving(pool) { daemon in
            do {
                _ = try await APIClient(socket: daemon.socket).extend(LeaseID(number: 3), by: "1h")
                Issue.record("it was extended")
            } catch APIClientError.refused(_, let body) {
                #expect(body.message == "lease-3 has ended: holder ended")
            }
        }
    }

    @Test(arguments: [
        ("GET", "/", 404), ("GET", "/v2/leases", 404), ("PUT", "/v1/leases", 405), ("DELETE", "/v1/fleet", 405),
        ("GET", "/v1/leases/lease-1/extend", 405), ("GET", "/v1/leases/lease-9", 404),
        ("GET", "/v1/leases/..", 404), ("GET", "/v1/leases/lease-0", 404), ("GET", "/v1/leases?al=true", 400),
        ("GET", "/v1/leases?all=yes", 400), ("GET", "/v1/leases/lease-1?wait=-1", 400),
        ("GET", "/v1/leases/lease-1?wait=99999999999999999999", 400), ("GET", "/v1/events?limit=0", 400),
        ("GET", "/v1/events?after=1&after=2", 400), ("GET", "/v1/events?follow=true&limit=5", 400),
        ("DELETE", "/v1/leases/lease-9", 404), ("POST", "/v1/leases/lease-9/keepalive", 404),
    ])
    func `a path or a parameter that does not exist is refused in the API's own form`(
        method: String, target: String, status: Int
    ) async throws {
        try await TestDaemon.serving { daemon in
            let answer = try await RawConnection.call(daemon.socket, method, target)
            #expect(answer.status == status)
            _ = try JSONDecoder().decode(ErrorBody.self, from: Data(answer.body.utf8))
        }
    }
}
