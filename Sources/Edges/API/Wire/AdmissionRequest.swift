/// Programs of a lease that are about to start: `divvy.v1/AdmissionRequest`.
package struct AdmissionRequest: Hashable, Sendable, Encodable {
    @Nullable package private(set) var schema: String? = AdmissionRequest.schemaName
    /// The first process of a container, as the daemon's machine counts; null means the process that makes the call.
    ///
    /// Only root and the daemon's user can name another process.
    @Nullable package var container: Int32?

    package static let schemaName = "divvy.v1/AdmissionRequest"

    package init(container: Int32? = nil) { self.container = container }

    package enum CodingKeys: String, CodingKey, CaseIterable { case schema, container }
}

extension AdmissionRequest: Decodable {
    package init(from decoder: any Decoder) throws {
        try decoder.refuseUnknownFields(except: CodingKeys.allCases.map(\.rawValue))
        let values = try decoder.container(keyedBy: CodingKeys.self)
        schema = try values.decodeIfPresent(String.self, forKey: .schema)
        container = try values.decodeIfPresent(Int32.self, forKey: .container)
    }
}
