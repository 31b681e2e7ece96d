/// The process with which a lease ends from now on: `divvy.v1/HandoverRequest`.
package struct HandoverRequest: Hashable, Sendable, Encodable {
    @Nullable package private(set) var schema: String? = HandoverRequest.schemaName
    /// As the daemon's machine counts. It must be the caller's own, unless root or the daemon's user calls.
    package var pid: Int32

    package static let schemaName = "divvy.v1/HandoverRequest"

    package init(pid: Int32) { self.pid = pid }

    package enum CodingKeys: String, CodingKey, CaseIterable { case schema, pid }
}

extension HandoverRequest: Decodable {
    package init(from decoder: any Decoder) throws {
        try decoder.refuseUnknownFields(except: CodingKeys.allCases.map(\.rawValue))
        let values = try decoder.container(keyedBy: CodingKeys.self)
        schema = try values.decodeIfPresent(String.self, forKey: .schema)
        pid = try values.decode(Int32.self, forKey: .pid)
    }
}
