package import Engine
package import Fleet

/// A lease as a client sees it: `divvy.v1/Lease`.
package struct LeaseView: Hashable, Sendable, Codable {
    package enum State: String, Hashable, Sendable, Codable, CaseIterable { case waiting, granted, ending, ended }

    package private(set) var schema = "divvy.v1/Lease"
    package var id: LeaseID
    @Nullable package var name: String?
    package var state: State
    /// The request in its canonical words: `1 x 0.5 of any GPU, 10 GiB each`.
    package var request: String
    package var tenant: TenantView
    package var askedAt: Timestamp
    @Nullable package var grantedAt: Timestamp?
    @Nullable package var endedAt: Timestamp?
    /// Also set while it is ending.
    @Nullable package var endReason: EndReason?
    /// When it ends by itself if nobody extends it.
    @Nullable package var deadline: Timestamp?
    /// When it lapses if it is not kept alive before.
    @Nullable package var lapsesAt: Timestamp?
    /// How long it has had its placement, by the ledger's clock, in seconds.
    @Nullable package var heldSeconds: Double?
    /// The shares of all its GPUs times the time it has had them.
    package var gpuSeconds: Double
    /// The path of its queue while it waits; else as its request named it, null when it named none.
    @Nullable package var queue: String?
    /// While it waits, with what waiting has added to it; else as its request named it.
    @Nullable package var priority: Int?
    /// Its place among those that wait, 1 is next; null when it does not wait.
    @Nullable package var position: Int?
    /// The earliest start by what is known now; null when nobody can know, and when it does not wait.
    @Nullable package var startsAt: Timestamp?
    /// Why it waits; only where one lease is asked for, or asked for by its id.
    @Nullable package var explanation: ExplanationView?
    /// It is to make room for another; null unless it is.
    @Nullable package var announcedEnd: AnnouncedEndView?
    /// How its GPUs are used; null where nobody measures.
    @Nullable package var idle: IdleView?
    @Nullable package var grade: Grade?
    /// What the grade keeps apart, in words.
    @Nullable package var fences: String?
    /// What makes it hold, read back, strongest first; empty where nothing of ours does, and in lists.
    package var heldBy: [FenceView] = []
    package var grants: [GrantView]
    @Nullable package var node: String?
    package var holder: HolderView
    /// What a client needs to use it; null while it waits and after it has ended.
    @Nullable package var preparation: PreparationView?
    /// Things worth knowing about how the request was read, one sentence each.
    package var notes: [String]

    package init(
        id: LeaseID, name: String?, state: State, request: String, tenant: TenantView, askedAt: Timestamp,
        grantedAt: Timestamp?, endedAt: Timestamp?, endReason: EndReason?, deadline: Timestamp?, lapsesAt: Timestamp?,
        heldSeconds: Double?, gpuSeconds: Double, queue: String? = nil, priority: Int? = nil, position: Int?,
        startsAt: Timestamp? = nil, explanation: ExplanationView? = nil, announcedEnd: AnnouncedEndView? = nil,
        idle: IdleView? = nil, grade: Grade?, fences: String?, grants: [GrantView], node: String?, holder: HolderView,
        preparation: PreparationView?, notes: [String] = []
    ) {
        self.id = id
        self.name = name
        self.state = state
        self.request = request
        self.tenant = tenant
        self.askedAt = askedAt
        self.grantedAt = grantedAt
        self.endedAt = endedAt
        self.endReason = endReason
        self.deadline = deadline
        self.lapsesAt = lapsesAt
        self.heldSeconds = heldSeconds
        self.gpuSeconds = gpuSeconds
        self.queue = queue
        self.priority = priority
        self.position = position
        self.startsAt = startsAt
        self.explanation = explanation
        self.announcedEnd = announcedEnd
        self.idle = idle
        self.grade = grade
        self.fences = fences
        self.grants = grants
        self.node = node
        self.holder = holder
        self.preparation = preparation
        self.notes = notes
    }
}

/// An end that is announced and can still be called off.
package struct AnnouncedEndView: Hashable, Sendable, Codable {
    /// Who is to get the room.
    package var beneficiary: LeaseID
    /// When its holder is stopped, if the room is still needed then.
    package var at: Timestamp

    package init(beneficiary: LeaseID, at: Timestamp) {
        self.beneficiary = beneficiary
        self.at = at
    }
}

/// How a lease's GPUs are used.
package struct IdleView: Hashable, Sendable, Codable {
    package var lastActive: Timestamp
    /// When its tenant was told that they are idle; null while there is no reason to.
    @Nullable package var warnedAt: Timestamp?

    package init(lastActive: Timestamp, warnedAt: Timestamp?) {
        self.lastActive = lastActive
        self.warnedAt = warnedAt
    }
}

/// Leases in the order of their ids: `divvy.v1/LeaseList`.
package struct LeaseList: Hashable, Sendable, Codable {
    package private(set) var schema = "divvy.v1/LeaseList"
    package var items: [LeaseView]

    package init(items: [LeaseView]) { self.items = items }
}

/// Who pays for a lease.
package struct TenantView: Hashable, Sendable, Codable {
    package var uid: UInt32
    package var name: String

    package init(uid: UInt32, name: String) {
        self.uid = uid
        self.name = name
    }
}

/// What one GPU gives to a lease.
package struct GrantView: Hashable, Sendable, Codable {
    package var gpu: GPUID
    /// null when the GPU is no longer on the node.
    @Nullable package var index: Int?
    @Nullable package var gpuName: String?
    /// Thousandths of the GPU's compute.
    package var milliGPU: Int32
    package var memoryBytes: Int64
    /// The slice of the GPU, as the driver tells it now; null where it is a share or the GPU, and when the slice is gone.
    @Nullable package var slice: SliceView?

    package init(
        gpu: GPUID, index: Int?, gpuName: String?, milliGPU: Int32, memoryBytes: Int64, slice: SliceView? = nil
    ) {
        self.slice = slice
        self.gpu = gpu
        self.index = index
        self.gpuName = gpuName
        self.milliGPU = milliGPU
        self.memoryBytes = memoryBytes
    }
}

/// What keeps a lease alive.
package struct HolderView: Hashable, Sendable, Codable {
    package enum Kind: String, Hashable, Sendable, Codable, CaseIterable { case nobody, process, starting, container }

    package var kind: Kind
    @Nullable package var pid: Int32?
    /// `docker` or `podman`.
    @Nullable package var engine: String?
    /// The container's full id.
    @Nullable package var container: String?

    package init(kind: Kind, pid: Int32? = nil, engine: String? = nil, container: String? = nil) {
        self.kind = kind
        self.pid = pid
        self.engine = engine
        self.container = container
    }
}

/// What a client needs to give a container or a process the GPUs of a lease.
package struct PreparationView: Hashable, Sendable, Codable {
    /// `divvy.dev/gpu=lease-17`.
    package var cdiDevice: String
    /// The file that describes the device; null where CDI specifications cannot be written.
    @Nullable package var cdiSpecification: String?
    /// The same for an engine without CDI.
    package var edits: ContainerEdits
    /// For a plain process: `NAME=value`.
    package var processEnvironment: [String]
    /// For a plain process: device nodes to be hidden from it.
    package var hiddenDevices: [String]
    /// For a plain process: files that stand in the place of others, in this order.
    package var processMounts: [ContainerEdits.Mount]
    /// A plain process must ask to be admitted before it becomes the command.
    package var needsAdmission: Bool

    package init(
        cdiDevice: String, cdiSpecification: String?, edits: ContainerEdits, processEnvironment: [String],
        hiddenDevices: [String], processMounts: [ContainerEdits.Mount] = [], needsAdmission: Bool = false
    ) {
        self.needsAdmission = needsAdmission
        self.processMounts = processMounts
        self.cdiDevice = cdiDevice
        self.cdiSpecification = cdiSpecification
        self.edits = edits
        self.processEnvironment = processEnvironment
        self.hiddenDevices = hiddenDevices
    }
}
