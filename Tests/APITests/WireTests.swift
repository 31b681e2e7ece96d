import API
import Engine
import Fleet
import Foundation
import Ledger
import Testing

@Suite struct WireTests {
    private func object(_ value: some Encodable) throws -> [String: Any] {
        let object = try JSONSerialization.jsonObject(with: JSONEncoder().encode(value))
        return try #require(object as? [String: Any])
    }

    @Test func `what is absent is an explicit null`() throws {
        let reading = try object(ReadingView())
        #expect(reading.count == 11)
        #expect(reading.values.allSatisfy { $0 is NSNull })
    }

    @Test func `what is missing is read like null`() throws {
        let reading = try JSONDecoder().decode(ReadingView.self, from: Data(#"{"powerWatts": 61.5}"#.utf8))
        #expect(reading == ReadingView(powerWatts: 61.5))
    }

    @Test func `a lease comes back from its JSON as it was`() throws {
        let ask = Ask(request: Request(), tenant: Tenant(uid: 1000, name: "ada"), name: "train")
        let prepared = PreparedLease(
            lease: Sample.lease(17, ask: ask), preparation: Sample.preparation(LeaseID(number: 17)))
        let view = LeaseView(
            prepared, at: ClockReading(now: Sample.now, wallOffset: Sample.wallOffset),
            gpus: [Sample.gpu.id: Sample.gpu])
        #expect(try JSONDecoder().decode(LeaseView.self, from: JSONEncoder().encode(view)) == view)
        #expect(view.grantedAt?.description == "2026-11-21T07:30:01.000Z")
        #expect(view.heldSeconds == 4)
        #expect(view.gpuSeconds == 2)
        #expect(
            view.grants == [
                GrantView(
                    gpu: Sample.gpu.id, index: 0, gpuName: "NVIDIA A100-SXM4-40GB", milliGPU: 500, memoryBytes: 10 << 30
                )
            ])
        #expect(view.fences == Grade.unfenced.fences)
    }

    @Test func `an ended lease keeps its grants and says why it ended`() {
        let ask = Ask(request: Request(), tenant: Tenant(uid: 1000, name: "ada"))
        var lease = Sample.lease(1, ask: ask)
        lease.state = .ended(
            .gpuLost, at: Moment(nanoseconds: 3_000_000_000), had: Sample.placement, since: Moment(nanoseconds: 0))
        let view = LeaseView(
            PreparedLease(lease: lease, preparation: nil),
            at: ClockReading(now: Sample.now, wallOffset: Sample.wallOffset), gpus: [:])
        #expect(view.state == .ended)
        #expect(view.endReason == .gpuLost)
        #expect(view.heldSeconds == 3)
        #expect(view.endedAt?.description == "2026-11-21T07:30:03.000Z")
        #expect(view.grants.first?.index == nil)
    }

    @Test(arguments: [
        (Holder.nobody, HolderView(kind: .nobody)),
        (.process(ProcessIdentity(pid: 7, startTicks: 1, boot: "b")), HolderView(kind: .process, pid: 7)),
        (
            .starting(engine: "docker", ProcessIdentity(pid: 7, startTicks: 1, boot: "b")),
            HolderView(kind: .starting, pid: 7, engine: "docker")
        ),
        (.container(engine: "podman", id: "abc"), HolderView(kind: .container, engine: "podman", container: "abc")),
    ])
    func `every kind of holder is shown`(holder: Holder, expected: HolderView) {
        let ask = Ask(request: Request(), tenant: Tenant(uid: 1, name: "ada"), holder: holder)
        let view = LeaseView(
            PreparedLease(lease: Sample.lease(1, ask: ask), preparation: nil),
            at: ClockReading(now: Sample.now, wallOffset: 0), gpus: [:])
        #expect(view.holder == expected)
    }

    @Test(
        arguments: [
            (1000, 40, true, 1, 2, 4), (500, 40, false, 0, 1, 2), (1000, 15, true, 1, 0, 1), (0, 0, false, 0, 0, 0),
        ] as [(Int32, Int64, Bool, Int, Int, Int)])
    func `the sizes that can be had are counted by compute and by memory`(
        milli: Int32, gibibytes: Int64, isFree: Bool, whole: Int, halves: Int, quarters: Int
    ) {
        let status = Sample.status(
            of: Sample.gpu, freeMilli: milli, freeMemory: .gibibytes(gibibytes),
            leases: isFree ? [] : [LeaseID(number: 1)])
        #expect(RequestableView.count(.whole, on: [status]) == whole)
        #expect(RequestableView.count(Share(milli: 500), on: [status]) == halves)
        #expect(RequestableView.count(Share(milli: 250), on: [status]) == quarters)
    }

    @Test func `a drained GPU gives nothing`() {
        let status = Sample.status(of: Sample.gpu, freeMilli: 1000, freeMemory: .gibibytes(39), leases: [])
        #expect(RequestableView.count(.whole, on: [status]) == 1)
        #expect(RequestableView.count(.whole, on: [status], drained: [Sample.gpu.id: "fan"]) == 0)
    }

    @Test func `a GPU that is cut into slices gives no shares, and shows who has which slice`() throws {
        let status = GPUStatus(
            gpu: Sample.cutGPU,
            condition: GPUCondition(health: .healthy, foreignMemory: .zero, foreignSlices: ["MIG-1"]),
            reading: GPUReading(), freeShare: Share(milli: 428), freeMemory: .gibibytes(19), leases: [],
            sliceLeases: ["MIG-1": LeaseID(number: 3)])
        #expect(RequestableView.shares.allSatisfy { RequestableView.count($0, on: [status]) == 0 })
        let slice = try #require(Sample.cutGPUView(status)?.slices?.first)
        #expect(slice.lease == LeaseID(number: 3) && slice.isForeign && slice.isGrantable)
        #expect(slice.uuid == "MIG-1" && slice.gpuInstance == 2 && slice.start == 4)
        #expect(FleetView(Sample.fleet, requestable: []).gpus.first?.slices == nil)
        let grant = try #require(Sample.sliceGrantView(uuid: "MIG-1"))
        #expect(grant.slice?.uuid == "MIG-1" && grant.slice?.lease == LeaseID(number: 3))
        // The same place with another MIG device is not what was granted.
        #expect(Sample.sliceGrantView(uuid: "MIG-2")?.slice == nil)
    }

    @Test func `an unhealthy GPU gives nothing`() {
        let status = Sample.status(of: Sample.gpu, health: .unhealthy(reason: "XID 79"), freeMilli: 1000, leases: [])
        #expect(RequestableView.shares.allSatisfy { RequestableView.count($0, on: [status]) == 0 })
    }
}
