import Foundation
import Testing

/// What Divvy shows is what other tools show of the same driver.
@Suite struct `divvy ls` {
    private static let python = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent(".build/python-tools/bin/python").path

    private static let survey = """
        import json
        from pynvml import *
        nvmlInit()
        def text(x): return x.decode() if isinstance(x, bytes) else x
        def one(i):
            h = nvmlDeviceGetHandleByIndex(i)
            m = nvmlDeviceGetMemoryInfo(h, version=nvmlMemory_v2)
            c = nvmlDeviceGetCudaComputeCapability(h)
            return {"id": text(nvmlDeviceGetUUID(h)), "name": text(nvmlDeviceGetName(h)), "index": i,
                "minor": nvmlDeviceGetMinorNumber(h), "totalBytes": m.total, "reservedBytes": m.reserved,
                "usedBytes": m.used, "pciAddress": text(nvmlDeviceGetPciInfo(h).busId),
                "computeCapability": "%d.%d" % tuple(c),
                "powerLimitWatts": nvmlDeviceGetEnforcedPowerLimit(h) / 1000,
                "utilisationPercent": nvmlDeviceGetUtilizationRates(h).gpu,
                "processes": [p.pid for p in nvmlDeviceGetComputeRunningProcesses(h)]}
        print(json.dumps({"driver": text(nvmlSystemGetDriverVersion()), "gpus": [one(i) for i in range(nvmlDeviceGetCount())]}))
        """

    @Test(
        .enabled(
            if: FileManager.default.fileExists(atPath: python) || ProcessInfo.processInfo.environment["CI"] != nil,
            "no Python tools: run Scripts/python-tools first"),
        arguments: ["dgx-a100", "2x-rtx-4090"])
    func `agrees with pynvml on every number both show`(profile: String) throws {
        try Pool.with(profile: profile) { pool throws in
            let sleeper = try Program(["sleep", "60"], output: "/dev/null")
            defer { sleeper.signal(15); sleeper.wait() }
            let added = try pool.divvy(
                "sim", "process", "add", "\(sleeper.pid)", "--gpu", "1", "--memory", "3GiB", "--machine", "sim",
                "--sim-dir", pool.directory)
            #expect(added.status == 0, "\(added.errors)")
            func fleet() throws -> [String: Any] {
                try #require(
                    try JSONSerialization.jsonObject(with: Data(pool.divvy("ls", "-o", "json").output.utf8))
                        as? [String: Any])
            }
            // The daemon has read the devices since; from then on nothing changes any more.
            #expect(
                try eventually {
                    let gpus = try fleet()["gpus"] as? [[String: Any]]
                    return (gpus?[1]["processes"] as? [Any])?.isEmpty == false
                })
            let theirs = try Program.run(
                [Self.python, "-c", Self.survey], environment: ["LD_LIBRARY_PATH": "\(pool.directory)/sim/lib"])
            try #require(theirs.status == 0, "\(theirs.errors)")
            let seen = try #require(try JSONSerialization.jsonObject(with: Data(theirs.output.utf8)) as? [String: Any])
            let shown = try fleet()
            #expect((shown["driver"] as? [String: Any])?["version"] as? String == seen["driver"] as? String)
            let ours = try #require(shown["gpus"] as? [[String: Any]])
            let others = try #require(seen["gpus"] as? [[String: Any]])
            try #require(ours.count == others.count)
            for (gpu, other) in zip(ours, others) {
                let memory = try #require(gpu["memory"] as? [String: Any])
                let reading = try #require(gpu["reading"] as? [String: Any])
                let all = gpu.merging(memory) { $1 }.merging(reading) { $1 }
                for (name, value) in other where name != "processes" {
                    let isSame = (all[name] as? NSObject) == (value as? NSObject)
                    #expect(isSame, "\(name) of GPU \(other["index"] ?? ""): \(all[name] ?? "nothing"), not \(value)")
                }
                let pids = (gpu["processes"] as? [[String: Any]])?.compactMap { $0["pid"] as? Int }
                #expect(pids == other["processes"] as? [Int])
            }
            // A process without a lease is seen, and what it holds is not sold.
            let foreign = (ours[1]["memory"] as? [String: Any])?["foreignBytes"] as? Int
            #expect(foreign == 3 << 30)
            #expect(try pool.divvy("hold", "--gpus", "device=1", "--grade", "exclusive", "--no-wait").status == 75)
        }
    }
}
