package import Fleet

/// What one look found on the GPUs that answered, for the watchdog.
package struct WatchdogLook: Sendable {
    /// A process on a GPU.
    package struct Process: Hashable, Sendable {
        package let pid: Int32
        package let startTicks: UInt64
        /// nil where the driver does not tell.
        package let memory: Bytes?
        /// Per cent of the GPU's time in the last second or two; nil where the driver does not tell.
        package let busyPercent: Int?
        package let user: String?
        package let command: String?
        package let owner: Owner
        /// Nothing is done about it but telling, whatever the settings say of others.
        package let isSpared: Bool

        package init(
            pid: Int32, startTicks: UInt64, memory: Bytes?, busyPercent: Int?, user: String? = nil,
            command: String? = nil, owner: Owner, isSpared: Bool = false
        ) {
            self.pid = pid
            self.startTicks = startTicks
            self.memory = memory
            self.busyPercent = busyPercent
            self.user = user
            self.command = command
            self.owner = owner
            self.isSpared = isSpared
        }
    }

    /// Whose a process is.
    package enum Owner: Hashable, Sendable {
        case nobody
        case lease(LeaseID)
        /// It belongs to one of several leases, and nobody can say to which.
        case someLease
        /// It is a part of Divvy, such as a server through which leases reach the GPU.
        case divvy
    }

    package struct GPU: Sendable {
        package let id: GPUID
        /// By pid.
        package let processes: [Process]

        package init(id: GPUID, processes: [Process]) {
            self.id = id
            self.processes = processes
        }
    }

    /// What a lease may have of a GPU.
    package struct Grant: Hashable, Sendable {
        package let lease: LeaseID
        package let gpu: GPUID
        package let share: Share
        package let memory: Bytes
        package let grade: Grade
        /// Whether it is a hardware partition.
        package let isSlice: Bool
        /// Its holder is still to be stopped; it is let be until then.
        package let isEnding: Bool

        package init(
            lease: LeaseID, gpu: GPUID, share: Share, memory: Bytes, grade: Grade, isSlice: Bool, isEnding: Bool
        ) {
            self.lease = lease
            self.gpu = gpu
            self.share = share
            self.memory = memory
            self.grade = grade
            self.isSlice = isSlice
            self.isEnding = isEnding
        }
    }

    /// GPUs whose driver answered; of any other nothing is known this time.
    package let gpus: [GPU]
    /// GPUs that are there, whether they answered or not.
    package let present: Set<GPUID>
    package let grants: [Grant]

    package init(gpus: [GPU], present: Set<GPUID>, grants: [Grant]) {
        self.gpus = gpus
        self.present = present
        self.grants = grants
    }
}
