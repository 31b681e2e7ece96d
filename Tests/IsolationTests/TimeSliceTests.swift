import Engine
import Fleet
import Testing

@testable import Isolation

/// How long the driver's time slices are, where nothing else holds shares.
struct TimeSliceTests {
    @Test func `the tool's listing is read as it writes it`() {
        let listing = """
            +-------------------------------------+
            | GPU compute policies:               |
            | GPU     Name           Value        |
            |=====================================|
            | 0       Timeslice      Medium       |
            +-------------------------------------+
            """
        #expect(ComputePolicyTool.length(in: listing) == .medium)
        #expect(ComputePolicyTool.length(in: "Failed to get compute policies for GPU 0 : Not Supported") == nil)
        #expect(TimeSliceLength.allCases.map(\.number) == [0, 1, 2, 3])
    }

    private func lease(_ number: Int64, on gpu: GPUID) throws -> Lease {
        let (request, _) = try RequestParser.parse(arguments: ["--gpus", "0.5", "--share", "time"])
        var lease = Lease(
            id: LeaseID(number: number), request: request, tenant: Tenant(uid: 0, name: "root"), name: nil,
            idempotencyKey: nil, asked: Moment(nanoseconds: 0), holder: .nobody, keepAlive: nil)
        let grant = GPUGrant(gpu: gpu, share: Share(milli: 500), memory: .gibibytes(1))
        lease.state = .granted(
            Placement(node: "box", grants: [grant], grade: .unfenced), since: Moment(nanoseconds: 0))
        return lease
    }

    @Test func `a driver that does not let them be set keeps its own, and the lease says so`() async throws {
        let slices = TimeSlices(.short, program: "/bin/false")
        let node = Node(name: "box", driver: nil, gpus: [], links: [], cpuAffinity: [], whyEmpty: nil)
        _ = try await slices.hold(lease(1, on: GPUID("GPU-1")), on: node)
        let reading = try #require(await slices.reading(of: LeaseID(number: 1)))
        #expect(reading.parts.first?.detail?.hasPrefix("the driver's own time slices: ") == true)
        await slices.release(LeaseID(number: 1))
        #expect(await slices.reading(of: LeaseID(number: 1)) == nil)
    }
}
