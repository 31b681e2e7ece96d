/// Room that is kept for somebody: `divvy.v1/Reservation`.
package struct ReservationView: Hashable, Sendable, Codable {
    package private(set) var schema = "divvy.v1/Reservation"
    /// What a request names to use it.
    package var name: String
    /// The request in its canonical words.
    package var request: String
    package var maker: TenantView
    /// Names of the tenants who may use it; empty means its maker.
    package var tenants: [String]
    package var from: Timestamp
    package var until: Timestamp
    /// 0 when it has begun.
    package var startsInSeconds: Double
    package var lengthSeconds: Double
    /// The room that is kept.
    package var grants: [GrantView]

    package init(
        name: String, request: String, maker: TenantView, tenants: [String], from: Timestamp, until: Timestamp,
        startsInSeconds: Double, lengthSeconds: Double, grants: [GrantView]
    ) {
        self.name = name
        self.request = request
        self.maker = maker
        self.tenants = tenants
        self.from = from
        self.until = until
        self.startsInSeconds = startsInSeconds
        self.lengthSeconds = lengthSeconds
        self.grants = grants
    }
}

/// Reservations by their beginnings: `divvy.v1/ReservationList`.
package struct ReservationList: Hashable, Sendable, Codable {
    package private(set) var schema = "divvy.v1/ReservationList"
    package var items: [ReservationView]

    package init(items: [ReservationView]) { self.items = items }
}

/// Room that somebody wants kept: `divvy.v1/ReservationRequest`.
package struct ReservationRequest: Hashable, Sendable, Encodable {
    @Nullable package private(set) var schema: String? = ReservationRequest.schemaName
    package var name: String
    package var request: LeaseRequest
    /// null: as soon as it fits.
    @Nullable package var from: Timestamp?
    /// How long it is kept: `2h`.
    package var duration: String
    /// Names of the tenants who may use it; null and empty mean whoever makes it.
    @Nullable package var tenants: [String]?

    package static let schemaName = "divvy.v1/ReservationRequest"

    package init(
        name: String, request: LeaseRequest, from: Timestamp? = nil, duration: String, tenants: [String]? = nil
    ) {
        self.name = name
        self.request = request
        self.from = from
        self.duration = duration
        self.tenants = tenants
    }

    package enum CodingKeys: String, CodingKey, CaseIterable { case schema, name, request, from, duration, tenants }
}

extension ReservationRequest: Decodable {
    package init(from decoder: any Decoder) throws {
        try decoder.refuseUnknownFields(except: CodingKeys.allCases.map(\.rawValue))
        let container = try decoder.container(keyedBy: CodingKeys.self)
        try container.check(schema: Self.schemaName, forKey: .schema)
        name = try container.decode(String.self, forKey: .name)
        request = try container.decode(LeaseRequest.self, forKey: .request)
        from = try container.decodeIfPresent(Timestamp.self, forKey: .from)
        duration = try container.decode(String.self, forKey: .duration)
        tenants = try container.decodeIfPresent([String].self, forKey: .tenants)
    }
}
