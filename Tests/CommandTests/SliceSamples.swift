import API
import Fleet

extension Samples {
    /// One of each state that a slice can be in.
    static let slices = [
        slice(0, "3g.20gb", mebibytes: 19_968, lease: LeaseID(number: 17)),
        slice(1, "1g.5gb"),
        slice(2, "1g.5gb", isForeign: true),
        slice(3, "1g.5gb", lease: LeaseID(number: 18), isForeign: true),
        slice(4, "1c.2g.10gb", mebibytes: 9856, isGrantable: false),
    ]

    private static func slice(
        _ index: Int, _ profile: String, mebibytes: Int64 = 4864, lease: LeaseID? = nil, isForeign: Bool = false,
        isGrantable: Bool = true
    ) -> SliceView {
        SliceView(
            uuid: "MIG-\(index)8e0b2d1-0000-1111-2222-333344445555", index: index, profile: profile, profileID: 19,
            gpuInstance: 7 + index, computeInstance: 0, start: index, memoryBytes: mebibytes << 20, multiprocessors: 14,
            isGrantable: isGrantable, lease: lease, isForeign: isForeign)
    }

    /// A machine whose first GPU is cut.
    static var cutFleet: FleetView {
        var fleet = fleet
        fleet.gpus[0].mig = .on
        fleet.gpus[0].slices = slices
        return fleet
    }

    static var ofSlice: LeaseView {
        var lease = granted
        lease.request = "1 x 3g.20gb of any GPU"
        lease.grade = .partitioned
        lease.fences = Grade.partitioned.fences
        lease.grants[0].milliGPU = 428
        lease.grants[0].slice = slices[0]
        return lease
    }
}
