import Fleet
import Foundation
import Ledger
import Testing

@Suite struct `A ledger of slices` {
    private static func seeing(_ observation: NodeObservation) -> Ledger {
        var ledger = Ledger()
        _ = ledger.handle(.observed(observation), at: .seconds(0))
        return ledger
    }

    @Test func `grants each once, and the next one waits for it`() throws {
        var ledger = Self.seeing(Machine.cut(at: [0, 3]))
        let first = try #require(ledger.ask(try .written("--slice", "1g.5gb"))?.lease)
        let second = try #require(ledger.ask(try .written("--share", "mig"))?.lease)
        let third = try #require(ledger.ask(try .written("--slice", "1g.5gb"))?.lease)
        let slices = [first, second].compactMap { $0.placement?.grants.first?.slice?.uuid }
        #expect(slices == ["MIG-0", "MIG-3"] && third.isWaiting)
        #expect(first.placement?.grade == .partitioned)
        #expect(ledger.leasesBySlice == ["MIG-0": first.id, "MIG-3": second.id])
        // The GPU beside it is shared as ever.
        #expect(ledger.ask(try .written("--gpus", "0.5"))?.lease?.placement?.grants.first?.gpu == Machine.gpu(1).id)
        let effects = ledger.handle(.endAsked(second.id, .released), at: .seconds(2))
        #expect(effects.prepared == [third.id])
        #expect(ledger.lease(third.id)?.placement?.grants.first?.slice?.uuid == "MIG-3")
    }

    @Test func `refuses for ever what nobody has cut`() throws {
        var ledger = Self.seeing(Machine.cut(at: [0]))
        guard case .never(let why) = ledger.ask(try .written("--slice", "3g.20gb"))?.refusal else {
            Issue.record("a slice that does not exist was not refused")
            return
        }
        #expect(
            why.summary
                == "no slice 3g.20gb exists on box; there is 1 of 1g.5gb; make one with nvidia-smi mig -i 0 -cgi "
                + "3g.20gb -C")
        guard case .notYet(let words) = ledger.ask(try .written("--gpus", "0.5", "--grade", "partitioned"))?.refusal
        else {
            Issue.record("a share was granted as partitioned")
            return
        }
        #expect(words.contains("ask for a slice"))
    }

    @Test func `ends only the lease of a slice that is destroyed`() throws {
        var ledger = Self.seeing(Machine.cut(at: [0, 3]))
        let first = try #require(ledger.ask(try .written("--slice", "1g.5gb"))?.lease)
        let second = try #require(ledger.ask(try .written("--slice", "1g.5gb"))?.lease)
        let effects = ledger.handle(.observed(Machine.cut(at: [3])), at: .seconds(2))
        #expect(effects.dismissed == [first.id])
        guard case .ended(.gpuLost, _, _, _)? = ledger.lease(first.id)?.state else {
            Issue.record("the lease lives on without its slice")
            return
        }
        #expect(ledger.lease(second.id)?.placement != nil)
    }

    @Test func `ends what was granted of a GPU whose MIG mode is switched`() throws {
        var ledger = Self.seeing(Machine.cut(at: [0]))
        let slice = try #require(ledger.ask(try .written("--slice", "1g.5gb"))?.lease)
        let off = ledger.handle(.observed(Machine.cut(at: nil)), at: .seconds(2))
        #expect(off.dismissed == [slice.id])
        let shares = try (0..<2).map { _ in
            try #require(ledger.ask(try .written("--gpus", "1"), at: .seconds(3))?.lease)
        }
        let on = ledger.handle(.observed(Machine.cut(at: [])), at: .seconds(4))
        #expect(on.dismissed.count == 1 && shares.map(\.id).contains(on.dismissed[0]))
        let left = shares.filter { ledger.lease($0.id)?.placement != nil }
        #expect(left.map { $0.placement?.grants.first?.gpu } == [Machine.gpu(1).id])
    }

    @Test func `gives no slice of a GPU that a lease from before it was cut still has`() throws {
        var ledger = Self.seeing(Machine.cut(at: nil))
        let holder = Holder.process(ProcessIdentity(pid: 7, startTicks: 1, boot: "b"))
        let whole = try #require(ledger.ask(try .written("--gpus", "device=0"), holder: holder)?.lease)
        #expect(ledger.handle(.observed(Machine.cut(at: [0, 3])), at: .seconds(2)).stopped == [whole.id])
        let slice = try #require(ledger.ask(try .written("--slice", "1g.5gb"))?.lease)
        #expect(slice.isWaiting)
        #expect(ledger.handle(.holderGone(whole.id, .holderEnded), at: .seconds(3)).prepared == [slice.id])
    }

    @Test func `gives no slice to anybody while somebody else runs on it`() throws {
        var ledger = Self.seeing(Machine.cut(at: [0], foreign: ["MIG-0"]))
        let lease = try #require(ledger.ask(try .written("--slice", "1g.5gb"))?.lease)
        #expect(lease.isWaiting)
        let effects = ledger.handle(.observed(Machine.cut(at: [0])), at: .seconds(2))
        #expect(effects.prepared == [lease.id])
    }

    @Test func `reads what was written before there were slices`() throws {
        let decoder = JSONDecoder()
        let grant = Data(#"{"gpu":"GPU-1","share":500,"memory":1024,"slice":{"profile":9,"start":4}}"#.utf8)
        #expect(try decoder.decode(GPUGrant.self, from: grant).slice == SliceSpot(profile: 9, start: 4))
        // Of today's observation, without what came with slices.
        let encoded = try JSONEncoder().encode(Machine.cut(at: [0]))
        var text = String(decoding: encoded, as: UTF8.self)
        let slices = try #require(text.firstMatch(of: /"slices":\[.*?\],?/))
        text.removeSubrange(slices.range)
        let old = try decoder.decode(NodeObservation.self, from: Data(text.utf8))
        #expect(old.node.gpus[0].slices == nil && old.conditions[0].foreignSlices == nil)
        #expect(try decoder.decode(NodeObservation.self, from: encoded) == Machine.cut(at: [0]))
    }
}
