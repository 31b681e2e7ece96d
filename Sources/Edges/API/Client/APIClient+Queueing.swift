package import Fleet
import FoundationEssentials
import NIOHTTP1

extension APIClient {
    package func queue() async throws -> QueueReportView { try await call(.GET, "/v1/queue") }

    package func why(_ id: LeaseID) async throws -> WhyView { try await call(.GET, "/v1/leases/\(id)/why") }

    /// What a request would get; nothing is changed by asking.
    package func offer(_ request: LeaseRequest) async throws -> OfferView {
        try await call(.POST, "/v1/offer", body: request)
    }

    /// Changes a queue's bounds until they are set back.
    package func changeQuota(of queue: String, _ change: QuotaRequest) async throws -> QueueView {
        try await call(.PATCH, "/v1/quota?queue=\(PercentEncoding.encode(queue))", body: change)
    }

    /// Sets a queue's bounds back to the configuration.
    package func resetQuota(of queue: String) async throws -> QueueView {
        try await call(.DELETE, "/v1/quota?queue=\(PercentEncoding.encode(queue))")
    }

    package func reservations() async throws -> [ReservationView] {
        try await call(.GET, "/v1/reservations", as: ReservationList.self).items
    }

    package func reserve(_ request: ReservationRequest) async throws -> ReservationView {
        try await call(.POST, "/v1/reservations", body: request)
    }

    package func endReservation(named name: String) async throws -> ReservationView {
        try await call(.DELETE, "/v1/reservations/\(PercentEncoding.encode(name))")
    }

    /// Puts nothing new on a GPU, named by UUID or index.
    package func drain(_ gpu: String, reason: String) async throws -> DrainView {
        try await call(.POST, "/v1/gpus/\(PercentEncoding.encode(gpu))/drain", body: DrainRequest(reason: reason))
    }

    package func undrain(_ gpu: String) async throws -> DrainView {
        try await call(.DELETE, "/v1/gpus/\(PercentEncoding.encode(gpu))/drain")
    }
}
