package import Fleet
import FoundationEssentials
import NIOCore
import NIOHTTP1

extension APIClient {
    package func version() async throws -> VersionInfo { try await call(.GET, "/v1/version") }

    package func fleet() async throws -> FleetView { try await call(.GET, "/v1/fleet") }

    /// The leases that live, with `all` also the ended ones that are remembered.
    package func leases(all: Bool = false) async throws -> [LeaseView] {
        try await call(.GET, all ? "/v1/leases?all=true" : "/v1/leases", as: LeaseList.self).items
    }

    /// Returns at once, or with `waiting` when the lease no longer waits or after that many seconds.
    package func lease(_ id: LeaseID, waiting seconds: Int64 = 0) async throws -> LeaseView {
        let path = "/v1/leases/\(id)"
        return try await call(.GET, seconds > 0 ? "\(path)?wait=\(seconds)" : path, waiting: .seconds(seconds))
    }

    /// Asks for a lease; it may come back waiting. With a key, a call that broke can be made again without asking
    /// twice.
    package func ask(_ request: LeaseRequest, idempotencyKey: String? = nil) async throws -> LeaseView {
        try await call(.POST, "/v1/leases", body: request, key: idempotencyKey)
    }

    /// Ends a lease; ending one that has ended changes nothing.
    package func end(_ id: LeaseID) async throws -> LeaseView { try await call(.DELETE, "/v1/leases/\(id)") }

    /// Moves a lease's deadline later by a time such as `1h`.
    package func extend(_ id: LeaseID, by duration: String) async throws -> LeaseView {
        try await call(.POST, "/v1/leases/\(id)/extend", body: ExtendRequest(duration: duration))
    }

    package func keepAlive(_ id: LeaseID) async throws -> LeaseView {
        try await call(.POST, "/v1/leases/\(id)/keepalive")
    }

    /// Returns once the limits of programs that are about to start stand: those of the calling process, or of a
    /// container by its first process. They must not start if it throws.
    package func admit(to id: LeaseID, container: Int32? = nil) async throws -> LeaseView {
        try await call(.POST, "/v1/leases/\(id)/admission", body: AdmissionRequest(container: container))
    }

    /// Hands a granted lease on to another process of the caller's: it ends with that one from now on.
    package func hand(_ id: LeaseID, to pid: Int32) async throws -> LeaseView {
        try await call(.POST, "/v1/leases/\(id)/holder", body: HandoverRequest(pid: pid))
    }

    /// A part of the history: events after a sequence, oldest first.
    package func events(after sequence: Int64 = 0, limit: Int = 1000) async throws -> [EventView] {
        try await call(.GET, "/v1/events?after=\(sequence)&limit=\(limit)", as: EventList.self).items
    }

    /// The history after a sequence, then events as they happen; without a sequence only what happens from now on.
    ///
    /// It returns when the daemon has begun to tell: what happens after that is in the stream. It ends when the daemon
    /// stops; it throws when the connection breaks, also when this client falls too far behind. Follow again after the
    /// last sequence seen.
    package func follow(after sequence: Int64? = nil) async throws -> AsyncThrowingStream<EventView, any Error> {
        let bytes = try await stream("/v1/events?follow=true" + (sequence.map { "&after=\($0)" } ?? ""))
        let socket = socket
        return AsyncThrowingStream { continuation in
            let reading = Task {
                do {
                    var lines = LineBuffer()
                    for try await part in bytes {
                        lines.append(part)
                        while let line = lines.next() {
                            continuation.yield(try JSONDecoder().decode(EventView.self, from: line))
                        }
                    }
                    continuation.finish()
                } catch {
                    continuation.finish(throwing: APIClientError.lost(socket: socket, "\(error)"))
                }
            }
            continuation.onTermination = { _ in reading.cancel() }
        }
    }
}

/// Cuts bytes into lines as they come.
private struct LineBuffer {
    private var buffer = ByteBuffer()

    mutating func append(_ part: ByteBuffer) {
        buffer.discardReadBytes()
        buffer.writeImmutableBuffer(part)
    }

    /// The next whole line without its end; nil until one is there.
    mutating func next() -> Data? {
        guard let end = buffer.readableBytesView.firstIndex(of: UInt8(ascii: "\n")) else { return nil }
        let length = end - buffer.readerIndex
        defer { buffer.moveReaderIndex(forwardBy: length + 1) }
        return Data(buffer.readableBytesView.prefix(length))
    }
}
