package import Fleet

/// Makes the share of a lease hold on this node.
///
/// Every call may be made again for the same lease and then changes nothing. What a driver does not answer in time is an
/// error, never a hang.
package protocol LeaseIsolation: Sendable {
    /// What shares of a node's GPUs can be fenced by, now.
    func fence(on node: Node) async -> ShareFence

    /// What must stand where the lease's programs run; nil when its grade needs nothing of ours. Programs that run
    /// meanwhile notice nothing.
    func hold(_ lease: Lease, on node: Node) async throws(PreparationError) -> ShareHold?

    /// Puts limits on programs of the lease that have been made and have not started: they are not to start if this
    /// fails.
    func admit(_ arrival: Arrival, of lease: Lease, on node: Node) async throws(PreparationError)

    /// Takes back what was put there.
    func release(_ lease: LeaseID) async

    /// Takes up what stands for leases that live, and removes what stands for others.
    func reconcile(_ leases: [Lease], on node: Node) async throws(PreparationError)

    /// What holds a lease, read back from where it holds, strongest first; empty when nothing does.
    func readings(of lease: LeaseID) async -> [FenceReading]

    /// Hears what the driver has just said of processes' memory, in bytes by pid, for each GPU where it says anything.
    func note(_ memory: [GPUID: [Int32: Bytes]]) async

    /// Keeps a lease's programs from the GPU's compute but for a trickle, or lets them have their share again; false
    /// where nothing of ours can do that.
    func throttle(_ lease: LeaseID, _ isThrottled: Bool) async -> Bool

    /// Ends what a lease's programs do on GPUs where their sudden end would harm others; they are stopped next.
    func drain(_ lease: LeaseID) async

    /// Processes that use GPUs to hold leases and belong to none.
    func ownProcesses() async -> [Int32]

    /// GPUs on which nobody new can be held, and why, in one sentence.
    func troubles() async -> [GPUID: String]
}

extension LeaseIsolation {
    package func drain(_ lease: LeaseID) async {}
    package func ownProcesses() async -> [Int32] { [] }
    package func troubles() async -> [GPUID: String] { [:] }
}

/// Programs of a lease that are about to start.
package struct Arrival: Hashable, Sendable {
    package enum Kind: Hashable, Sendable {
        /// The first process of a container: its cgroup is the container's own.
        case container
        /// A plain process, which lives in a cgroup with others until it is given one of its own.
        case process
    }

    package let kind: Kind
    package let process: ProcessIdentity

    package init(_ kind: Kind, _ process: ProcessIdentity) {
        self.kind = kind
        self.process = process
    }
}

/// What a lease's programs find so that its share holds.
package struct ShareHold: Hashable, Sendable {
    /// A library of ours, and of which of the driver's it takes the place: `libcuda.so`, whatever follows.
    package struct Library: Hashable, Sendable {
        package let name: String
        package let path: String
        /// The share does not hold where the driver's library is found and ours is not.
        package let isFence: Bool

        package init(name: String, path: String, isFence: Bool) {
            self.name = name
            self.path = path
            self.isFence = isFence
        }
    }

    /// What stands wherever a container finds libraries of the driver.
    package var libraries: [Library]
    /// What stands beside that in a container.
    package var mounts: [ContainerEdits.Mount]
    /// The same for a plain process, which sees the machine's files.
    package var processMounts: [ContainerEdits.Mount]
    /// `NAME=value` for containers, and for plain processes.
    package var environment: [String]
    package var processEnvironment: [String]
    /// Its programs must be admitted before they start; see `LeaseIsolation.admit`.
    package var needsAdmission: Bool

    package init(
        libraries: [Library] = [], mounts: [ContainerEdits.Mount] = [], processMounts: [ContainerEdits.Mount] = [],
        environment: [String] = [], processEnvironment: [String] = [], needsAdmission: Bool = false
    ) {
        self.libraries = libraries
        self.mounts = mounts
        self.processMounts = processMounts
        self.environment = environment
        self.processEnvironment = processEnvironment
        self.needsAdmission = needsAdmission
    }
}

/// What makes a lease hold, as it is where its programs meet it, and what they hold now.
package struct FenceReading: Hashable, Sendable {
    package enum Means: String, Hashable, Sendable, Codable, CaseIterable {
        /// A hardware partition.
        case slice
        /// The driver's memory limits of cgroups.
        case driverLimits = "driver-limits"
        /// Multi-process service.
        case mps
        case limiter
        /// The driver's own time slices, which hold nothing.
        case timeSlices = "time-slices"
    }

    package struct Part: Hashable, Sendable {
        package let gpu: GPUID
        /// nil where this means does not limit it.
        package let memoryLimit: Bytes?
        package let share: Share?
        /// What living programs hold now; nil where it cannot be read.
        package let memoryUsed: Bytes?
        /// The most that they ever held.
        package let memoryPeak: Bytes?
        /// How often they were refused memory.
        package let refusals: UInt64?
        /// What else was read, for people: `server 4711, 2 clients`.
        package let detail: String?

        package init(
            gpu: GPUID, memoryLimit: Bytes? = nil, share: Share? = nil, memoryUsed: Bytes? = nil,
            memoryPeak: Bytes? = nil, refusals: UInt64? = nil, detail: String? = nil
        ) {
            self.gpu = gpu
            self.memoryLimit = memoryLimit
            self.share = share
            self.memoryUsed = memoryUsed
            self.memoryPeak = memoryPeak
            self.refusals = refusals
            self.detail = detail
        }
    }

    package let means: Means
    /// Where it was read: a directory, a cgroup, a pipe directory, a device.
    package let source: String
    package let parts: [Part]

    package init(means: Means, source: String, parts: [Part]) {
        self.means = means
        self.source = source
        self.parts = parts
    }
}
