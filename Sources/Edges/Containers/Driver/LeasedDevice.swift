import Engine
import Fleet

/// What a lease has of a node: a GPU, or a slice of one.
struct LeasedDevice {
    let gpu: GPU
    /// Nil where it is the GPU.
    let slice: ExistingSlice?

    /// Finds what was granted.
    ///
    /// Throws when the driver does not have it any more.
    init(_ grant: GPUGrant, of lease: LeaseID, on node: Node) throws(PreparationError) {
        guard let gpu = node.gpus.first(where: { $0.id == grant.gpu }) else {
            throw PreparationError(
                "\(lease) has GPU \(grant.gpu), which the driver does not report any more; see 'nvidia-smi -L'")
        }
        self.gpu = gpu
        guard let spot = grant.slice else {
            slice = nil
            return
        }
        guard let slice = gpu.slice(at: spot) else {
            throw PreparationError(
                "\(lease) has the slice \(spot.uuid ?? "at slot \(spot.start)") of GPU \(gpu.index), which the driver "
                    + "does not report any more; see 'nvidia-smi -L'")
        }
        self.slice = slice
    }

    /// As CUDA and the driver's tools name it.
    var uuid: String { slice?.uuid ?? gpu.id.rawValue }
}
