package import Fleet

/// Whether a GPU gets new leases: `divvy.v1/Drain`.
package struct DrainView: Hashable, Sendable, Codable {
    package private(set) var schema = "divvy.v1/Drain"
    package var gpu: GPUID
    package var index: Int
    /// Why it gets no new leases; null when it does.
    @Nullable package var reason: String?
    /// The leases that still have a part of it.
    package var leases: [LeaseID]

    package init(gpu: GPUID, index: Int, reason: String?, leases: [LeaseID]) {
        self.gpu = gpu
        self.index = index
        self.reason = reason
        self.leases = leases
    }
}

/// Why a GPU is to get no new leases: `divvy.v1/DrainRequest`.
package struct DrainRequest: Hashable, Sendable, Encodable {
    @Nullable package private(set) var schema: String? = DrainRequest.schemaName
    package var reason: String

    package static let schemaName = "divvy.v1/DrainRequest"

    package init(reason: String) { self.reason = reason }

    package enum CodingKeys: String, CodingKey, CaseIterable { case schema, reason }
}

extension DrainRequest: Decodable {
    package init(from decoder: any Decoder) throws {
        try decoder.refuseUnknownFields(except: CodingKeys.allCases.map(\.rawValue))
        let container = try decoder.container(keyedBy: CodingKeys.self)
        try container.check(schema: Self.schemaName, forKey: .schema)
        reason = try container.decode(String.self, forKey: .reason)
    }
}
