package import Engine
import Fleet

/// Says of the node, besides what its driver says, how strong a fence its shares can have.
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
        return DeviceScan(node: node, health: scan.health, readings: scan.readings)
    }

    package var faults: AsyncStream<DeviceFault> { source.faults }
}
