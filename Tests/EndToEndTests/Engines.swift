import Foundation
import Testing

extension Tag {
    /// Needs root and container engines, and takes its time.
    @Tag static var engine: Self
}

/// Container engines of the tests' own, with an image `divvy-test`, apart from any that the machine has.
///
/// Podman is reached through a program `podman` that adds the options which set it apart, so that `divvy` finds it in
/// PATH as it would find any other.
final class Engines {
    let directory: String
    private let dockerHost: String?

    /// - Parameter runtimes: what Docker's daemon is told of OCI runtimes, as in `daemon.json`.
    init(runtimes: [String: [String: Any]] = [:]) throws {
        var template = Array("/tmp/divvy-engines-XXXXXX".utf8CString)
        directory = try #require(mkdtemp(&template).map { String(cString: $0) })
        try JSONSerialization.data(withJSONObject: ["runtimes": runtimes])
            .write(to: URL(fileURLWithPath: "\(directory)/daemon.json"))
        let started = try Program.run([Self.script, "start", directory], seconds: 120)
        try #require(started.status == 0, "\(started.errors)")
        var settings: [String: String] = [:]
        for line in started.output.split(separator: "\n") {
            let parts = line.split(separator: "=", maxSplits: 1)
            if parts.count == 2 { settings[String(parts[0])] = parts[1].trimmingCharacters(in: ["'"]) }
        }
        dockerHost = settings["DOCKER_HOST"]
        if let options = settings["PODMAN_ARGUMENTS"] {
            let real = try Program.run(["sh", "-c", "command -v podman"]).output.trimmingCharacters(in: .newlines)
            try FileManager.default.createDirectory(atPath: "\(directory)/bin", withIntermediateDirectories: true)
            try "#!/bin/sh\nexec \(real) \(options) \"$@\"\n".write(
                toFile: "\(directory)/bin/podman", atomically: true, encoding: .utf8)
            chmod("\(directory)/bin/podman", 0o755)
        }
    }

    /// What programs need in their environment to use these engines and no others.
    var environment: [String: String] {
        var environment = ["PATH": "\(directory)/bin:\(ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin")"]
        environment["DOCKER_HOST"] = dockerHost
        return environment
    }

    /// The program to call for an engine; a look in PATH would be in that of the tests.
    func program(_ engine: String) -> String { engine == "podman" ? "\(directory)/bin/podman" : engine }

    /// Options of `run` that a machine without container networks and with low limits needs.
    func options(_ engine: String) -> [String] {
        engine == "podman"
            ? ["--network=none", "--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1000:1000"] : ["--network=none"]
    }

    var dockerPid: pid_t? {
        let text = try? String(contentsOfFile: "\(directory)/docker.pid", encoding: .utf8)
        return text.flatMap { pid_t($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
    }

    /// Starts Docker's daemon again after it died.
    func restart() throws {
        let started = try Program.run([Self.script, "start", directory], seconds: 120)
        try #require(started.status == 0, "\(started.errors)")
    }

    func remove() {
        _ = try? Program.run([Self.script, "stop", directory], seconds: 60)
        _ = try? Program.run(["sh", "-c", "rm -rf '\(directory)'"], seconds: 60)
    }

    private static let script = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Scripts/test-engines").path

    /// Runs `body` with a pool whose daemon and commands use engines of their own.
    static func with(_ options: [String] = [], _ body: (Pool, Engines) throws -> Void) throws {
        let engines = try Engines()
        defer { engines.remove() }
        let pool = try Pool()
        defer { pool.remove() }
        pool.extraEnvironment = engines.environment
        pool.options = options
        try pool.start()
        try body(pool, engines)
    }

    static let areUsable = getuid() == 0
}
