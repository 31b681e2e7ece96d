package import Fleet

/// What a container or process needs so that it has the GPUs of a lease, and no others.
package struct ContainerEdits: Hashable, Sendable, Codable {
    package struct DeviceNode: Hashable, Sendable, Codable {
        package let path: String
        package let hostPath: String

        package init(path: String, hostPath: String) {
            self.path = path
            self.hostPath = hostPath
        }
    }

    package struct Mount: Hashable, Sendable, Codable {
        package let hostPath: String
        package let containerPath: String
        package let options: [String]

        package init(hostPath: String, containerPath: String, options: [String]) {
            self.hostPath = hostPath
            self.containerPath = containerPath
            self.options = options
        }
    }

    package struct Hook: Hashable, Sendable, Codable {
        /// A CDI hook name: `createContainer`.
        package let name: String
        package let path: String
        package let arguments: [String]

        package init(name: String, path: String, arguments: [String]) {
            self.name = name
            self.path = path
            self.arguments = arguments
        }
    }

    /// `NAME=value`, in order.
    package var environment: [String]
    package var deviceNodes: [DeviceNode]
    package var mounts: [Mount]
    package var hooks: [Hook]

    package init(environment: [String], deviceNodes: [DeviceNode], mounts: [Mount], hooks: [Hook]) {
        self.environment = environment
        self.deviceNodes = deviceNodes
        self.mounts = mounts
        self.hooks = hooks
    }
}

/// A lease made ready on the node.
package struct Preparation: Hashable, Sendable, Codable {
    /// The qualified CDI device: `divvy.dev/gpu=lease-17`.
    package let cdiDevice: String
    /// The file that describes it; nil where CDI specifications cannot be written.
    package let cdiSpecification: String?
    /// The same for an engine without CDI.
    package let edits: ContainerEdits
    /// For a plain process: `NAME=value` that makes programs use only these GPUs.
    package let processEnvironment: [String]
    /// For a plain process: device nodes of GPUs that are not its own, to be hidden from it.
    package let hiddenDevices: [String]
    /// For a plain process: files that stand in the place of others, for it and its children only, in this order.
    package let processMounts: [ContainerEdits.Mount]
    /// A plain process must ask to be admitted before it becomes the command; containers' hooks do that for them.
    package let needsAdmission: Bool

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

/// Makes leases hold on the node and takes that back.
package protocol LeasePreparer: Sendable {
    /// Makes a granted lease ready. Doing it again for the same lease gives the same result.
    func prepare(_ lease: Lease, on node: Node) async throws(PreparationError) -> Preparation

    /// Takes back what was prepared; doing it again is harmless.
    func dismiss(_ lease: LeaseID) async

    /// Brings what stands on disk into line with the leases that live: rewrites theirs, removes all others of ours.
    func reconcile(_ leases: [Lease], on node: Node) async throws(PreparationError)

    /// Puts limits on programs of a lease that are about to start; they are not to start if this fails.
    func admit(_ arrival: Arrival, of lease: Lease, on node: Node) async throws(PreparationError)

    /// What makes a lease hold, read back now, strongest first; empty where nothing of ours does.
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
}

extension LeasePreparer {
    package func admit(_ arrival: Arrival, of lease: Lease, on node: Node) async throws(PreparationError) {}
    package func readings(of lease: LeaseID) async -> [FenceReading] { [] }
    package func note(_ memory: [GPUID: [Int32: Bytes]]) async {}
    package func throttle(_ lease: LeaseID, _ isThrottled: Bool) async -> Bool { false }
    package func drain(_ lease: LeaseID) async {}
    package func ownProcesses() async -> [Int32] { [] }
}

/// Why a lease could not be made ready: what, where, and what to do.
package struct PreparationError: Error, Sendable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}
