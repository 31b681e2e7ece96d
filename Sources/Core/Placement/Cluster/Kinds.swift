/// What a node of a large cluster has to give when it is empty.
package struct NodeKind: Hashable, Sendable {
    package let cpuMilli: Int32
    package let memoryMiB: Int32
    /// At most `Cluster.mostGPUs`.
    package let gpus: Int32
    /// Which model its GPUs are: a bit position in `RequestKind.models`.
    package let model: UInt8

    package init(cpuMilli: Int32, memoryMiB: Int32, gpus: Int32, model: UInt8) {
        self.cpuMilli = cpuMilli
        self.memoryMiB = memoryMiB
        self.gpus = gpus
        self.model = model
    }
}

/// What requests ask of one node of a large cluster; equal requests are of one kind, and are decided together.
package struct RequestKind: Hashable, BitwiseCopyable, Sendable {
    package let cpuMilli: Int32
    package let memoryMiB: Int32
    /// Of each GPU, 1 to 1000; 0 for requests without a GPU. Less than 1000 only with one GPU.
    package let gpuMilli: Int32
    package let gpus: Int32
    /// A bit for each model that will do.
    package let models: UInt64

    package static let anyModel = UInt64.max

    package init(
        cpuMilli: Int32, memoryMiB: Int32, gpuMilli: Int32, gpus: Int32, models: UInt64 = RequestKind.anyModel
    ) {
        self.cpuMilli = cpuMilli
        self.memoryMiB = memoryMiB
        self.gpuMilli = gpuMilli
        self.gpus = gpus
        self.models = models
    }

    /// The same but for memory.
    func with(memoryMiB: Int32) -> RequestKind {
        RequestKind(cpuMilli: cpuMilli, memoryMiB: memoryMiB, gpuMilli: gpuMilli, gpus: gpus, models: models)
    }

    package var totalMilli: Int64 { Int64(gpuMilli) * Int64(gpus) }
    package var isShare: Bool { gpus == 1 && gpuMilli < 1000 }
    /// Whether it takes several GPUs of one node.
    package var isGang: Bool { gpus > 1 }
    package var needsGPU: Bool { gpus > 0 }

    /// Which requests are alike to `gpu-clustering`: shares, then 1, 2, 4, 8 and other GPU counts; nil without a GPU.
    var affinityGroup: Int? {
        guard needsGPU else { return nil }
        if isShare { return 0 }
        switch gpus {
        case 1: return 1
        case 2: return 2
        case 4: return 3
        case 8: return 4
        case 3: return 5
        case 6: return 6
        default: return 7
        }
    }
}

/// The node, and which of its GPUs, that a request gets.
package struct ClusterPlacement: Hashable, Sendable {
    package let node: Int32
    /// A bit for each GPU.
    package let gpus: UInt8

    package init(node: Int32, gpus: UInt8) {
        self.node = node
        self.gpus = gpus
    }
}
