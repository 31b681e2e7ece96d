import Engine
import Fleet
import Foundation
import Synchronization
import Testing

@testable import Containers

/// Container engines of the tests' own, started by Scripts/test-engines before a suite and ended after it.
struct TestEngines: SuiteTrait, TestScoping {
    struct Engines: Sendable {
        let directory: String
        let commands: [EngineKind: EngineCommand]
    }

    @TaskLocal static var current: Engines?

    static var reasonToSkip: String? {
        let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
        let discovery = EngineDiscovery(path: path)
        if geteuid() != 0 { return "engines of the tests' own need root" }
        let missing = EngineKind.allCases.filter { discovery.command($0) == nil }.map(\.rawValue)
        return missing.isEmpty ? nil : "not installed: \(missing.joined(separator: ", "))"
    }

    static var mustRun: Bool { ProcessInfo.processInfo.environment["CI"] == "true" }

    static var canRun: Bool { reasonToSkip == nil || mustRun }

    func provideScope(for test: Test, testCase: Test.Case?, performing body: @Sendable () async throws -> Void)
        async throws
    {
        let script = URL(filePath: #filePath).deletingLastPathComponent().path + "/../../Scripts/test-engines"
        let directory = "/tmp/divvy-engines-\(getpid())"
        let started = try run([script, "start", directory])
        defer {
            _ = try? run([script, "stop", directory])
            try? FileManager.default.removeItem(atPath: directory)
        }
        try #require(started.status == 0, "\(started.output)")
        var values: [String: String] = [:]
        for line in started.output.split(separator: "\n") {
            let parts = line.split(separator: "=", maxSplits: 1)
            if parts.count == 2 { values[String(parts[0])] = parts[1].filter { $0 != "'" } }
        }
        let discovery = EngineDiscovery(
            path: ProcessInfo.processInfo.environment["PATH"] ?? "",
            globalArguments: [
                .docker: ["-H", values["DOCKER_HOST"] ?? ""],
                .podman: (values["PODMAN_ARGUMENTS"] ?? "").split(separator: " ").map(String.init),
            ])
        let commands = EngineKind.allCases.compactMap { kind in discovery.command(kind).map { (kind, $0) } }
        let engines = Engines(directory: directory, commands: Dictionary(uniqueKeysWithValues: commands))
        try await Self.$current.withValue(engines) { try await body() }
    }
}

/// All suites that need engines: they share them, one test at a time.
@Suite(
    .serialized, .tags(.engine), .enabled(if: TestEngines.canRun, "\(TestEngines.reasonToSkip ?? "")"), TestEngines(),
    .timeLimit(.minutes(2)))
enum WithEngines {}

/// Runs a program to its end; standard output and error together.
@discardableResult
func run(_ words: [String]) throws -> (status: Int32, output: String) {
    let file = "/tmp/divvy-output-\(UUID().uuidString)"
    defer { unlink(file) }
    let pid = try spawn(words, output: file, reaped: false)
    var status: Int32 = 0
    while waitpid(pid, &status, 0) < 0 && errno == EINTR {}
    return (status == 0 ? 0 : max(1, status >> 8), (try? contents(file)) ?? "")
}

/// Waits until a process that `spawn` started has ended and is waited for.
func ended(_ pid: pid_t) async {
    while ProcessTable.status(of: pid) != nil { try? await Task.sleep(for: .milliseconds(5)) }
}

/// Starts a program; `words[0]` is a path.
///
/// It is waited for as soon as it ends unless not `reaped`: a child that nobody waits for keeps Swift Testing's exit
/// tests, which may run in the same process, from ever seeing theirs.
func spawn(_ words: [String], output: String = "/dev/null", reaped: Bool = true) throws -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    posix_spawn_file_actions_adddup2(&actions, 1, 2)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    // Swift's threads block signals, and what a process blocks its children block.
    var noSignals = sigset_t()
    sigemptyset(&noSignals)
    posix_spawnattr_setsigmask(&attributes, &noSignals)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK))
    var arguments = words.map { strdup($0) } + [nil]
    defer { for argument in arguments { free(argument) } }
    var pid: pid_t = 0
    let code = posix_spawn(&pid, words[0], &actions, &attributes, &arguments, environ)
    guard code == 0 else { throw POSIXError(POSIXErrorCode(rawValue: code) ?? .EIO) }
    if reaped {
        Thread.detachNewThread { [pid] in while waitpid(pid, nil, 0) < 0 && errno == EINTR {} }
    }
    return pid
}

/// A watch that runs, and what it has told.
final class WatchUnderTest: Sendable {
    let watch: LeaseHolderWatch
    private let told = Mutex<[HolderSighting]>([])
    let tenant = Tenant(uid: 0, name: "root")

    init(_ engines: [EngineCommand] = []) throws { watch = try LeaseHolderWatch(engines: engines) }

    var sightings: [HolderSighting] { told.withLock { $0 } }

    /// The next sighting after those that were waited for before; nil when there is none in time.
    func sighting(_ index: Int, within limit: Duration) async -> HolderSighting? {
        let end = ContinuousClock.now + limit
        while ContinuousClock.now < end {
            if let found = told.withLock({ $0.count > index ? $0[index] : nil }) { return found }
            try? await Task.sleep(for: .milliseconds(10))
        }
        return nil
    }

    static func with(_ engines: [EngineCommand] = [], _ body: (WatchUnderTest) async throws -> Void) async throws {
        let test = try WatchUnderTest(engines)
        let watch = test.watch
        let follower = Task { await watch.run() }
        let listener = Task { for await sighting in watch.sightings { test.told.withLock { $0.append(sighting) } } }
        defer {
            watch.close()
            follower.cancel()
            listener.cancel()
        }
        try await body(test)
    }
}

func identity(_ pid: pid_t) throws -> ProcessIdentity { try #require(ProcessTable.identity(of: pid)) }
