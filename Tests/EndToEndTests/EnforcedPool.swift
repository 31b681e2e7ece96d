import CSimulatedDriver
import Foundation
import Glibc
import Testing

/// A pool that grants `enforced` over a simulated driver of 615, and in which Podman reads the pool's CDI specifications:
/// all of it lives in a mount namespace where they stand in Podman's directory.
final class EnforcedPool {
    let pool: Pool
    private let space: Program
    private let engines: Engines?
    /// Before the words of whatever is to live in there.
    let enter: [String]

    private init(_ engines: Engines?, isServed: Bool) throws {
        self.engines = engines
        pool = try Pool(profile: "dgx-a100@615")
        mkdir(pool.cdi, 0o755)
        let cover =
            "mkdir -p /var/run/cdi && mount --bind '\(pool.cdi)' /var/run/cdi && echo ready && exec sleep 100000"
        space = try Program(["unshare", "-m", "sh", "-c", cover], output: "\(pool.directory)/space")
        enter = ["nsenter", "--mount", "--target", "\(space.pid)"]
        pool.extraEnvironment = engines?.environment ?? [:]
        pool.daemonWords =
            enter
            + (isServed
                ? pool.usualWords(cdi: "/var/run/cdi")
                : ["\(Pool.binaries)/EnforcingPool", pool.directory, Pool.divvy, "/var/run/cdi"])
        try #require(try eventually { self.pool.text("space") == "ready\n" }, "\(pool.text("space"))")
    }

    /// Runs `body` with a daemon that is ready.
    ///
    /// - Parameter isServed: it is the one that everybody has, with multi-process service as it is.
    static func with(engines wanted: Bool = true, isServed: Bool = false, _ body: (EnforcedPool) throws -> Void) throws
    {
        let engines = wanted ? try Engines() : nil
        defer { engines?.remove() }
        let enforced = try EnforcedPool(engines, isServed: isServed)
        defer {
            if wanted { _ = try? enforced.podman("rm", "-fa", "-t", "0") }
            enforced.pool.remove()
            enforced.space.signal(SIGKILL)
            enforced.space.wait()
        }
        try enforced.pool.start()
        try body(enforced)
    }

    func podman(_ words: String...) throws -> Program.Result { try podman(words) }

    func podman(_ words: [String]) throws -> Program.Result {
        let engines = try #require(engines)
        return try Program.run(enter + [engines.program("podman")] + words, environment: pool.environment)
    }

    /// `divvy run` of a container with what `options` says besides.
    func run(_ request: [String], _ options: [String], _ command: [String]) throws -> Program.Result {
        let words = ["run", "--engine", "podman", "--grade", "enforced"] + request + containerOptions + options
        return try Program.run(
            enter + [Pool.divvy] + words + ["divvy-test"] + command, environment: pool.environment)
    }

    var containerOptions: [String] { engines?.options("podman") ?? [] }

    /// What Podman says of a container: `{{.State.Pid}}`.
    func inspect(_ container: String, _ template: String) throws -> pid_t {
        let said = try podman("inspect", "-f", template, container)
        return try #require(pid_t(said.output.trimmingCharacters(in: .whitespacesAndNewlines)), "\(said)")
    }

    /// What the driver keeps in its table: soft limits, in bytes, whatever became of their cgroups.
    var reservations: [UInt64] {
        get throws {
            let file = open("\(pool.directory)/sim/dev/nvidiactl", O_RDWR | O_CLOEXEC)
            try #require(file >= 0)
            defer { close(file) }
            let size = MemoryLayout<DeviceModel>.size
            let memory = try #require(mmap(nil, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0))
            defer { munmap(memory, size) }
            let model = memory.assumingMemoryBound(to: DeviceModel.self)
            return withUnsafeBytes(of: &model.pointee.limits) { limits in
                limits.bindMemory(to: ModelMemoryLimit.self).filter { $0.key != 0 && $0.soft != .max }.map(\.soft)
            }
        }
    }

    /// What is read back of a lease's fence, for each of its GPUs.
    func held(_ lease: String) throws -> [[String: Any]] {
        let fences = try #require(try pool.lease(lease)["heldBy"] as? [[String: Any]])
        let fence = try #require(fences.first)
        #expect(fence["means"] as? String == "driver-limits")
        return try #require(fence["gpus"] as? [[String: Any]])
    }

    /// Compiles `Programs/held.c` into the pool's directory.
    func buildHeld() throws -> String {
        let path = "\(pool.directory)/held"
        let source = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(
            "Programs/held.c")
        let result = try Program.run(["cc", "-O1", "-o", path, source.path, "-ldl"])
        try #require(result.status == 0, "\(result.errors)")
        return path
    }
}
