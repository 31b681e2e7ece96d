package import Fleet

/// A GPU as it is now: what it is, what is free on it, who has the rest.
package struct GPUView: Hashable, Sendable, Codable {
    package struct Memory: Hashable, Sendable, Codable {
        package var totalBytes: Int64
        /// What the driver keeps for itself.
        package var reservedBytes: Int64
        /// What leases can be granted from.
        package var allocatableBytes: Int64
        @Nullable package var usedBytes: Int64?
        /// What processes without a lease hold.
        package var foreignBytes: Int64

        package init(
            totalBytes: Int64, reservedBytes: Int64, allocatableBytes: Int64, usedBytes: Int64?, foreignBytes: Int64
        ) {
            self.totalBytes = totalBytes
            self.reservedBytes = reservedBytes
            self.allocatableBytes = allocatableBytes
            self.usedBytes = usedBytes
            self.foreignBytes = foreignBytes
        }
    }

    package struct Health: Hashable, Sendable, Codable {
        package enum State: String, Hashable, Sendable, Codable, CaseIterable { case healthy, unhealthy, lost }

        package var state: State
        @Nullable package var reason: String?

        package init(state: State, reason: String?) {
            self.state = state
            self.reason = reason
        }
    }

    /// The UUID that the driver reports.
    package var id: GPUID
    /// Position in the driver's order, for display.
    package var index: Int
    /// The number in `/dev/nvidiaN`.
    package var minor: Int
    package var name: String
    /// The model's words, which requests are matched against: `a100-sxm4-40gb`.
    package var model: String
    package var memory: Memory
    @Nullable package var computeCapability: String?
    @Nullable package var multiprocessors: Int?
    package var pciAddress: String
    @Nullable package var numaNode: Int?
    package var mig: GPU.MIGMode
    /// The slices that it is cut into; null where it is not cut.
    @Nullable package var slices: [SliceView]?
    package var health: Health
    /// Why it gets no new leases; null when it does.
    @Nullable package var drained: String?
    /// What a new lease could still get of it.
    package var freeMilliGPU: Int32
    package var freeBytes: Int64
    /// The leases that have a part of it, oldest first.
    package var leases: [LeaseID]
    package var reading: ReadingView
    package var processes: [ProcessView]

    package init(
        id: GPUID, index: Int, minor: Int, name: String, model: String, memory: Memory, computeCapability: String?,
        multiprocessors: Int?, pciAddress: String, numaNode: Int?, mig: GPU.MIGMode, health: Health,
        drained: String? = nil, freeMilliGPU: Int32, freeBytes: Int64, leases: [LeaseID], reading: ReadingView,
        processes: [ProcessView], slices: [SliceView]? = nil
    ) {
        self.slices = slices
        self.id = id
        self.index = index
        self.minor = minor
        self.name = name
        self.model = model
        self.memory = memory
        self.computeCapability = computeCapability
        self.multiprocessors = multiprocessors
        self.pciAddress = pciAddress
        self.numaNode = numaNode
        self.mig = mig
        self.health = health
        self.drained = drained
        self.freeMilliGPU = freeMilliGPU
        self.freeBytes = freeBytes
        self.leases = leases
        self.reading = reading
        self.processes = processes
    }
}

/// One look at a GPU's sensors; null where there is no such reading.
package struct ReadingView: Hashable, Sendable, Codable {
    @Nullable package var utilisationPercent: Int?
    @Nullable package var memoryUtilisationPercent: Int?
    @Nullable package var powerWatts: Double?
    @Nullable package var powerLimitWatts: Double?
    /// Since the driver was loaded.
    @Nullable package var energyJoules: Double?
    @Nullable package var temperatureCelsius: Int?
    @Nullable package var fanPercent: Int?
    @Nullable package var smClockMegahertz: Int?
    @Nullable package var memoryClockMegahertz: Int?
    @Nullable package var eccCorrected: Int64?
    @Nullable package var eccUncorrected: Int64?

    package init(
        utilisationPercent: Int? = nil, memoryUtilisationPercent: Int? = nil, powerWatts: Double? = nil,
        powerLimitWatts: Double? = nil, energyJoules: Double? = nil, temperatureCelsius: Int? = nil,
        fanPercent: Int? = nil, smClockMegahertz: Int? = nil, memoryClockMegahertz: Int? = nil,
        eccCorrected: Int64? = nil, eccUncorrected: Int64? = nil
    ) {
        self.utilisationPercent = utilisationPercent
        self.memoryUtilisationPercent = memoryUtilisationPercent
        self.powerWatts = powerWatts
        self.powerLimitWatts = powerLimitWatts
        self.energyJoules = energyJoules
        self.temperatureCelsius = temperatureCelsius
        self.fanPercent = fanPercent
        self.smClockMegahertz = smClockMegahertz
        self.memoryClockMegahertz = memoryClockMegahertz
        self.eccCorrected = eccCorrected
        self.eccUncorrected = eccUncorrected
    }
}

/// A process that the driver sees on a GPU; a foreign one when it has no lease.
package struct ProcessView: Hashable, Sendable, Codable {
    package var pid: Int32
    @Nullable package var memoryBytes: Int64?
    @Nullable package var uid: UInt32?
    @Nullable package var user: String?
    @Nullable package var command: String?
    @Nullable package var cgroup: String?
    /// The UUID of the slice that it runs on; null where the GPU is not cut, or nobody can tell.
    @Nullable package var slice: String?
    @Nullable package var lease: LeaseID?

    package init(
        pid: Int32, memoryBytes: Int64?, uid: UInt32?, user: String?, command: String?, cgroup: String?,
        slice: String? = nil, lease: LeaseID?
    ) {
        self.slice = slice
        self.pid = pid
        self.memoryBytes = memoryBytes
        self.uid = uid
        self.user = user
        self.command = command
        self.cgroup = cgroup
        self.lease = lease
    }
}
