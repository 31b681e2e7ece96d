import API
import Fleet
import Presentation

/// The daemon, asked over its socket; every failure is one that people can be told.
struct Daemon: Sendable {
    private let client: APIClient

    init(_ connection: ConnectionOptions) throws {
        client = APIClient(socket: try connection.socketPath())
    }

    func version() async throws -> VersionInfo { try await call { try await $0.version() } }

    func fleet() async throws -> FleetView { try await call { try await $0.fleet() } }

    func leases(includingEnded: Bool) async throws -> LeaseList {
        LeaseList(items: try await call { try await $0.leases(all: includingEnded) })
    }

    func lease(_ id: LeaseID) async throws -> LeaseView { try await call { try await $0.lease(id) } }

    /// Returns when the lease no longer waits, or after `patience`, at least a second.
    func lease(_ id: LeaseID, waiting patience: Span) async throws -> LeaseView {
        let seconds = max(1, patience.nanoseconds / 1_000_000_000)
        return try await call { try await $0.lease(id, waiting: seconds) }
    }

    func ask(_ request: LeaseRequest, key: String) async throws -> LeaseView {
        try await call { try await $0.ask(request, idempotencyKey: key) }
    }

    func end(_ id: LeaseID) async throws -> LeaseView { try await call { try await $0.end(id) } }

    func extend(_ id: LeaseID, by time: String) async throws -> LeaseView {
        try await call { try await $0.extend(id, by: time) }
    }

    func keepAlive(_ id: LeaseID) async throws -> LeaseView { try await call { try await $0.keepAlive(id) } }

    /// Has the limits of this process put in place, which is about to become a lease's command, or those of the container
    /// that has this first process.
    func admit(to id: LeaseID, container: Int32? = nil) async throws -> LeaseView {
        try await call { try await $0.admit(to: id, container: container) }
    }

    func queue() async throws -> QueueReportView { try await call { try await $0.queue() } }

    func why(_ id: LeaseID) async throws -> WhyView { try await call { try await $0.why(id) } }

    func offer(_ request: LeaseRequest) async throws -> OfferView { try await call { try await $0.offer(request) } }

    func changeQuota(of queue: String, _ change: QuotaRequest) async throws -> QueueView {
        try await call { try await $0.changeQuota(of: queue, change) }
    }

    func resetQuota(of queue: String) async throws -> QueueView {
        try await call { try await $0.resetQuota(of: queue) }
    }

    func reservations() async throws -> ReservationList {
        ReservationList(items: try await call { try await $0.reservations() })
    }

    func reserve(_ request: ReservationRequest) async throws -> ReservationView {
        try await call { try await $0.reserve(request) }
    }

    func endReservation(named name: String) async throws -> ReservationView {
        try await call { try await $0.endReservation(named: name) }
    }

    func drain(_ gpu: GPUID, reason: String) async throws -> DrainView {
        try await call { try await $0.drain(gpu.rawValue, reason: reason) }
    }

    func undrain(_ gpu: GPUID) async throws -> DrainView { try await call { try await $0.undrain(gpu.rawValue) } }

    func events(after sequence: Int64, limit: Int) async throws -> [EventView] {
        try await call { try await $0.events(after: sequence, limit: limit) }
    }

    /// Hands on every event after `sequence`, those to come as well; returns when the daemon stops.
    func follow(after sequence: Int64, each: (EventView) throws -> Void) async throws {
        let events = try await call { try await $0.follow(after: sequence) }
        do {
            for try await event in events { try each(event) }
        } catch let error as APIClientError {
            throw Failure(error)
        }
    }

    private func call<Value: Sendable>(_ body: (APIClient) async throws -> Value) async throws -> Value {
        do {
            return try await body(client)
        } catch let error as APIClientError {
            throw Failure(error)
        }
    }
}
