import Engine
import Hummingbird
import NIOCore
import ServiceLifecycle

/// Events without end: the history after a place in it, then what happens from now on, without a gap or a repetition.
///
/// Nothing is lost between the two because the live events are subscribed to before the history is read; events that
/// are in both are told apart by their sequence. A follower that falls further behind than `backlog` is cut off, so
/// that one slow client cannot make the daemon grow; it comes back with the sequence it has seen last.
struct EventFeed: Sendable {
    static let page = 1000

    let service: any PoolService
    /// nil for live events only.
    let after: Int64?
    let backlog: Int
    let live: AsyncStream<RecordedNotice>
    /// Read before the answer begins, while its status can still tell of a journal that cannot be read.
    let firstPage: [RecordedNotice]

    init(service: any PoolService, after: Int64?, backlog: Int) async throws(EngineError) {
        self.service = service
        self.after = after
        self.backlog = backlog
        live = await service.follow()
        firstPage = if let after { try await service.history(after: after, limit: Self.page) } else { [] }
    }

    /// Writes one event a line; returns when the client has gone, the daemon stops or the engine has no more to tell.
    func write(to writer: inout any ResponseBodyWriter, request: Request, channel: any Channel) async throws {
        let (queue, continuation) = AsyncStream.makeStream(
            of: RecordedNotice.self, bufferingPolicy: .bufferingOldest(backlog))
        async let pumping: Void = pump(into: continuation, channel)
        try await withGracefulShutdownHandler {
            try await request.body.consumeWithInboundCloseHandler { _ in
                try await write(queue, to: &writer)
            } onInboundClosed: {
                continuation.finish()
            }
        } onGracefulShutdown: {
            continuation.finish()
            channel.eventLoop.scheduleTask(in: .seconds(1)) { channel.close(promise: nil) }
        }
        try await writer.finish(nil)
    }

    /// Moves events into a bounded queue until it is full; it is cancelled when there is nobody to write them for.
    private func pump(into queue: AsyncStream<RecordedNotice>.Continuation, _ channel: any Channel) async {
        for await notice in live {
            guard case .dropped = queue.yield(notice) else { continue }
            // A write that waits for the client would wait on; without its connection it fails.
            channel.close(promise: nil)
            break
        }
        queue.finish()
    }

    private func write(_ queue: AsyncStream<RecordedNotice>, to writer: inout any ResponseBodyWriter) async throws {
        var seen = after ?? .min
        var page = firstPage
        while let last = page.last {
            try await writer.write(try Self.lines(page))
            seen = last.sequence
            page = try await service.history(after: seen, limit: Self.page)
        }
        for await notice in queue where notice.sequence > seen {
            try await writer.write(try Self.lines([notice]))
        }
    }

    private static func lines(_ notices: [RecordedNotice]) throws -> ByteBuffer {
        var buffer = ByteBuffer()
        for notice in notices { try JSONBody.writeLine(EventView(notice), to: &buffer) }
        return buffer
    }
}
