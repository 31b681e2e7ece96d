import Engine
import Hummingbird
import HummingbirdCore
package import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle

/// What a daemon tells of itself, and how much it takes from its clients.
package struct APIServerSettings: Hashable, Sendable {
    package var socket: SocketSettings
    /// The release, as `GET /v1/version` tells it.
    package var version: String
    /// The directory with the daemon's state, as `GET /v1/version` tells it.
    package var state: String
    /// Connections that one user other than root may have open.
    package var connectionsPerUser = 256
    /// A connection that sends nothing for so long is closed.
    package var idleTimeoutSeconds: Int64 = 60
    /// Events that a follower may be behind before it is cut off.
    package var followerBacklog = 4096
    /// Event-loop threads.
    package var threads = 1

    package init(socket: SocketSettings, version: String, state: String) {
        self.socket = socket
        self.version = version
        self.state = state
    }
}

/// The HTTP API on a unix socket.
///
/// It runs until it is asked to shut down gracefully; then it takes no new connection, answers what is under way, and
/// removes the socket. Running it throws `SocketError` when it cannot listen.
package struct APIServer: Service {
    private let service: any PoolService
    private let settings: APIServerSettings
    private let logger: Logger
    private let onListening: @Sendable () async -> Void

    /// `onListening` is called once the socket is in place and answers.
    package init(
        service: any PoolService, settings: APIServerSettings, logger: Logger,
        onListening: @escaping @Sendable () async -> Void = {}
    ) {
        self.service = service
        self.settings = settings
        self.logger = logger
        self.onListening = onListening
    }

    package func run() async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: settings.threads)
        do {
            try await serve(on: group)
        } catch {
            try? await group.shutdownGracefully()
            throw error
        }
        try await group.shutdownGracefully()
    }

    private func serve(on group: MultiThreadedEventLoopGroup) async throws {
        var place = try SocketListener(settings.socket, backlog: 1024)
        let connections = Connections(limitPerUser: settings.connectionsPerUser)
        var configuration = HTTP1Channel.Configuration(idleTimeout: .seconds(settings.idleTimeoutSeconds))
        configuration.httpDecoder = .init(
            maxHeaderFieldSize: 8 * 1024, maxHeaderListSize: 16 * 1024, maxHeaderFieldCount: 64)
        let handler = ConnectionHandler(
            responder: Routes(service: service, settings: settings, logger: logger).router().buildResponder(),
            connections: connections, configuration: configuration, logger: logger)
        let listener = try await ServerBootstrap(group: group)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .bind(place.takeDescriptor()) { handler.setUp($0) }

        try await withGracefulShutdownHandler {
            await onListening()
            try await withThrowingDiscardingTaskGroup { tasks in
                try await listener.executeThenClose { accepted in
                    for try await connection in accepted {
                        tasks.addTask { await handler.serve(connection) }
                    }
                }
            }
        } onGracefulShutdown: {
            listener.channel.close(promise: nil)
            connections.quiesce()
        }
        _ = consume place
    }
}
