import API
import Foundation
import Logging
import ServiceLifecycle
import Testing

/// A served socket in a directory of its own.
struct TestDaemon: Sendable {
    let socket: String
    let shutDown: @Sendable () async -> Void

    /// Serves `pool` while `body` runs, then shuts down gracefully and waits for it.
    static func serving<Value: Sendable>(
        _ pool: any PoolService = StandInPool(), mode: UInt32 = 0o600,
        settings change: (inout APIServerSettings) -> Void = { _ in },
        _ body: @escaping @Sendable (TestDaemon) async throws -> Value
    ) async throws -> Value {
        try await withDirectory { directory in
            let socket = "\(directory)/divvy.sock"
            var settings = APIServerSettings(
                socket: SocketSettings(path: socket, mode: mode, group: nil), version: "0.1.0",
                state: "\(directory)/state")
            change(&settings)
            return try await serving(pool, settings: settings, body)
        }
    }

    static func serving<Value: Sendable>(
        _ pool: any PoolService, settings: APIServerSettings,
        _ body: @escaping @Sendable (TestDaemon) async throws -> Value
    ) async throws -> Value {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let (listening, continuation) = AsyncStream.makeStream(of: Void.self)
        let server = APIServer(service: pool, settings: settings, logger: logger) { continuation.finish() }
        let group = ServiceGroup(services: [server], logger: logger)
        return try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask {
                // The server's own error matters, not the group's that wraps up after it.
                defer { continuation.finish() }
                try await group.run()
            }
            for await _ in listening {}
            if !FileManager.default.fileExists(atPath: settings.socket.path) { try await tasks.next() }
            let daemon = TestDaemon(socket: settings.socket.path) { await group.triggerGracefulShutdown() }
            do {
                let value = try await body(daemon)
                await group.triggerGracefulShutdown()
                try await tasks.waitForAll()
                return value
            } catch {
                await group.triggerGracefulShutdown()
                tasks.cancelAll()
                throw error
            }
        }
    }

    /// A short path: a socket's may have 107 bytes.
    static func withDirectory<Value>(_ body: (String) async throws -> Value) async throws -> Value {
        let directory = "/tmp/divvy-api-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        return try await body(directory)
    }
}

/// Runs `body`, and fails the test when it takes longer.
func within<Value: Sendable>(
    _ limit: Duration, _ body: @escaping @Sendable () async throws -> Value
) async throws -> Value {
    return try await withThrowingTaskGroup(of: Value.self) { group in
        group.addTask(operation: body)
        group.addTask {
            try await Task.sleep(for: limit)
            throw TookTooLong()
        }
        defer { group.cancelAll() }
        guard let value = try await group.next() else { throw TookTooLong() }
        return value
    }
}

private struct TookTooLong: Error {}
