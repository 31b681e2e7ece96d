import Hummingbird
import HummingbirdCore
import Logging
import NIOCore

/// Serves connections: finds out once who the peer is, then answers as HTTP/1.1.
struct ConnectionHandler: Sendable {
    let responder: RouterResponder<CallContext>
    let connections: Connections
    let configuration: HTTP1Channel.Configuration
    let logger: Logger

    /// Adds the HTTP handlers to an accepted channel.
    func setUp(_ channel: any Channel) -> EventLoopFuture<HTTP1Channel.Value> {
        HTTP1Channel(responder: { _, _, _ in }, configuration: configuration).setup(channel: channel, logger: logger)
    }

    /// Returns when the connection is closed.
    func serve(_ value: HTTP1Channel.Value) async {
        let peer: PeerCredentials
        do {
            peer = try await PeerCredentials.of(value.channel)
        } catch {
            // The peer was gone before it was looked at, or is none that can be told.
            logger.debug("connection without credentials", metadata: ["error": "\(error)"])
            try? await value.channel.close()
            return
        }
        guard connections.open(value.channel, of: peer.uid) else { return await turnAway(value) }
        defer { connections.close(value.channel, of: peer.uid) }
        let source = CallSource(logger: logger, caller: peer.caller, channel: value.channel)
        let responder = responder
        let http = HTTP1Channel(
            responder: { request, writer, _ in
                var response = try await responder.respond(to: request, context: CallContext(source: source))
                let isTooLarge = response.status == .contentTooLarge
                if isTooLarge { response.headers[.connection] = "close" }
                try await writer.write(response: response.head, body: response.body)
                // Nobody reads the rest of the body: without this, the client would be stuck in sending it.
                if isTooLarge { throw BodyLeftUnread() }
            }, configuration: configuration)
        await http.handle(value: value, logger: logger)
    }

    private struct BodyLeftUnread: Error {}

    private func turnAway(_ value: HTTP1Channel.Value) async {
        var response = JSONBody.response(
            ProblemReport(
                429,
                ErrorBody(
                    code: .tooMany, message: "this user has too many connections open",
                    hint: "close some, or make calls one after another over the same connection")))
        response.headers[.connection] = "close"
        let answer = response
        // A client reads no answer while it cannot send its call: that is taken in before and after, for a moment.
        let channel = value.channel
        let limit = channel.eventLoop.scheduleTask(in: .seconds(1)) { channel.close(promise: nil) }
        defer { limit.cancel() }
        try? await value.executeThenClose { inbound, outbound in
            var parts = inbound.makeAsyncIterator()
            guard try await parts.next() != nil else { return }
            try await ResponseWriter(outbound: outbound).write(response: answer.head, body: answer.body)
            while try await parts.next() != nil {}
        }
    }
}
