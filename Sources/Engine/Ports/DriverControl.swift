package import Fleet

/// What Divvy changes in a driver to make shares hold.
package protocol DriverControl: Sendable {
    /// What the processes of a cgroup may hold of a GPU's memory, and what they do hold. `cgroup` is the full path of its
    /// directory.
    func memoryLimits(ofCgroup cgroup: String, on gpu: GPUID) async throws(DriverControlError) -> MemoryLimitReading

    /// Sets that; nil is no limit. A soft limit is a reservation: it is to be nothing before the cgroup goes, or the
    /// cgroups above keep it.
    func setMemoryLimits(_ limits: MemoryLimits, ofCgroup cgroup: String, on gpu: GPUID)
        async throws(DriverControlError)

    func computeMode(of gpu: GPUID) async throws(DriverControlError) -> ComputeMode
    func setComputeMode(_ mode: ComputeMode, of gpu: GPUID) async throws(DriverControlError)
}

/// How many processes may compute on a GPU at a time; the raw values are NVML's.
package enum ComputeMode: UInt32, Hashable, Sendable, Codable {
    case `default` = 0
    case prohibited = 2
    case exclusiveProcess = 3
}

/// The driver's memory limits of a cgroup on one GPU.
package struct MemoryLimits: Hashable, Sendable {
    /// So much is kept for it; what it holds beyond is given up first.
    package let soft: Bytes
    /// Beyond it nothing is given; nil is no limit.
    package let hard: Bytes?

    package init(soft: Bytes, hard: Bytes?) {
        self.soft = soft
        self.hard = hard
    }

    package static let none = MemoryLimits(soft: .zero, hard: nil)
}

package struct MemoryLimitReading: Hashable, Sendable {
    package let limits: MemoryLimits
    package let used: Bytes

    package init(limits: MemoryLimits, used: Bytes) {
        self.limits = limits
        self.used = used
    }
}

/// Why the driver did not do it.
package enum DriverControlError: Error, Hashable, Sendable, CustomStringConvertible {
    /// This driver, this GPU or this mode of it does not know it; the payload says what and why.
    case unsupported(String)
    case noPermission(String)
    /// The driver does not know the GPU.
    case unknownGPU(GPUID)
    /// The driver does not know the cgroup.
    case unknownCgroup(String)
    /// It did not answer in time.
    case timedOut(String)
    case failed(String)

    package var description: String {
        switch self {
        case .unsupported(let what), .noPermission(let what), .timedOut(let what), .failed(let what): what
        case .unknownGPU(let gpu): "the driver does not list GPU \(gpu); see 'nvidia-smi -L'"
        case .unknownCgroup(let path): "the driver finds no cgroup at \(path)"
        }
    }
}
