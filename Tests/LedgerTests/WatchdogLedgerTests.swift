import Fleet
import Foundation
import Ledger
import Testing

@Suite struct `What the watchdog tells the ledger` {
    private let gpu = Machine.observation(1).node.gpus[0].id
    private let lease = LeaseID(number: 1)
    private let offender = ProcessIdentity(pid: 7, startTicks: 8, boot: "b")
    private var finding: Finding { Finding(.overMemory, gpu: gpu, .lease(lease)) }
    private var other: Finding { Finding(.unleased, gpu: gpu, .process(pid: 7, startTicks: 8)) }

    private var ledger: Ledger {
        var ledger = Ledger()
        _ = ledger.handle(.anchored(boot: "b", offset: 0), at: .seconds(1))
        _ = ledger.handle(.observed(Machine.observation(1)), at: .seconds(1))
        return ledger
    }

    private func found(_ finding: Finding) -> Event {
        .watched(
            .found(
                finding, .freeze,
                FindingEvidence(memory: .gibibytes(3), memoryGranted: .gibibytes(1), user: "ada", command: "train")))
    }

    private func acted(_ finding: Finding, _ curbs: Curb...) -> Event {
        .watched(.acted(finding, WatchdogAct(handled: [offender], curbs: curbs, done: "stopped it", problem: nil)))
    }

    @Test func `is told once, in words, with the lease and the GPU`() throws {
        var ledger = ledger
        let told = ledger.handle(found(finding), at: .seconds(2)).notices
        #expect(told.map(\.kind) == [.leaseOverMemory])
        #expect(told.first?.lease == lease && told.first?.gpu == gpu)
        #expect(told.first?.text == "lease-1 holds 3 GiB of GPU 0 and was granted 1 GiB")
        #expect(ledger.handle(found(finding), at: .seconds(3)).isEmpty)
        let stranger = ledger.handle(found(other), at: .seconds(3)).notices
        #expect(
            stranger.map(\.text) == ["process 7 (ada: train) is on GPU 0 without a lease and holds 3 GiB"])
        #expect(ledger.findings.map(\.finding) == [other, finding])
    }

    @Test func `is undone when the finding ends, the last first`() {
        var ledger = ledger
        _ = ledger.handle(found(finding), at: .seconds(2))
        let curbs = [Curb.wrote(file: "/x/freeze", before: "0"), .stopped(offender)]
        let told = ledger.handle(acted(finding, curbs[0], curbs[1]), at: .seconds(2)).notices
        #expect(told.map(\.text) == ["lease-1 over its memory of GPU 0: divvy has stopped it"])
        let effects = ledger.handle(.watched(.cleared(finding, .within)), at: .seconds(9))
        #expect(effects.first == .lift([curbs[1], curbs[0]]))
        #expect(effects.notices.map(\.kind) == [.watchdogCleared])
        #expect(ledger.findings.isEmpty)
        #expect(ledger.handle(.watched(.cleared(finding, .within)), at: .seconds(9)).isEmpty)
    }

    @Test func `is not undone while another finding needs it`() {
        var ledger = ledger
        let curb = Curb.wrote(file: "/x/freeze", before: "0")
        for finding in [finding, other] {
            _ = ledger.handle(found(finding), at: .seconds(2))
            _ = ledger.handle(acted(finding, curb), at: .seconds(2))
        }
        #expect(!ledger.handle(.watched(.cleared(finding, .within)), at: .seconds(3)).contains(.lift([curb])))
        #expect(ledger.handle(.watched(.cleared(other, .gone)), at: .seconds(4)).contains(.lift([curb])))
    }

    @Test func `is undone at once when its finding ended meanwhile`() {
        var ledger = ledger
        #expect(ledger.handle(acted(finding, .stopped(offender)), at: .seconds(2)) == [.lift([.stopped(offender)])])
    }

    @Test func `survives a snapshot and a replay, and not a reboot`() throws {
        var ledger = ledger
        _ = ledger.handle(found(finding), at: .seconds(2))
        _ = ledger.handle(acted(finding, .gateClosed(lease)), at: .seconds(2))
        let copy = try JSONDecoder().decode(Ledger.self, from: try JSONEncoder().encode(ledger))
        #expect(copy.findings == ledger.findings && copy.findings.first?.curbs == [.gateClosed(lease)])
        var replayed = self.ledger
        for event in [found(finding), acted(finding, .gateClosed(lease))] {
            replayed.replay(event, at: .seconds(2), deciding: [])
        }
        #expect(replayed.findings == ledger.findings)
        _ = ledger.handle(.anchored(boot: "another", offset: 0), at: .seconds(3))
        #expect(ledger.findings.isEmpty)
    }

    @Test func `is in no ledger of a release that did not know it`() throws {
        var object = try #require(
            try JSONSerialization.jsonObject(with: try JSONEncoder().encode(ledger)) as? [String: Any])
        #expect(object["findings"] == nil, "nothing is written while there is nothing")
        object["findings"] = nil
        let old = try JSONDecoder().decode(Ledger.self, from: JSONSerialization.data(withJSONObject: object))
        #expect(old.findings.isEmpty)
    }
}

extension [Effect] {
    fileprivate var notices: [Notice] { compactMap { if case .tell(let notice) = $0 { notice } else { nil } } }
}
