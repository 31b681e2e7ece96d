import NIOCore
import NIOHTTP1

/// A request with where its answer goes.
struct Exchange: Sendable {
    enum Sink: Sendable {
        /// The whole answer at its end.
        case whole(EventLoopPromise<Answer>)
        /// The head when it comes, then the body as it comes; an answer other than 200 is given whole.
        case stream(EventLoopPromise<Answer>, AsyncThrowingStream<ByteBuffer, any Error>.Continuation)

        var promise: EventLoopPromise<Answer> {
            switch self {
            case .whole(let promise), .stream(let promise, _): promise
            }
        }
    }

    struct Answer: Sendable {
        var status: Int
        var body: ByteBuffer
    }

    let head: HTTPRequestHead
    let body: ByteBuffer?
    let sink: Sink
}

/// Sends requests one after another over a connection and gives each its answer.
final class ExchangeHandler: ChannelDuplexHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundIn = Exchange
    typealias OutboundOut = HTTPClientRequestPart

    struct Closed: Error, CustomStringConvertible {
        let description = "the connection was closed"
    }

    /// Sent and not yet answered, oldest first.
    private var waiting: [Exchange] = []
    private var answer: Exchange.Answer?
    private var failure: (any Error)?

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        let exchange = unwrapOutboundIn(data)
        waiting.append(exchange)
        context.write(wrapOutboundOut(.head(exchange.head)), promise: nil)
        if let body = exchange.body { context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil) }
        context.write(wrapOutboundOut(.end(nil)), promise: promise)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard let exchange = waiting.first else { return context.close(promise: nil) }
        switch unwrapInboundIn(data) {
        case .head(let head):
            let status = Int(head.status.code)
            answer = Exchange.Answer(status: status, body: ByteBuffer())
            if case .stream(let promise, _) = exchange.sink, status == 200 {
                promise.succeed(Exchange.Answer(status: status, body: ByteBuffer()))
            }
        case .body(var part):
            if case .stream(_, let continuation) = exchange.sink, answer?.status == 200 {
                continuation.yield(part)
            } else {
                answer?.body.writeBuffer(&part)
            }
        case .end:
            waiting.removeFirst()
            if let answer { exchange.sink.promise.succeed(answer) }
            if case .stream(_, let continuation) = exchange.sink { continuation.finish() }
            answer = nil
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        failure = error
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        let error = failure ?? Closed()
        for exchange in waiting {
            exchange.sink.promise.fail(error)
            if case .stream(_, let continuation) = exchange.sink { continuation.finish(throwing: error) }
        }
        waiting = []
        context.fireChannelInactive()
    }
}
