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

    @Test func `where the driver can hold shares it does, unless the request names other means`() throws {
        let strong = ShareFence(.enforced, hasLimiter: true)
        let weak = ShareFence(.enforced, hasLimiter: false)
        func grade(_ words: String..., on fence: ShareFence) throws -> Grade? {
            fence.grade(for: try RequestParser.parse(arguments: ["--gpus", "0.5"] + words).0)
        }
        #expect(try grade(on: strong) == .enforced)
        #expect(try grade("--share", "mps", on: strong) == .enforced)
        #expect(try grade("--burst", "0.8", on: strong) == .enforced)
        #expect(try grade("--share", "limiter", on: strong) == .cooperative)
        #expect(try grade("--burst", "any", on: strong) == .cooperative)
        #expect(try grade("--gpu-memory-spill", "1GiB", on: strong) == .cooperative)
        #expect(try grade("--share", "time", on: strong) == .unfenced)
        #expect(try grade("--share", "limiter", on: weak) == nil)
        #expect(try grade("--burst", "any", on: weak) == nil)
        #expect(try grade("--share", "mps", on: ShareFence(.cooperative)) == nil)
        let wanted = try request("--gpus", "0.5", "--share", "limiter", "--grade", "enforced")
        #expect(node(strong).obstacle(toGradeOf: wanted)?.contains("is cooperative, not enforced") == true)
    }

    @Test func `what nothing would hold is refused`() throws {
        let weak = node(ShareFence(.unfenced, limitation: "there is no limiter"))
        for words in [
            ["--burst", "no"], ["--gpu-memory-spill", "1GiB"], ["--share", "limiter"], ["--share", "mps"],
        ] {
            let (request, _) = try RequestParser.parse(arguments: ["--gpus", "0.5"] + words)
            #expect(weak.obstacle(toGradeOf: request)?.hasSuffix(": there is no limiter") == true, "\(words)")
        }
    }

    @Test func `what was written before there were fences is read as a node without one`() throws {
        let old = #"{"name":"box","gpus":[],"links":[],"cpuAffinity":[]}"#
        #expect(try JSONDecoder().decode(Node.self, from: Data(old.utf8)).fence == nil)
        let new = node(ShareFence(.cooperative, limitation: "x"))
        #expect(try JSONDecoder().decode(Node.self, from: JSONEncoder().encode(new)) == new)
        let before = #"{"grade":"cooperative","limitation":"x"}"#
        #expect(try JSONDecoder().decode(ShareFence.self, from: Data(before.utf8)).hasLimiter)
        for fence in [ShareFence(.enforced, hasLimiter: true), ShareFence(.enforced), .none] {
            #expect(try JSONDecoder().decode(ShareFence.self, from: JSONEncoder().encode(fence)) == fence)
        }
    }

    @Test func `a look at the GPUs tells of the fence too`() async {
        let isolation = IsolationLadder.of(
            LimiterIsolation(
                LimiterSettings(directory: "/nonexistent/limiter", builtLibrary: nil, driverLibrary: { _, _ in nil })))
        let scan = await FencedDevices(NoDevices(), isolation: isolation).scan()
        #expect(
            scan.node.fence == ShareFence(.unfenced, limitation: "the limiter's library is not installed; no limits"))
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
