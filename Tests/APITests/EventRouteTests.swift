import API
import Engine
import Foundation
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(1))) struct EventRouteTests {
    @Test func `the history is given in parts`() async throws {
        let pool = StandInPool()
        for number in 1...5 { pool.tell(Sample.notice(Int64(number))) }
        try await TestDaemon.serving(pool) { daemon in
            let client = APIClient(socket: daemon.socket)
            let all = try await client.events()
            #expect(all.map(\.sequence) == [1, 2, 3, 4, 5])
            #expect(try await client.events(after: 2, limit: 2).map(\.sequence) == [3, 4])
            #expect(try await client.events(after: 5).isEmpty)
        }
    }

    @Test func `nothing is lost or told twice between the history and what follows`() async throws {
        // While the history is read, two more happen: one that the history has just missed and one after it.
        let pool = StandInPool(duringHistory: { pool in
            if pool.state.withLock({ $0.historyCalls }) == 1 {
                pool.tell(Sample.notice(2501, "first of two"))
                pool.tell(Sample.notice(2501, "second of two"))
            }
        })
        for number in 1...2500 { pool.tell(Sample.notice(Int64(number))) }
        try await TestDaemon.serving(pool) { daemon in
            let events = try await APIClient(socket: daemon.socket).follow(after: 100)
            var iterator = events.makeAsyncIterator()
            for number in 101...2500 { #expect(try await iterator.next()?.sequence == Int64(number)) }
            #expect(try await iterator.next()?.text == "first of two")
            #expect(try await iterator.next()?.text == "second of two")
            pool.tell(Sample.notice(2502))
            #expect(try await iterator.next()?.sequence == 2502)
        }
    }

    @Test func `without a sequence only what happens from now on is told`() async throws {
        let pool = StandInPool()
        pool.tell(Sample.notice(1))
        try await TestDaemon.serving(pool) { daemon in
            let events = try await APIClient(socket: daemon.socket).follow()
            pool.tell(Sample.notice(2))
            var iterator = events.makeAsyncIterator()
            #expect(try await iterator.next()?.sequence == 2)
        }
    }

    @Test func `a stream ends in order when the daemon stops`() async throws {
        try await TestDaemon.serving { daemon in
            let events = try await APIClient(socket: daemon.socket).follow(after: 0)
            async let all = events.reduce(into: 0) { count, _ in count += 1 }
            try await Task.sleep(for: .milliseconds(50))
            await daemon.shutDown()
            #expect(try await all == 0)
        }
    }

    @Test func `who stops following is forgotten`() async throws {
        let pool = StandInPool()
        let ended = pool
        try await TestDaemon.serving(pool) { daemon in
            let (gone, continuation) = AsyncStream.makeStream(of: Void.self)
            let following = try RawConnection(daemon.socket)
            try await following.send("GET /v1/events?follow=true HTTP/1.1\r\nhost: d\r\n\r\n")
            _ = try await following.receive(until: "\r\n\r\n")
            let listener = try #require(ended.state.withLock { $0.listeners.first })
            listener.onTermination = { _ in continuation.finish() }
            shutdown(following.descriptor, Int32(SHUT_RDWR))
            try await within(.seconds(5)) { for await _ in gone {} }
        }
    }

    @Test func `a follower that does not read is cut off and costs nobody else anything`() async throws {
        let pool = StandInPool()
        try await TestDaemon.serving(pool, settings: { $0.followerBacklog = 100 }) { daemon in
            let slow = try RawConnection(daemon.socket)
            try await slow.send("GET /v1/events?follow=true HTTP/1.1\r\nhost: d\r\n\r\n")
            _ = try await slow.receive(until: "\r\n\r\n")
            let text = String(repeating: "x", count: 10_000)
            // Far more than the socket, the channel and the backlog hold.
            for number in 1...3000 {
                pool.tell(Sample.notice(Int64(number), text))
                if number % 50 == 0 { try await Task.sleep(for: .milliseconds(1)) }
            }
            #expect(try await APIClient(socket: daemon.socket).version().version == "0.1.0")
            var bytes = 0
            while let part = try await slow.receive(), !part.isEmpty { bytes += part.count }
            #expect(bytes < 3000 * 10_000)
        }
    }

    @Test func `a journal that cannot be read is told by the status`() async throws {
        let pool = StandInPool()
        pool.state.withLock { $0.failure = .journal(JournalError(.corrupt, "entry 5 is damaged")) }
        try await TestDaemon.serving(pool) { daemon in
            do {
                _ = try await APIClient(socket: daemon.socket).follow(after: 0)
                Issue.record("it was followed")
            } catch APIClientError.refused(let status, let body) {
                #expect(status == 503)
                #expect(body.message == "entry 5 is damaged")
            }
        }
    }
}
