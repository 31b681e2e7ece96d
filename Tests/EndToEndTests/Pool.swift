import Foundation
import Glibc
import Testing

/// The build's own `divvy`, a daemon of it over a simulated machine of its own, and everything in one directory.
///
/// Several pools live side by side; nothing outside the directory is touched.
final class Pool {
    let directory: String
    private(set) var daemon: Program?
    /// Put before the daemon's words: `strace`, `unshare` and the like.
    var wrapper: [String] = []
    var options: [String] = []
    /// The daemon's program and words, where it is another one than `divvy up`.
    var daemonWords: [String]?
    /// For the daemon and for every command.
    var extraEnvironment: [String: String] = [:]
    let profile: String

    var socket: String { "\(directory)/divvy.sock" }
    var state: String { "\(directory)/state" }
    var cdi: String { "\(directory)/cdi" }
    var log: String { (try? String(contentsOfFile: "\(directory)/daemon.log", encoding: .utf8)) ?? "" }

    static let binaries = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent().path
    static let divvy = "\(binaries)/divvy"

    init(profile: String = "dgx-a100") throws {
        var template = Array("/tmp/divvy-test-XXXXXX".utf8CString)
        directory = try #require(mkdtemp(&template).map { String(cString: $0) })
        self.profile = profile
        let made = try Program.run([Pool.divvy, "sim", "start", profile, "--name", "sim", "--sim-dir", directory])
        try #require(made.status == 0, "\(made.errors)")
    }

    /// Runs `body` with a daemon that is ready, and takes everything away after it.
    static func with(
        profile: String = "dgx-a100", options: [String] = [], _ body: (Pool) throws -> Void
    ) throws {
        let pool = try Pool(profile: profile)
        defer { pool.remove() }
        pool.options = options
        try pool.start()
        try body(pool)
    }

    /// Starts the daemon and waits until it answers.
    func start() throws {
        try launch()
        try #require(try eventually { (try? self.divvy("version", "-o", "json").status) == 0 }, "not ready:\n\(log)")
    }

    /// Starts the daemon without waiting.
    func launch() throws {
        let words = daemonWords ?? usualWords(cdi: cdi) + options
        daemon = try Program(wrapper + words, environment: extraEnvironment, output: "\(directory)/daemon.log")
    }

    func usualWords(cdi: String) -> [String] {
        [
            Pool.divvy, "up", "--driver", "\(directory)/sim/lib/libnvidia-ml.so.1", "--device-root",
            "\(directory)/sim/dev", "--state", state, "--socket", socket, "--cdi-dir", cdi,
        ]
    }

    /// Ends the daemon as a power cut would, as far as a process can tell.
    func crash() {
        // A tracer that is killed lets go of what it traces.
        if !wrapper.isEmpty, let daemon, daemon.isRunning {
            let children = try? String(
                contentsOfFile: "/proc/\(daemon.pid)/task/\(daemon.pid)/children", encoding: .utf8)
            for child in (children ?? "").split(separator: " ").compactMap({ pid_t($0) }) { kill(child, SIGKILL) }
        }
        daemon?.signal(SIGKILL)
        daemon?.wait()
        daemon = nil
    }

    func stop() {
        daemon?.signal(SIGTERM)
        daemon?.wait()
        daemon = nil
    }

    func remove() {
        crash()
        try? FileManager.default.removeItem(atPath: directory)
    }

    /// Runs a command against this pool.
    @discardableResult
    func divvy(_ words: String...) throws -> Program.Result { try divvy(words) }

    func divvy(_ words: [String], environment: [String: String] = [:]) throws -> Program.Result {
        try Program.run([Pool.divvy] + words, environment: self.environment.merging(environment) { $1 })
    }

    var environment: [String: String] {
        extraEnvironment.merging(["DIVVY_SOCKET": socket, "NO_COLOR": "1"]) { $1 }
    }

    /// The items of a list command.
    func items(_ words: String...) throws -> [[String: Any]] {
        let result = try divvy(words + ["-o", "json"])
        try #require(result.status == 0, "\(words): \(result.errors)")
        let object = try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any]
        return try #require(object?["items"] as? [[String: Any]])
    }

    /// Ids and states of all leases that the daemon remembers.
    func leases() throws -> [String: String] {
        let pairs = try items("ps", "-a").compactMap { lease in
            (lease["id"] as? String).flatMap { id in (lease["state"] as? String).map { (id, $0) } }
        }
        return Dictionary(uniqueKeysWithValues: pairs)
    }

    /// What a GPU's leases leave free, by index: thousandths.
    func freeShares() throws -> [Int] {
        let result = try divvy("ls", "-o", "json")
        let object = try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any]
        let gpus = try #require(object?["gpus"] as? [[String: Any]], "\(result.errors)")
        return try gpus.map { try #require($0["freeMilliGPU"] as? Int) }
    }
}

/// Tries for at most `seconds` until something is so.
func eventually(_ seconds: Double = 15, _ what: () throws -> Bool) throws -> Bool {
    let end = Date().addingTimeInterval(seconds)
    repeat {
        if try what() { return true }
        usleep(30_000)
    } while Date() < end
    return try what()
}
