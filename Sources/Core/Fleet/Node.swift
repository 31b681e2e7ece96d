/// The driver that a node's GPUs were found through.
package struct DriverInfo: Hashable, Sendable, Codable {
    /// The driver's version: `535.261.03`.
    package let version: String
    /// The newest CUDA that it supports: `12.2`.
    package let cudaVersion: String?
    /// Where the library was loaded from.
    package let library: String
    /// Set by whoever started the daemon on a driver that is no hardware: `simulated (dgx-a100)`.
    package let note: String?

    package init(version: String, cudaVersion: String?, library: String, note: String?) {
        self.version = version
        self.cudaVersion = cudaVersion
        self.library = library
        self.note = note
    }
}

/// A machine with its GPUs, as its driver describes it.
package struct Node: Hashable, Sendable, Codable {
    package let name: String
    package let driver: DriverInfo?
    /// In the driver's order.
    package let gpus: [GPU]
    /// Row and column in the order of `gpus`; the diagonal holds no meaning.
    package let links: [[Link]]
    /// CPUs near each GPU as a list such as `0-15,64-79`, in the order of `gpus`.
    package let cpuAffinity: [String]
    /// Why there is no GPU to give, in one sentence; nil when there is one.
    package let whyEmpty: String?
    /// What makes shares of its GPUs hold; nil where nothing does.
    package var fence: ShareFence?

    package init(
        name: String, driver: DriverInfo?, gpus: [GPU], links: [[Link]], cpuAffinity: [String], whyEmpty: String?
    ) {
        self.name = name
        self.driver = driver
        self.gpus = gpus
        self.links = links
        self.cpuAffinity = cpuAffinity
        self.whyEmpty = whyEmpty
    }
}

/// What of a GPU can change from one look to the next and matters to decisions.
package struct GPUCondition: Hashable, Sendable, Codable {
    package var health: Health
    /// Memory that processes without a lease hold, rounded up; it is not sold.
    package var foreignMemory: Bytes
    /// The UUIDs of existing slices on which a process runs that the slice's lease has nothing to do with, sorted; nil
    /// where there are none.
    package var foreignSlices: [String]?

    package init(health: Health, foreignMemory: Bytes, foreignSlices: [String]? = nil) {
        self.health = health
        self.foreignMemory = foreignMemory
        self.foreignSlices = foreignSlices
    }

    package static let good = GPUCondition(health: .healthy, foreignMemory: .zero)
}

/// Everything a look at a node found that decisions depend on.
package struct NodeObservation: Hashable, Sendable, Codable {
    package let node: Node
    /// One for each GPU, in the order of `node.gpus`.
    package let conditions: [GPUCondition]

    package init(node: Node, conditions: [GPUCondition]) {
        precondition(conditions.count == node.gpus.count, "a condition for each GPU")
        self.node = node
        self.conditions = conditions
    }
}
