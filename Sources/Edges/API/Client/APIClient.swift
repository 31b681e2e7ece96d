import FoundationEssentials
import Glibc
import NIOCore
import NIOHTTP1
package import NIOPosix

/// Talks to the daemon over its unix socket; one connection, kept open between calls.
///
/// Calls made at the same time go over the same connection and are answered in order; for calls in parallel take
/// several clients. Nothing is connected before the first call. A program that replaces itself (exec) does not hand
/// the connection on.
package actor APIClient {
    /// The thread that all clients share unless they are told otherwise; it lives as long as the program.
    private static let thread = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    /// The daemon answers everything within this, besides what it is asked to wait for.
    private static let patience = TimeAmount.seconds(60)

    package nonisolated let socket: String
    private let group: MultiThreadedEventLoopGroup
    private var connection: EventLoopFuture<any Channel>?

    package init(socket: String, group: MultiThreadedEventLoopGroup? = nil) {
        self.socket = socket
        self.group = group ?? Self.thread
    }

    /// Closes the connection; the next call makes a new one.
    package func close() async {
        let channel = try? await connection?.get()
        connection = nil
        try? await channel?.close()
    }

    /// Makes a call and reads its answer; throws `APIClientError`.
    ///
    /// A call that may be made twice without harm is made again when a kept connection turns out to have been closed
    /// by the daemon in the meantime.
    func call<Value: Decodable & Sendable>(
        _ method: HTTPMethod, _ path: String, body: (any Encodable & Sendable)? = nil, key: String? = nil,
        waiting: TimeAmount = .zero, as type: Value.Type = Value.self
    ) async throws -> Value {
        let mayRepeat = method != .POST || key != nil
        let request = try Self.request(method, path, body: body, key: key)
        var isReused = false
        do {
            let channel = try await connected(isReused: &isReused)
            return try await read(from: answer(to: request, over: channel, within: Self.patience + waiting))
        } catch let error as APIClientError {
            guard case .lost = error, isReused, mayRepeat, !Task.isCancelled else { throw error }
            connection = nil
            let channel = try await connected(isReused: &isReused)
            return try await read(from: answer(to: request, over: channel, within: Self.patience + waiting))
        }
    }

    /// Opens a stream of lines on a connection of its own; returns when the daemon has begun to answer.
    func stream(_ path: String) async throws -> AsyncThrowingStream<ByteBuffer, any Error> {
        let channel = try await open().get()
        let (stream, continuation) = AsyncThrowingStream.makeStream(of: ByteBuffer.self)
        continuation.onTermination = { _ in channel.close(promise: nil) }
        let promise = channel.eventLoop.makePromise(of: Exchange.Answer.self)
        let (head, body) = try Self.request(.GET, path, body: nil, key: nil)
        let exchange = Exchange(head: head, body: body, sink: .stream(promise, continuation))
        let answer = try await send(exchange, over: channel, within: Self.patience)
        guard answer.status == 200 else { throw refusal(answer) }
        return stream
    }

    private func connected(isReused: inout Bool) async throws -> any Channel {
        while let kept = connection {
            if let channel = try? await kept.get(), channel.isActive {
                isReused = true
                return channel
            }
            if connection === kept { connection = nil }
        }
        isReused = false
        let fresh = try await open()
        connection = fresh
        return try await fresh.get()
    }

    /// Connects; a unix socket does so at once, unless more clients come than the daemon can accept at the moment.
    private func open() async throws -> EventLoopFuture<any Channel> {
        for _ in 0..<500 {
            do throws(SystemError) {
                return adopt(try connect())
            } catch {
                guard error.number == EAGAIN else { throw APIClientError(error, socket: socket) }
            }
            try await Task.sleep(for: .milliseconds(10))
        }
        throw APIClientError(SystemError(EAGAIN), socket: socket)
    }

    private nonisolated func connect() throws(SystemError) -> Int32 {
        let connecting = try UnixSocket(isBlocking: false)
        try connecting.connect(to: socket)
        return connecting.release()
    }

    private nonisolated func adopt(_ descriptor: Int32) -> EventLoopFuture<any Channel> {
        ClientBootstrap(group: group)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHTTPClientHandlers()
                    try channel.pipeline.syncOperations.addHandler(ExchangeHandler())
                }
            }
            .withConnectedSocket(descriptor)
    }

    private static func request(
        _ method: HTTPMethod, _ path: String, body: (any Encodable)?, key: String?
    ) throws -> (HTTPRequestHead, ByteBuffer?) {
        var head = HTTPRequestHead(version: .http1_1, method: method, uri: path, headers: ["host": "divvy"])
        if let key { head.headers.add(name: "idempotency-key", value: key) }
        guard let body else { return (head, nil) }
        let bytes = ByteBuffer(bytes: try JSONEncoder().encode(body))
        head.headers.add(name: "content-type", value: "application/json")
        head.headers.add(name: "content-length", value: String(bytes.readableBytes))
        return (head, bytes)
    }

    private func answer(
        to request: (HTTPRequestHead, ByteBuffer?), over channel: any Channel, within limit: TimeAmount
    ) async throws -> Exchange.Answer {
        let promise = channel.eventLoop.makePromise(of: Exchange.Answer.self)
        return try await send(
            Exchange(head: request.0, body: request.1, sink: .whole(promise)), over: channel, within: limit)
    }

    private nonisolated func send(
        _ exchange: Exchange, over channel: any Channel, within limit: TimeAmount
    ) async throws -> Exchange.Answer {
        let promise = exchange.sink.promise
        channel.writeAndFlush(exchange).cascadeFailure(to: promise)
        let timeout = channel.eventLoop.scheduleTask(in: limit) {
            let seconds = limit.nanoseconds / 1_000_000_000
            promise.fail(APIClientError.lost(socket: self.socket, "no answer within \(seconds) s"))
            channel.close(promise: nil)
        }
        defer { timeout.cancel() }
        do {
            return try await withTaskCancellationHandler {
                try await promise.futureResult.get()
            } onCancel: {
                promise.fail(CancellationError())
                channel.close(promise: nil)
            }
        } catch let error as APIClientError {
            throw error
        } catch let error as CancellationError {
            throw error
        } catch {
            throw APIClientError.lost(socket: socket, "\(error)")
        }
    }

    private nonisolated func read<Value: Decodable>(from answer: Exchange.Answer) throws -> Value {
        guard (200..<300).contains(answer.status) else { throw refusal(answer) }
        do {
            return try JSONDecoder().decode(Value.self, from: Data(answer.body.readableBytesView))
        } catch {
            throw APIClientError.lost(socket: socket, "its answer cannot be read: \(error)")
        }
    }

    private nonisolated func refusal(_ answer: Exchange.Answer) -> APIClientError {
        guard let body = try? JSONDecoder().decode(ErrorBody.self, from: Data(answer.body.readableBytesView)) else {
            return .lost(socket: socket, "it answered with the status \(answer.status) and no reason")
        }
        return .refused(status: answer.status, body)
    }
}

extension APIClientError {
    init(_ error: SystemError, socket: String) {
        let why: Unreachable =
            switch error.number {
            case ENOENT, ENOTDIR: .noSocket
            case ECONNREFUSED: .nobodyListens
            case EACCES, EPERM: .notPermitted
            default: .failed(error.description)
            }
        self = .unreachable(socket: socket, why)
    }
}
