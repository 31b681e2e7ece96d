/// A process that the driver sees on a GPU.
package struct GPUProcess: Hashable, Sendable, Codable {
    package let pid: Int32
    /// Field 22 of `/proc/PID/stat`, which tells it from a later process with the same pid; nil where it is not known.
    package let startTicks: UInt64?
    /// nil where the driver does not tell.
    package let memory: Bytes?
    package let uid: UInt32?
    package let user: String?
    package let command: String?
    /// The process's cgroup path, `/proc/PID/cgroup`.
    package let cgroup: String?
    /// Per cent of the last second or so in which it had work on the GPU; nil where the driver does not tell.
    package let busyPercent: Int?
    /// The UUID of the MIG device that it runs on; nil where the GPU is not cut, or nobody can tell.
    package let slice: String?
    /// The lease that it runs under; nil for a foreign process.
    package var lease: LeaseID?

    package init(
        pid: Int32, memory: Bytes?, uid: UInt32?, user: String?, command: String?, cgroup: String?,
        busyPercent: Int? = nil, slice: String? = nil, startTicks: UInt64? = nil, lease: LeaseID?
    ) {
        self.slice = slice
        self.pid = pid
        self.startTicks = startTicks
        self.memory = memory
        self.uid = uid
        self.user = user
        self.command = command
        self.cgroup = cgroup
        self.busyPercent = busyPercent
        self.lease = lease
    }
}

/// One look at a GPU's sensors; nil where there is no such reading, never a made-up zero.
package struct GPUReading: Hashable, Sendable, Codable {
    package var memoryUsed: Bytes?
    /// Per cent of the last sample period in which a kernel ran.
    package var utilisationPercent: Int?
    package var memoryUtilisationPercent: Int?
    package var powerMilliwatts: Int64?
    package var powerLimitMilliwatts: Int64?
    package var energyMillijoules: Int64?
    package var temperatureCelsius: Int?
    package var fanPercent: Int?
    package var smClockMegahertz: Int?
    package var memoryClockMegahertz: Int?
    package var eccCorrected: Int64?
    package var eccUncorrected: Int64?
    package var processes: [GPUProcess]

    package init() { processes = [] }
}
