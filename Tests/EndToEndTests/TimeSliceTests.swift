import Foundation
import Glibc
import Testing

/// Shares that nothing holds, by the driver's time slices, whose length NVIDIA's own tool sets.
@Suite(
    .serialized, .timeLimit(.minutes(2)),
    .enabled(if: GPUCheck.isPromised || GPUCheck.hasTool, "no nvidia-smi: run Scripts/nvidia-smi first"))
struct `A share by time` {
    @Test func `has slices of the length that was set, as long as there is one`() throws {
        let pool = try Pool(profile: "2x-rtx-4090@535")
        defer { pool.remove() }
        pool.extraEnvironment = [
            "DIVVY_TIME_SLICE": "short", "PATH": "\(GPUCheck.tools):/usr/local/bin:/usr/bin:/bin",
        ]
        try pool.start()
        let listing = ["\(GPUCheck.tools)/nvidia-smi", "compute-policy", "-l"]
        func listed(_ length: String) throws -> Bool {
            try Program.run(listing, environment: pool.driverEnvironment).output.contains(" \(length) ")
        }
        #expect(try !listed("Short"))
        let holder = try Program(
            [Pool.divvy, "run", "--gpus", "0.5", "--share", "time", "--", "sleep", "60"],
            environment: pool.environment, output: "\(pool.directory)/holder.log")
        defer {
            holder.signal(SIGKILL)
            holder.wait()
        }
        #expect(try eventually { try listed("Short") })
        let show = try pool.divvy("show", "lease-1")
        #expect(show.output.contains("time-slices") && show.output.contains("short time slices"), "\(show)")
        holder.signal(SIGTERM)
        #expect(try eventually { try !listed("Short") })
    }

    @Test func `keeps the driver's own where they cannot be set, and says so`() throws {
        let pool = try Pool(profile: "2x-rtx-4090@535")
        defer { pool.remove() }
        try FileManager.default.createDirectory(atPath: "\(pool.directory)/bin", withIntermediateDirectories: true)
        let tool = "\(pool.directory)/bin/nvidia-smi"
        try "#!/bin/sh\necho 'Failed to set timeslice policy with value Long for GPU 0 : Not Supported'\nexit 3\n"
            .write(
                toFile: tool, atomically: true, encoding: .utf8)
        chmod(tool, 0o755)
        pool.extraEnvironment = [
            "DIVVY_TIME_SLICE": "long", "PATH": "\(pool.directory)/bin:/usr/local/bin:/usr/bin:/bin",
        ]
        try pool.start()
        let held = try pool.divvy("hold", "--gpus", "0.5", "--share", "time", "--for", "1m")
        #expect(held.status == 0, "\(held)")
        let show = try pool.divvy("show", "lease-1")
        #expect(show.output.contains("the driver's own time slices: Failed to set"), "\(show)")
    }
}
