/// What a client asks for: `divvy.v1/LeaseRequest`. The values are the command line's, in its words.
///
/// A field that is not known is refused: a slip such as `gpu` for `gpus` must not become a whole GPU.
package struct LeaseRequest: Hashable, Sendable, Encodable {
    package struct Holder: Hashable, Sendable, Codable {
        package enum Kind: String, Hashable, Sendable, Codable, CaseIterable { case nobody, process, starting }

        /// `process` and `starting` mean the process that makes the call; nobody else can be named.
        package var kind: Kind
        /// The container engine whose command line the process is about to become; only for `starting`.
        @Nullable package var engine: String?

        package init(kind: Kind, engine: String? = nil) {
            self.kind = kind
            self.engine = engine
        }
    }

    @Nullable package private(set) var schema: String? = LeaseRequest.schemaName
    @Nullable package var gpus: String?
    /// On how many different nodes.
    @Nullable package var nodes: Int?
    /// So much compute on each GPU, whichever GPU that is: `40tflops`, `0.5xa100`.
    @Nullable package var compute: String?
    @Nullable package var slice: String?
    @Nullable package var gpuMemory: String?
    @Nullable package var grade: String?
    @Nullable package var share: String?
    /// What a share may use while others idle: `no`, `any`, `0.8`.
    @Nullable package var burst: String?
    /// Host memory that stands in once the GPU's is used up: `8GiB`.
    @Nullable package var gpuMemorySpill: String?
    @Nullable package var topology: String?
    /// Whom it keeps away from: `db` on a GPU, `node:db` on a node.
    @Nullable package var antiAffinity: String?
    @Nullable package var placement: String?
    /// How long the lease lives: `2h`; null means until it is given back.
    @Nullable package var duration: String?
    @Nullable package var queue: String?
    /// The reservation whose room it uses.
    @Nullable package var reservation: String?
    @Nullable package var priority: Int?
    /// How long to wait for room: `30m`; the empty text waits without limit, like null.
    @Nullable package var wait: String?
    @Nullable package var noWait: Bool?
    @Nullable package var name: String?
    /// How long the lease lives without being kept alive: `30s`.
    @Nullable package var keepAlive: String?
    @Nullable package var holder: Holder?

    package static let schemaName = "divvy.v1/LeaseRequest"

    package init(
        gpus: String? = nil, nodes: Int? = nil, compute: String? = nil, slice: String? = nil, gpuMemory: String? = nil,
        grade: String? = nil, share: String? = nil, burst: String? = nil, gpuMemorySpill: String? = nil,
        topology: String? = nil, antiAffinity: String? = nil,
        placement: String? = nil,
        duration: String? = nil, queue: String? = nil, reservation: String? = nil, priority: Int? = nil,
        wait: String? = nil, noWait: Bool? = nil, name: String? = nil, keepAlive: String? = nil, holder: Holder? = nil
    ) {
        self.gpus = gpus
        self.nodes = nodes
        self.compute = compute
        self.slice = slice
        self.gpuMemory = gpuMemory
        self.grade = grade
        self.share = share
        self.burst = burst
        self.gpuMemorySpill = gpuMemorySpill
        self.topology = topology
        self.antiAffinity = antiAffinity
        self.placement = placement
        self.duration = duration
        self.queue = queue
        self.reservation = reservation
        self.priority = priority
        self.wait = wait
        self.noWait = noWait
        self.name = name
        self.keepAlive = keepAlive
        self.holder = holder
    }

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case schema, gpus, nodes, compute, slice, gpuMemory, grade, share, burst, gpuMemorySpill, topology,
            antiAffinity,
            placement, duration, queue
        case reservation, priority, wait, noWait, name, keepAlive, holder
    }
}

extension LeaseRequest: Decodable {
    package init(from decoder: any Decoder) throws {
        try decoder.refuseUnknownFields(except: CodingKeys.allCases.map(\.rawValue))
        let container = try decoder.container(keyedBy: CodingKeys.self)
        schema = try container.decodeIfPresent(String.self, forKey: .schema)
        gpus = try container.decodeIfPresent(String.self, forKey: .gpus)
        nodes = try container.decodeIfPresent(Int.self, forKey: .nodes)
        compute = try container.decodeIfPresent(String.self, forKey: .compute)
        slice = try container.decodeIfPresent(String.self, forKey: .slice)
        gpuMemory = try container.decodeIfPresent(String.self, forKey: .gpuMemory)
        grade = try container.decodeIfPresent(String.self, forKey: .grade)
        share = try container.decodeIfPresent(String.self, forKey: .share)
        burst = try container.decodeIfPresent(String.self, forKey: .burst)
        gpuMemorySpill = try container.decodeIfPresent(String.self, forKey: .gpuMemorySpill)
        topology = try container.decodeIfPresent(String.self, forKey: .topology)
        placement = try container.decodeIfPresent(String.self, forKey: .placement)
        antiAffinity = try container.decodeIfPresent(String.self, forKey: .antiAffinity)
        duration = try container.decodeIfPresent(String.self, forKey: .duration)
        queue = try container.decodeIfPresent(String.self, forKey: .queue)
        reservation = try container.decodeIfPresent(String.self, forKey: .reservation)
        priority = try container.decodeIfPresent(Int.self, forKey: .priority)
        wait = try container.decodeIfPresent(String.self, forKey: .wait)
        noWait = try container.decodeIfPresent(Bool.self, forKey: .noWait)
        name = try container.decodeIfPresent(String.self, forKey: .name)
        keepAlive = try container.decodeIfPresent(String.self, forKey: .keepAlive)
        holder = try container.decodeIfPresent(Holder.self, forKey: .holder)
    }
}

/// How much later a lease is to end: `divvy.v1/ExtendRequest`.
package struct ExtendRequest: Hashable, Sendable, Encodable {
    @Nullable package private(set) var schema: String? = ExtendRequest.schemaName
    /// `1h`.
    package var duration: String

    package static let schemaName = "divvy.v1/ExtendRequest"

    package init(duration: String) { self.duration = duration }

    package enum CodingKeys: String, CodingKey, CaseIterable { case schema, duration }
}

extension ExtendRequest: Decodable {
    package init(from decoder: any Decoder) throws {
        try decoder.refuseUnknownFields(except: CodingKeys.allCases.map(\.rawValue))
        let container = try decoder.container(keyedBy: CodingKeys.self)
        schema = try container.decodeIfPresent(String.self, forKey: .schema)
        duration = try container.decode(String.self, forKey: .duration)
    }
}
