/// A slice that a GPU is cut into: a MIG device, as its driver tells it.
package struct ExistingSlice: Hashable, Sendable, Codable {
    /// `MIG-` and more, as CUDA and NVML name it.
    package let uuid: String
    /// Its place in the driver's order of the GPU's MIG devices, as in `device=0:1`.
    package let index: Int
    /// The driver's ids of the two instances that it is made of.
    package let gpuInstance: Int
    package let computeInstance: Int
    /// Without the word MIG: `3g.20gb`; with the compute slices before it where it does not have all of its GPU
    /// instance's: `1c.3g.20gb`.
    package let profile: String
    /// The driver's number of the GPU instance's profile, as `nvidia-smi mig -cgi` takes it.
    package let profileID: Int
    /// The memory slot that it begins at.
    package let start: Int
    /// How many of the GPU's compute slices it has.
    package let computeSlices: Int
    package let memory: Bytes
    /// Streaming multiprocessors; nil where the driver does not tell.
    package let multiprocessors: Int?
    /// The n of `/dev/nvidia-caps/nvidia-capN` that stands for its GPU instance, and for its compute instance; nil where
    /// the driver tells of none.
    package let gpuInstanceMinor: Int?
    package let computeInstanceMinor: Int?
    /// Whether its GPU instance, and with that its memory, is all its own: nothing is fenced between compute instances of
    /// one GPU instance.
    package let isAlone: Bool

    package init(
        uuid: String, index: Int, gpuInstance: Int, computeInstance: Int, profile: String, profileID: Int, start: Int,
        computeSlices: Int, memory: Bytes, multiprocessors: Int?, gpuInstanceMinor: Int?, computeInstanceMinor: Int?,
        isAlone: Bool
    ) {
        self.uuid = uuid
        self.index = index
        self.gpuInstance = gpuInstance
        self.computeInstance = computeInstance
        self.profile = profile
        self.profileID = profileID
        self.start = start
        self.computeSlices = computeSlices
        self.memory = memory
        self.multiprocessors = multiprocessors
        self.gpuInstanceMinor = gpuInstanceMinor
        self.computeInstanceMinor = computeInstanceMinor
        self.isAlone = isAlone
    }

    /// Where it stands, as leases name it.
    package var spot: SliceSpot { SliceSpot(profile: profileID, start: start, uuid: uuid) }

    /// Whether a request for a profile means this one: its name, in any case, or the driver's number of a profile that it
    /// has all of.
    package func isOf(profile wanted: String) -> Bool {
        let wanted = wanted.lowercased()
        if wanted == profile { return true }
        return !profile.contains("c.") && Int(wanted) == profileID
    }
}

extension GPU {
    /// The existing slice that a lease has; nil where it is not there, or not the same any more.
    package func slice(at spot: SliceSpot) -> ExistingSlice? {
        slices?.first { $0.spot == spot }
    }

    /// Whether what a lease has of this GPU is still there: the slice that it was given, or a GPU that is not cut.
    package func stillHas(_ grant: GPUGrant) -> Bool {
        guard let spot = grant.slice else { return slices == nil }
        return spot.uuid == nil || slice(at: spot) != nil
    }

    /// What part of the GPU's compute a slice has.
    package func share(of slice: ExistingSlice) -> Share {
        let all = MIGGeometry.of(self)?.computeSlices ?? 7
        return Share(milli: min(Int32(slice.computeSlices * 1000 / all), 1000))
    }
}
