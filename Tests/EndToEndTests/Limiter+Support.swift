import Foundation
import Glibc
import Testing

/// The program that the limiter's tests run in leases; `Programs/limited.c` says what it does.
enum LimitedProgram {
    private static let source = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("Programs/limited.c").path
    private static let loader = "/lib64/ld-linux-x86-64.so.2"
    private static let libraries = "/lib/x86_64-linux-gnu"

    /// Compiles it into a pool's directory.
    static func build(for pool: Pool) throws -> String {
        let path = "\(pool.directory)/limited"
        let compilers = ["/usr/bin/cc", "/usr/bin/clang", "/usr/bin/gcc"]
        let compiler = try #require(compilers.first { access($0, X_OK) == 0 }, "no C compiler")
        let result = try Program.run([compiler, "-O1", "-o", path, source, "-ldl"])
        try #require(result.status == 0, "\(result.errors)")
        return path
    }

    /// Options that put it into a container, with the libraries that it needs: the tests' image has none.
    static func options(_ program: String) -> [String] {
        var options = ["-v", "\(program):/bin/limited:ro", "-v", "\(real(loader)):\(loader):ro"]
        for name in ["libc.so.6", "libdl.so.2", "libpthread.so.0"] {
            options += ["-v", "\(real("\(libraries)/\(name)")):/usr\(libraries)/\(name):ro"]
        }
        return options
    }

    private static func real(_ path: String) -> String { URL(fileURLWithPath: path).resolvingSymlinksInPath().path }

    /// Nanoseconds of the monotonic clock, which it goes by.
    static var now: UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}

extension Pool {
    /// What programs need so that they find the simulated driver as they would find one that is installed.
    var driverEnvironment: [String: String] { ["LD_LIBRARY_PATH": "\(directory)/sim/lib"] }

    /// A lease as `divvy show` has it.
    func lease(_ id: String) throws -> [String: Any] {
        let result = try divvy("show", id, "-o", "json")
        try #require(result.status == 0, "\(result.errors)")
        return try #require(try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any])
    }

    /// Of a lease's first GPU, what its fence says.
    func fence(_ id: String) throws -> [String: Any]? {
        ((try lease(id)["heldBy"] as? [[String: Any]])?.first?["gpus"] as? [[String: Any]])?.first
    }

    /// Starts a command of `divvy run` that goes on, its output in a file.
    func running(_ words: [String], to file: String) throws -> Program {
        try Program(
            [Pool.divvy, "run"] + words, environment: environment.merging(driverEnvironment) { $1 },
            output: "\(directory)/\(file)", errors: "\(directory)/\(file).errors")
    }

    func text(_ file: String) -> String {
        (try? String(contentsOfFile: "\(directory)/\(file)", encoding: .utf8)) ?? ""
    }

    /// Runs programs side by side that keep the first GPU busy, each `divvy run` with its own words; the result is each
    /// one's part of the work in per cent.
    func parts(of runs: [[String]], seconds: UInt64 = 4) throws -> [Double] {
        let start = LimitedProgram.now + 5_000_000_000
        let programs = try runs.enumerated().map { index, words in
            try running(words + ["share", "500", "\(start)", "\(seconds * 1_000_000_000)"], to: "share\(index)")
        }
        for (index, program) in programs.enumerated() {
            try #require(program.wait() == 0, "\(text("share\(index)")) \(text("share\(index).errors"))")
        }
        let times = try programs.indices.map { index in
            try #require(Double(text("share\(index)").trimmingCharacters(in: .whitespacesAndNewlines)))
        }
        for index in programs.indices {
            for name in ["share\(index)", "share\(index).errors"] {
                try FileManager.default.removeItem(atPath: "\(directory)/\(name)")
            }
        }
        return times.map { 100 * $0 / times.reduce(0, +) }
    }
}
