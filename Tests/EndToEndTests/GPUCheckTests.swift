import Foundation
import Glibc
import Testing

/// `Scripts/gpu-check`, which is made for machines with a GPU, over simulated ones. A GPU is what it cannot have here;
/// that its programs are right and that its rows can be wrong is what these tests show.
@Suite(
    .serialized, .timeLimit(.minutes(10)),
    .enabled(if: GPUCheck.isPromised || GPUCheck.hasTool, "no nvidia-smi: run Scripts/nvidia-smi first"),
    .enabled(if: GPUCheck.isPromised || GPUCheck.hasPython, "python3 is not installed"))
struct `The check of a machine with a GPU` {
    @Test func `agrees with all that it looks at`() throws {
        let pool = try Pool(profile: "2x-rtx-4090")
        defer { pool.remove() }
        let result = try GPUCheck.run(pool, ["--quick"])
        #expect(result.status == 0, "\(result)")
        let rows = result.rows
        #expect(!rows.contains { $0.hasSuffix(" WRONG") }, "\(result)")
        for beginning in [
            "run, half GPU: nvidia-smi -L", "memory 4 GiB: cuMemAllocFromPoolAsync,", "held: environment empty",
            "30/70, 200us kernels in graphs: the first's part", "everything is free again",
        ] {
            #expect(rows.contains { $0.hasPrefix(beginning) && $0.hasSuffix(" ok") }, "\(beginning): \(result)")
        }
        // What could not be tried is said, and not counted.
        #expect(rows.contains { $0.hasPrefix("MPS  ") && $0.contains("not tried (say --mps)") && $0.hasSuffix(" -") })
        #expect(rows.contains { $0.hasPrefix("added to launch, ns") && !$0.contains("not measured") }, "\(result)")
        let counted = rows.filter { $0.hasSuffix(" ok") }.count
        #expect(result.output.contains("\n\(counted) of \(counted) agree\n"), "\(result)")
    }

    @Test(.enabled(if: GPUCheck.isPromised || getuid() == 0, "only root sets a GPU's compute mode"))
    func `tries multi-process service when it is told to, and leaves the compute mode as it was`() throws {
        let pool = try Pool(profile: "2x-rtx-4090")
        defer { pool.remove() }
        let result = try GPUCheck.run(
            pool, ["--only", "mps", "--mps"], tools: "\(GPUCheck.tools):\(pool.directory)/sim/bin")
        #expect(result.status == 0, "\(result)")
        for beginning in [
            "MPS, 50 %: multiprocessors", "MPS, 4G pinned: beyond it", "MPS: a client that goes around it",
            "MPS: compute mode is what it was",
        ] {
            #expect(result.rows.contains { $0.hasPrefix(beginning) && $0.hasSuffix(" ok") }, "\(beginning): \(result)")
        }
    }

    @Test func `says what is wrong where there is no limiter`() throws {
        let pool = try Pool(profile: "2x-rtx-4090")
        defer { pool.remove() }
        pool.extraEnvironment = ["DIVVY_LIMITER": "/nonexistent"]
        let result = try GPUCheck.run(pool, ["--only", "memory"])
        #expect(result.status == 1, "\(result)")
        for beginning in ["grade of half a GPU", "memory 4 GiB: cuMemAlloc,", "memory 4 GiB: NVML, all"] {
            #expect(
                result.rows.contains { $0.hasPrefix(beginning) && $0.hasSuffix(" WRONG") }, "\(beginning): \(result)")
        }
    }

    @Test(.enabled(if: GPUCheck.isPromised || GPUCheck.canMakeGroup, "only root makes cgroups, and not everywhere"))
    func `holds a cgroup to the driver's own limit, where the driver has them`() throws {
        let pool = try Pool(profile: "2x-rtx-4090@615")
        defer { pool.remove() }
        try pool.start()
        let gpus = try JSONSerialization.jsonObject(with: Data(pool.divvy("ls", "-o", "json").output.utf8))
        let ids = try #require((gpus as? [String: Any])?["gpus"] as? [[String: Any]]).compactMap { $0["id"] as? String }
        pool.stop()
        // There is no nvidia-smi of that release to be had; these are the columns that this part reads.
        let rows = ids.map { "\($0), 0, GPU, 24564, [N/A], 0, 8.9, 615, [N/A], [N/A], Default" }
        try FileManager.default.createDirectory(atPath: "\(pool.directory)/bin", withIntermediateDirectories: true)
        try "#!/bin/sh\necho '\(rows.joined(separator: "\n"))'\n".write(
            toFile: "\(pool.directory)/bin/nvidia-smi", atomically: true, encoding: .utf8)
        chmod("\(pool.directory)/bin/nvidia-smi", 0o755)
        let result = try GPUCheck.run(pool, ["--only", "driver-limits"], tools: "\(pool.directory)/bin")
        #expect(result.status == 0, "\(result)")
        for beginning in ["read back", "pieces until one is refused"] {
            let name = "the driver's memory limit of 4 GiB: \(beginning)"
            #expect(result.rows.contains { $0.hasPrefix(name) && $0.hasSuffix(" ok") }, "\(result)")
        }
        #expect(result.rows.contains { $0.hasPrefix("the driver's memory limits: soft limit zeroed") }, "\(result)")
    }
}

enum GPUCheck {
    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path
    static let tools = "\(root)/.build/nvidia-smi"
    static let isPromised = ProcessInfo.processInfo.environment["CI"] == "true"
    static let hasTool = access("\(tools)/nvidia-smi", X_OK) == 0
    static let hasPython = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
        .contains { access("\($0)/python3", X_OK) == 0 }
    static let canMakeGroup = ["/sys/fs/cgroup", "/sys/fs/cgroup/memory"]
        .contains { access("\($0)/cgroup.procs", W_OK) == 0 }

    /// Runs it with this build and the pool's simulated machine, beside a daemon of its own.
    static func run(_ pool: Pool, _ options: [String], tools: String = tools) throws -> Program.Result {
        let machine = "\(pool.directory)/sim"
        let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
        return try Program.run(
            ["\(root)/Scripts/gpu-check", Pool.binaries] + options,
            environment: pool.extraEnvironment.merging([
                "PATH": "\(tools):\(path)", "LD_LIBRARY_PATH": "\(machine)/lib",
                "DIVVY_DRIVER": "\(machine)/lib/libnvidia-ml.so.1", "DIVVY_DEVICE_ROOT": "\(machine)/dev",
            ]) { $1 }, seconds: 300)
    }
}

extension Program.Result {
    /// The lines of a table.
    fileprivate var rows: [String] { output.split(separator: "\n").map(String.init) }
}
