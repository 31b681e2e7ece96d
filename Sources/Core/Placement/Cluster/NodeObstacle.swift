/// Why a node does not take a request; the first that applies, gravest first.
package enum NodeObstacle: Int, Hashable, Sendable, CaseIterable {
    /// None of the models that were asked for.
    case otherModel
    /// Fewer GPUs than asked for, even when nobody uses them.
    case tooFewGPUs
    /// Less CPU or memory than asked for, even when nobody uses it.
    case tooSmall
    /// Too little left of each GPU, or too few GPUs that nobody uses.
    case gpuTaken
    case cpuTaken
    case memoryTaken

    /// Whether it goes away when others give back.
    package var isPassing: Bool { rawValue >= Self.gpuTaken.rawValue }
}

extension NodeState {
    /// Why a request does not fit; nil where it does. `fits` is this, and nothing else.
    @inline(__always)
    package func obstacle(to request: RequestKind, on kind: NodeKind) -> NodeObstacle? {
        if fits(request) { return nil }
        if request.needsGPU {
            guard request.models >> UInt64(model) & 1 == 1 else { return .otherModel }
            guard kind.gpus >= request.gpus else { return .tooFewGPUs }
        }
        guard kind.cpuMilli >= request.cpuMilli, kind.memoryMiB >= request.memoryMiB else { return .tooSmall }
        if request.needsGPU {
            let hasShare = request.gpus == 1 ? Int32(largest) >= request.gpuMilli : Int32(full) >= request.gpus
            guard hasShare else { return .gpuTaken }
        }
        return cpuLeft < request.cpuMilli ? .cpuTaken : .memoryTaken
    }
}
