package import Fleet

/// A slice that a GPU is cut into: a MIG device, as its driver tells it now.
package struct SliceView: Hashable, Sendable, Codable {
    /// `MIG-` and more, as CUDA names it.
    package var uuid: String
    /// Its place in the driver's order, as in `device=0:1`.
    package var index: Int
    /// `3g.20gb`, as `--slice` takes it.
    package var profile: String
    /// The driver's number of that profile.
    package var profileID: Int
    package var gpuInstance: Int
    package var computeInstance: Int
    /// The memory slot that it begins at.
    package var start: Int
    package var memoryBytes: Int64
    /// Streaming multiprocessors.
    @Nullable package var multiprocessors: Int?
    /// Whether a lease can have it: one that shares its GPU instance with others fences nothing.
    package var isGrantable: Bool
    /// Who has it.
    @Nullable package var lease: LeaseID?
    /// Whether a process runs on it that its lease has nothing to do with.
    package var isForeign: Bool

    package init(
        uuid: String, index: Int, profile: String, profileID: Int, gpuInstance: Int, computeInstance: Int, start: Int,
        memoryBytes: Int64, multiprocessors: Int?, isGrantable: Bool = true, lease: LeaseID? = nil,
        isForeign: Bool = false
    ) {
        self.uuid = uuid
        self.index = index
        self.profile = profile
        self.profileID = profileID
        self.gpuInstance = gpuInstance
        self.computeInstance = computeInstance
        self.start = start
        self.memoryBytes = memoryBytes
        self.multiprocessors = multiprocessors
        self.isGrantable = isGrantable
        self.lease = lease
        self.isForeign = isForeign
    }

    init(_ slice: ExistingSlice, lease: LeaseID?, isForeign: Bool) {
        self.init(
            uuid: slice.uuid, index: slice.index, profile: slice.profile, profileID: slice.profileID,
            gpuInstance: slice.gpuInstance, computeInstance: slice.computeInstance, start: slice.start,
            memoryBytes: slice.memory.count, multiprocessors: slice.multiprocessors, isGrantable: slice.isAlone,
            lease: lease, isForeign: isForeign)
    }
}
