package import Engine
import Fleet

/// Says of the node, besides what its driver says, how strong a fence its shares can have, and on which GPUs nobody new
/// can be held.
package struct FencedDevices<Source: DeviceSource>: DeviceSource {
    private let source: Source
    private let isolation: any LeaseIsolation

    package init(_ source: Source, isolation: any LeaseIsolation) {
        self.source = source
        self.isolation = isolation
    }

    package func scan() async -> DeviceScan {
        let scan = await source.scan()
        var node = scan.node
        node.fence = await isolation.fence(on: node)
        let troubles = await isolation.troubles()
        let health = zip(node.gpus, scan.health).map { gpu, health -> Health in
            guard health.isHealthy, let trouble = troubles[gpu.id] else { return health }
            return .unhealthy(reason: trouble)
        }
        return DeviceScan(node: node, health: health, readings: scan.readings)
    }

    package var faults: AsyncStream<DeviceFault> { source.faults }
}
