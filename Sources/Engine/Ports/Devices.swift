package import Fleet

/// One look at the node's GPUs: what they are, how they are, and who is on them.
package struct DeviceScan: Sendable {
    package let node: Node
    /// For each GPU in the order of `node.gpus`, what the driver says of its health.
    package let health: [Health]
    /// For each GPU in the order of `node.gpus`; processes carry no lease yet.
    package let readings: [GPUReading]

    package init(node: Node, health: [Health], readings: [GPUReading]) {
        self.node = node
        self.health = health
        self.readings = readings
    }
}

/// Where GPUs are found.
package protocol DeviceSource: Sendable {
    /// Looks at all GPUs. It never throws and never hangs: a node without a driver is a node without GPUs that says
    /// why, a GPU whose driver call does not come back in time is unhealthy.
    func scan() async -> DeviceScan

    /// Errors that the driver reports while nobody looks (XID); ends when the source is closed. May be empty for ever.
    var faults: AsyncStream<DeviceFault> { get }
}

/// An error that a driver reported for a GPU.
package struct DeviceFault: Hashable, Sendable {
    package let gpu: GPUID
    /// NVIDIA's XID.
    package let code: Int

    package init(gpu: GPUID, code: Int) {
        self.gpu = gpu
        self.code = code
    }
}
