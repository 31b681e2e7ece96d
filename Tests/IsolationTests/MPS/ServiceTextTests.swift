import Engine
import Fleet
import Testing

@testable import Isolation

/// What is said to the control and read from it.
struct ServiceTextTests {
    @Test(arguments: [
        (Bytes.gibibytes(20), "20G"), (.mebibytes(10_240), "10G"), (.mebibytes(9_728), "9728M"),
        (Bytes(1_000_000_000), "976562K"),
    ])
    func `memory is written in whole units and never as more than it is`(bytes: Bytes, text: String) throws {
        #expect(ServiceControl.size(bytes) == text)
        #expect(try #require(ServiceControl.bytes(text)) <= bytes)
    }

    @Test func `what is no limit is read as none`() {
        #expect(ServiceControl.bytes("-") == nil)
        #expect(ServiceControl.bytes("12T") == nil)
        #expect(ServiceControl.bytes("") == nil)
        #expect(ServiceControl.milli("-") == nil)
        #expect(ServiceControl.milli("101") == nil)
        #expect(ServiceControl.milli("33.50") == 335)
    }

    @Test(arguments: [
        (Int32(334), Burst?.none, Int32(34)), (330, nil, 33), (1, nil, 1), (999, nil, 100), (300, .no, 30),
        (300, .upTo(Share(milli: 805)), 81), (500, .upTo(Share(milli: 200)), 50),
    ])
    func `a share is rounded up to whole per cent, and a burst says how far it goes`(
        milli: Int32, burst: Burst?, percent: Int32
    ) throws {
        var request = Request()
        request.burst = burst
        let lease = Lease(
            id: LeaseID(number: 1), request: request, tenant: Tenant(uid: 0, name: "root"), name: nil,
            idempotencyKey: nil, asked: Moment(nanoseconds: 0), holder: .nobody, keepAlive: nil)
        let grant = GPUGrant(gpu: GPUID("GPU-1"), share: Share(milli: milli), memory: .gibibytes(1))
        #expect(MultiProcessService.limits(of: lease, grant).percent == percent)
    }

    @Test func `names of namespaces are those of leases and nobody else's`() {
        #expect(ServiceNames.namespace(of: LeaseID(number: 17)) == "lease_17")
        #expect(ServiceNames.lease(named: "lease_17") == LeaseID(number: 17))
        for name in ["default", "lease_", "lease_017", "lease_x", "training"] {
            #expect(ServiceNames.lease(named: name) == nil)
        }
    }

    @Test func `sockets fit into the longest directory`() {
        let directory = String(repeating: "x", count: ServiceFiles.longestDirectory)
        let files = ServiceFiles(directory: directory)
        let gpu = GPUID("GPU-00010203-0405-0607-0809-0a0b0c0d0e0f")
        let path = files.sockets(of: LeaseID(number: 99_999_999), on: gpu) + "/control"
        #expect(path.utf8.count <= 107)
        #expect((files.pipe(of: LeaseID(number: 99_999_999)) + "/control").utf8.count <= 107)
    }
}
