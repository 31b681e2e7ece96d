import Fleet
import Foundation
import Testing

@testable import Containers

extension Tag {
    /// Needs container engines or root, and takes seconds.
    @Tag static var engine: Self
}

/// A directory that is there for one test.
func withDirectory<Result>(_ body: (String) async throws -> Result) async throws -> Result {
    let path = FileManager.default.temporaryDirectory.path + "/divvy-" + UUID().uuidString.prefix(8)
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: path) }
    return try await body(path)
}

func contents(_ path: String) throws -> String { try String(contentsOfFile: path, encoding: .utf8) }

func names(in directory: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: directory).sorted()
}

/// A driver's files as a distribution lays them out, in a directory of the test's own.
struct DriverLayout {
    let root: String
    var library: String { root + "/lib/libnvidia-ml.so.1" }
    var devices: String { root + "/dev" }

    /// - Parameters:
    ///   - versioned: names before `.so` of libraries that exist as `.so.VERSION` with a link `.so.1`.
    ///   - plain: of libraries that are one file `.so.1`, as a simulated driver's are.
    init(
        in root: String, versioned: [String] = [], version: String = "535.1", plain: [String] = [], gpus: Int = 2,
        nodes: [String] = ["nvidiactl"]
    ) throws {
        self.root = root
        let files = FileManager.default
        try files.createDirectory(atPath: root + "/lib", withIntermediateDirectories: true)
        try files.createDirectory(atPath: root + "/dev", withIntermediateDirectories: true)
        for name in versioned {
            try "\(name)".write(toFile: "\(root)/lib/\(name).so.\(version)", atomically: false, encoding: .utf8)
            let link = "\(root)/lib/\(name).so.1"
            if !files.fileExists(atPath: link) {
                try files.createSymbolicLink(atPath: link, withDestinationPath: "\(name).so.\(version)")
            }
        }
        for name in plain {
            try "\(name)".write(toFile: "\(root)/lib/\(name).so.1", atomically: false, encoding: .utf8)
        }
        for name in nodes + (0..<gpus).map({ "nvidia\($0)" }) {
            try "".write(toFile: "\(root)/dev/\(name)", atomically: false, encoding: .utf8)
        }
    }
}

func makeNode(gpus: Int, library: String? = "/lib/libnvidia-ml.so.1", version: String = "535.1") -> Node {
    Node(
        name: "box",
        driver: library.map { DriverInfo(version: version, cudaVersion: nil, library: $0, note: nil) },
        gpus: (0..<gpus).map { index in
            GPU(
                id: GPUID("GPU-\(index)"), index: index, minor: index, name: "NVIDIA A100",
                memory: .init(total: .gibibytes(40), reserved: .zero), computeCapability: nil, multiprocessors: nil,
                pciAddress: "00000000:0\(index):00.0", numaNode: nil, mig: .off)
        },
        links: [], cpuAffinity: [], whyEmpty: library == nil ? "no libnvidia-ml.so.1 was found" : nil)
}

func makeLease(_ number: Int64, gpus: [Int], capabilities: [String] = [], holder: Holder = .nobody) -> Lease {
    var request = Request()
    request.capabilities = capabilities
    var lease = Lease(
        id: LeaseID(number: number), request: request, tenant: Tenant(uid: 0, name: "root"), name: nil,
        idempotencyKey: nil, asked: Moment(nanoseconds: 0), holder: holder, keepAlive: nil)
    let grants = gpus.map { GPUGrant(gpu: GPUID("GPU-\($0)"), share: .whole, memory: .gibibytes(40)) }
    lease.state = .granted(
        Placement(node: "box", grants: grants, grade: .exclusive), since: Moment(nanoseconds: 0))
    return lease
}

/// A node whose first GPU is cut into two slices, and a second GPU that is not.
func makeCutNode(library: String) -> Node {
    let whole = makeNode(gpus: 2, library: library)
    let slices = [0, 4].enumerated().map { index, start in
        ExistingSlice(
            uuid: "MIG-\(index)", index: index, gpuInstance: index + 1, computeInstance: 0, profile: "3g.20gb",
            profileID: 9, start: start, computeSlices: 3, memory: .gibibytes(20), multiprocessors: 42,
            gpuInstanceMinor: 21 + 9 * index, computeInstanceMinor: 22 + 9 * index, isAlone: true)
    }
    return Node(
        name: "box", driver: whole.driver, gpus: [whole.gpus[0].with(slices: slices), whole.gpus[1]], links: [],
        cpuAffinity: [], whyEmpty: nil)
}

/// A lease of these slices of that node's first GPU.
func makeSliceLease(_ number: Int64, slices: [Int]) -> Lease {
    var lease = makeLease(number, gpus: [0])
    let grants = slices.map { index in
        GPUGrant(
            gpu: GPUID("GPU-0"), share: Share(milli: 428), memory: .gibibytes(20),
            slice: SliceSpot(profile: 9, start: 4 * index, uuid: "MIG-\(index)"))
    }
    lease.state = .granted(
        Placement(node: "box", grants: grants, grade: .partitioned), since: Moment(nanoseconds: 0))
    return lease
}
