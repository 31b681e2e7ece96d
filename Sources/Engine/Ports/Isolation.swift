package import Fleet

/// Makes the share of a lease hold on this node.
///
/// Its calls touch files only and do not wait.
package protocol LeaseIsolation: Sendable {
    /// What must stand where the lease's programs run; nil when its grade needs nothing of ours. Doing it again for the
    /// same lease gives the same, and programs that run meanwhile notice nothing.
    func hold(_ lease: Lease, on node: Node) throws(PreparationError) -> ShareHold?

    /// Takes back what was put there; doing it again is harmless.
    func release(_ lease: LeaseID)

    /// Takes up what stands for leases that live, and removes what stands for others.
    func reconcile(_ leases: [Lease], on node: Node) throws(PreparationError)

    /// What holds a lease, read back; nil when nothing does.
    func reading(of lease: LeaseID) -> FenceReading?
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
    package let libraries: [Library]
    /// What stands beside that in a container.
    package let mounts: [ContainerEdits.Mount]
    /// The same for a plain process, which sees the machine's files.
    package let processMounts: [ContainerEdits.Mount]

    package init(libraries: [Library], mounts: [ContainerEdits.Mount], processMounts: [ContainerEdits.Mount]) {
        self.libraries = libraries
        self.mounts = mounts
        self.processMounts = processMounts
    }
}

/// What makes a lease hold, as it is written where its programs find it, and what they hold now.
package struct FenceReading: Hashable, Sendable {
    package struct Part: Hashable, Sendable {
        package let gpu: GPUID
        package let memoryLimit: Bytes
        package let share: Share
        /// What living programs hold now; nil where their books cannot be read.
        package let memoryUsed: Bytes?
        /// The most that they ever held.
        package let memoryPeak: Bytes?
        /// How often they were refused memory.
        package let refusals: UInt64?

        package init(
            gpu: GPUID, memoryLimit: Bytes, share: Share, memoryUsed: Bytes?, memoryPeak: Bytes?, refusals: UInt64?
        ) {
            self.gpu = gpu
            self.memoryLimit = memoryLimit
            self.share = share
            self.memoryUsed = memoryUsed
            self.memoryPeak = memoryPeak
            self.refusals = refusals
        }
    }

    /// `limiter`.
    package let means: String
    /// The directory that the limits were read from.
    package let directory: String
    package let parts: [Part]

    package init(means: String, directory: String, parts: [Part]) {
        self.means = means
        self.directory = directory
        self.parts = parts
    }
}
