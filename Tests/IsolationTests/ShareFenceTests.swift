import Engine
import Fleet
import Foundation
import Testing

@testable import Isolation

/// Which grade a share has, before anybody has it.
struct ShareFenceTests {
    private func node(_ fence: ShareFence?) -> Node {
        var node = Node(name: "box", driver: nil, gpus: [], links: [], cpuAffinity: [], whyEmpty: nil)
        node.fence = fence
        return node
    }

    private func request(_ words: String...) throws -> Request { try RequestParser.parse(arguments: words).0 }

    @Test func `a share is as strong as the node can make it, and never said to be stronger`() throws {
        let share = try request("--gpus", "0.5")
        #expect(node(nil).grade(ofShareFor: share) == .unfenced)
        #expect(node(ShareFence(.cooperative)).grade(ofShareFor: share) == .cooperative)
        let byTime = try request("--gpus", "0.5", "--share", "time")
        #expect(node(ShareFence(.cooperative)).grade(ofShareFor: byTime) == .unfenced)
    }

    @Test func `what demands more is refused with the reason, and what demands no more is not`() throws {
        let wanted = try request("--gpus", "0.5", "--grade", "cooperative")
        #expect(node(ShareFence(.cooperative)).obstacle(toGradeOf: wanted) == nil)
        #expect(
            node(ShareFence(.unfenced, limitation: "there is no limiter")).obstacle(toGradeOf: wanted)
                == "a share on box is unfenced at most, not cooperative: there is no limiter")
        #expect(node(nil).obstacle(toGradeOf: wanted) == "a share on box is unfenced at most, not cooperative")
        #expect(try node(nil).obstacle(toGradeOf: request("--gpus", "1", "--grade", "cooperative")) == nil)
        #expect(try node(nil).obstacle(toGradeOf: request("--gpus", "0.5")) == nil)
        #expect(try node(nil).obstacle(toGradeOf: request("--gpus", "0.5", "--grade", "unfenced")) == nil)
    }

    @Test func `what was written before there were fences is read as a node without one`() throws {
        let old = #"{"name":"box","gpus":[],"links":[],"cpuAffinity":[]}"#
        #expect(try JSONDecoder().decode(Node.self, from: Data(old.utf8)).fence == nil)
        let new = node(ShareFence(.cooperative, limitation: "x"))
        #expect(try JSONDecoder().decode(Node.self, from: JSONEncoder().encode(new)) == new)
    }

    @Test func `a look at the GPUs tells of the fence too`() async {
        let isolation = LimiterIsolation(
            LimiterSettings(directory: "/nonexistent/limiter", builtLibrary: nil, driverLibrary: { _, _ in nil }))
        let scan = await FencedDevices(NoDevices(), isolation: isolation).scan()
        #expect(scan.node.fence == ShareFence(.unfenced, limitation: "the limiter's library is not installed"))
    }
}

private struct NoDevices: DeviceSource {
    let faults = AsyncStream<DeviceFault> { $0.finish() }

    func scan() async -> DeviceScan {
        DeviceScan(
            node: Node(name: "box", driver: nil, gpus: [], links: [], cpuAffinity: [], whyEmpty: nil), health: [],
            readings: [])
    }
}
