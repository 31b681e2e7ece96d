import Fleet
import Testing

@testable import Containers

@Suite struct HolderJudgementTests {
    private let id = String(repeating: "a", count: 64)
    private let other = String(repeating: "b", count: 64)

    private func sight(_ life: ContainerSight.Life, _ id: String? = nil, restarts: Bool = false) -> ContainerSight {
        ContainerSight(id: id ?? self.id, lease: LeaseID(number: 1), life: life, pid: nil, restarts: restarts)
    }

    private func judge(
        _ holder: HolderEvidence.Holder, _ engine: HolderEvidence.Engine, after: Duration = .zero,
        wasSilent: Bool = false
    ) -> HolderJudgement {
        HolderJudgement(HolderEvidence(holder: holder, engine: engine, doubtedFor: after, engineWasSilent: wasSilent))
    }

    private func container(hasProcess: Bool, restarts: Bool? = false) -> HolderEvidence.Holder {
        .container(id: id, hasProcess: hasProcess, restarts: restarts)
    }

    @Test func `a command line that starts a container has time until its container runs`() {
        #expect(judge(.starting(isRunning: true), .answers([]), after: .seconds(999)) == .alive)
        #expect(judge(.starting(isRunning: true), .silent, after: .seconds(999)) == .alive)
        #expect(judge(.starting(isRunning: true), .answers([sight(.notYet)])) == .alive)
        #expect(judge(.starting(isRunning: true), .answers([sight(.over)])) == .alive)
        #expect(judge(.starting(isRunning: true), .answers([sight(.running)])) == .became(id: id))
        #expect(judge(.starting(isRunning: false), .answers([sight(.running)])) == .became(id: id))
    }

    @Test func `a command line that ended and left nothing that could still run is gone at once`() {
        #expect(judge(.starting(isRunning: false), .answers([])) == .gone)
        #expect(judge(.starting(isRunning: false), .answers([sight(.over)])) == .gone)
    }

    @Test func `a command line that ended with a container on its way has two seconds`() {
        for sights in [[sight(.notYet)], [sight(.over, restarts: true)]] {
            #expect(judge(.starting(isRunning: false), .answers(sights), after: .seconds(2)) == .gone)
            guard case .doubted(let again) = judge(.starting(isRunning: false), .answers(sights), after: .seconds(1))
            else {
                Issue.record("not doubted")
                continue
            }
            #expect(again <= .seconds(1))
        }
        #expect(judge(.starting(isRunning: false), .silent, after: .seconds(59)) != .gone)
        #expect(judge(.starting(isRunning: false), .silent, after: .seconds(60)) == .gone)
    }

    @Test func `a removed container is gone at once, a stopped one after a moment`() {
        #expect(judge(container(hasProcess: false), .answers([])) == .gone)
        #expect(judge(container(hasProcess: false), .answers([sight(.over)])) != .gone)
        #expect(judge(container(hasProcess: false), .answers([sight(.over)]), after: .milliseconds(500)) == .gone)
    }

    @Test func `a container that its engine restarts has time to come back, more after the engine came back`() {
        let over = HolderEvidence.Engine.answers([sight(.over, restarts: true)])
        #expect(judge(container(hasProcess: false, restarts: true), over, after: .seconds(1)) != .gone)
        #expect(judge(container(hasProcess: false, restarts: true), over, after: .seconds(2)) == .gone)
        #expect(judge(container(hasProcess: false, restarts: true), over, after: .seconds(9), wasSilent: true) != .gone)
        #expect(
            judge(container(hasProcess: false, restarts: true), over, after: .seconds(10), wasSilent: true) == .gone)
    }

    @Test func `a silent engine does not end a lease while the container's processes run`() {
        #expect(judge(container(hasProcess: true), .silent, after: .seconds(9999)) == .alive)
        #expect(judge(container(hasProcess: false), .silent, after: .seconds(1)) != .gone)
        #expect(judge(container(hasProcess: false), .silent, after: .seconds(2)) == .gone)
        #expect(judge(container(hasProcess: false, restarts: true), .silent, after: .seconds(59)) != .gone)
        #expect(judge(container(hasProcess: false, restarts: nil), .silent, after: .seconds(60)) == .gone)
    }

    @Test func `a lease lives on in another container with its label`() {
        let sights = HolderEvidence.Engine.answers([sight(.over), sight(.running, other)])
        #expect(judge(container(hasProcess: false), sights) == .became(id: other))
        let both = HolderEvidence.Engine.answers([sight(.running, other), sight(.running)])
        #expect(judge(container(hasProcess: true), both) == .alive)
    }

    private static let lines: [(String, ContainerSight.Life, Int32?, Bool)] = [
        ("running 17 no", .running, 17, false), ("exited 0 always", .over, nil, true),
        ("created 0 no", .notYet, nil, false), ("restarting 0 on-failure", .running, nil, true),
        ("paused 3 no", .running, 3, false), ("something-new 3 no", .running, 3, false),
        ("removing 0 unless-stopped", .over, nil, true), ("dead 0 no", .over, nil, false),
    ]

    @Test(arguments: lines)
    func `an engine's line about a container is read`(
        line: String, life: ContainerSight.Life, pid: Int32?, restarts: Bool
    ) {
        let sight = ContainerSight(line: "\(id) \(line) lease-17")
        #expect(sight == ContainerSight(id: id, lease: LeaseID(number: 17), life: life, pid: pid, restarts: restarts))
    }

    @Test(arguments: ["", "x running 1 no lease-1", "running", "lease-x", " running 1 no lease-1 lease-2"])
    func `a line that is not as asked for is no container`(line: String) {
        #expect(ContainerSight(line: line) == nil)
        #expect(ContainerSight(line: "\(id) running 1 no \(line)") == nil)
    }
}
