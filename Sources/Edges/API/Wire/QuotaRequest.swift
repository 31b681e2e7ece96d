/// What is to change of a queue's bounds: `divvy.v1/QuotaRequest`.
///
/// What is left out stays as it is; null takes a bound away.
package struct QuotaRequest: Hashable, Sendable {
    /// Of one bound, what is to change.
    package struct Bound: Hashable, Sendable {
        /// nil leaves it; a nil inside takes it away.
        package var milliGPU: Int64??
        package var memoryBytes: Int64??

        package init(milliGPU: Int64?? = nil, memoryBytes: Int64?? = nil) {
            self.milliGPU = milliGPU
            self.memoryBytes = memoryBytes
        }

        package var isEmpty: Bool { milliGPU == nil && memoryBytes == nil }
    }

    package var guaranteed: Bound?
    package var maximum: Bound?
    package var tenantMaximum: Bound?
    package var weight: Int64?

    package static let schemaName = "divvy.v1/QuotaRequest"

    package init(
        guaranteed: Bound? = nil, maximum: Bound? = nil, tenantMaximum: Bound? = nil, weight: Int64? = nil
    ) {
        self.guaranteed = guaranteed
        self.maximum = maximum
        self.tenantMaximum = tenantMaximum
        self.weight = weight
    }
}

extension QuotaRequest: Codable {
    package enum CodingKeys: String, CodingKey, CaseIterable { case schema, guaranteed, maximum, tenantMaximum, weight }

    package init(from decoder: any Decoder) throws {
        try decoder.refuseUnknownFields(except: CodingKeys.allCases.map(\.rawValue))
        let container = try decoder.container(keyedBy: CodingKeys.self)
        try container.check(schema: Self.schemaName, forKey: .schema)
        guaranteed = try container.decodeIfPresent(Bound.self, forKey: .guaranteed)
        maximum = try container.decodeIfPresent(Bound.self, forKey: .maximum)
        tenantMaximum = try container.decodeIfPresent(Bound.self, forKey: .tenantMaximum)
        weight = try container.decodeIfPresent(Int64.self, forKey: .weight)
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(Self.schemaName, forKey: .schema)
        try container.encodeIfPresent(guaranteed, forKey: .guaranteed)
        try container.encodeIfPresent(maximum, forKey: .maximum)
        try container.encodeIfPresent(tenantMaximum, forKey: .tenantMaximum)
        try container.encodeIfPresent(weight, forKey: .weight)
    }
}

extension QuotaRequest.Bound: Codable {
    package enum CodingKeys: String, CodingKey, CaseIterable { case milliGPU, memoryBytes }

    package init(from decoder: any Decoder) throws {
        try decoder.refuseUnknownFields(except: CodingKeys.allCases.map(\.rawValue))
        let container = try decoder.container(keyedBy: CodingKeys.self)
        func bound(_ key: CodingKeys) throws -> Int64?? {
            container.contains(key) ? .some(try container.decodeIfPresent(Int64.self, forKey: key)) : nil
        }
        milliGPU = try bound(.milliGPU)
        memoryBytes = try bound(.memoryBytes)
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        if let milliGPU { try container.encode(milliGPU, forKey: .milliGPU) }
        if let memoryBytes { try container.encode(memoryBytes, forKey: .memoryBytes) }
    }
}
