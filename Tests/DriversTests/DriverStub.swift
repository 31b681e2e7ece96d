import Engine
import Fleet
import Foundation
import Testing

@testable import Drivers

/// A driver library that misbehaves on command: `Stub/driver_stub.c`, compiled for the test that asks for it.
final class DriverStub: @unchecked Sendable {
    // Unchecked: the knobs are single words that the library reads again and again; nothing else changes.

    /// In the order of `enum knob` in the C file.
    enum Knob: Int32 {
        case gpuCount, initResult, countResult, initHangs, countHangs, hangingGPUs, lostGPUs, resetGPUs
        case processCount, processGrowth, pendingXID, links, recovery, shutdowns, inits, noMemoryReading, migMode
        case calls
    }

    enum Kind: String { case plain, minimal = "MINIMAL", oldDriver = "OLD_DRIVER" }

    let folder: URL
    let path: String
    private let handle: UnsafeMutableRawPointer
    private let knob: @convention(c) (Int32) -> UnsafeMutablePointer<Int32>

    init(_ kind: Kind = .plain, _ knobs: [Knob: Int32] = [:]) throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "divvy-driver-stub-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        path = folder.appending(path: "libnvidia-ml.so.1").resolvingSymlinksInPath().path
        try Compiled.library(kind).write(to: URL(filePath: path))
        handle = try #require(dlopen(path, RTLD_NOW | RTLD_LOCAL))
        let symbol = try #require(dlsym(handle, "stub_knob"))
        knob = unsafeBitCast(symbol, to: (@convention(c) (Int32) -> UnsafeMutablePointer<Int32>).self)
        for (knob, value) in knobs { self[knob] = value }
    }

    deinit {
        // What hangs may end, so that no thread is left in the library; it stays loaded all the same.
        for knob in [Knob.initHangs, .countHangs, .hangingGPUs] { self[knob] = 0 }
        try? FileManager.default.removeItem(at: folder)
    }

    subscript(_ knob: Knob) -> Int32 {
        get { self.knob(knob.rawValue).pointee }
        set { self.knob(knob.rawValue).pointee = newValue }
    }

    /// A source on this library.
    ///
    /// Only tests in which something hangs have a deadline that can pass.
    func source(
        deadline: Fleet.Span = Span(seconds: 60), retry: Fleet.Span = Span(milliseconds: 50)
    ) -> NVMLDeviceSource {
        NVMLDeviceSource(library: path, nodeName: "box", note: nil, deadline: deadline, retry: retry)
    }

    /// Each kind is compiled once for all tests.
    private enum Compiled {
        static let plain = Result { try compile(.plain) }
        static let minimal = Result { try compile(.minimal) }
        static let oldDriver = Result { try compile(.oldDriver) }

        static func library(_ kind: Kind) throws -> Data {
            switch kind {
            case .plain: try plain.get()
            case .minimal: try minimal.get()
            case .oldDriver: try oldDriver.get()
            }
        }

        private static func compile(_ kind: Kind) throws -> Data {
            let here = URL(filePath: #filePath).deletingLastPathComponent()
            let headers = here.appending(path: "../../Sources/C/CNVML/include").standardized
            let output = FileManager.default.temporaryDirectory
                .appending(path: "divvy-driver-stub-\(kind.rawValue)-\(getpid()).so")
            let compiler = Process()
            compiler.executableURL = URL(filePath: "/usr/bin/env")
            compiler.arguments = [
                "cc", "-shared", "-fPIC", "-O1", "-fvisibility=hidden", "-D\(kind.rawValue)", "-I", headers.path,
                here.appending(path: "Stub/driver_stub.c").path, "-o", output.path,
            ]
            try compiler.run()
            compiler.waitUntilExit()
            try #require(compiler.terminationStatus == 0, "cc must compile the driver stub")
            defer { try? FileManager.default.removeItem(at: output) }
            return try Data(contentsOf: output)
        }
    }
}

/// Scans until `isSo` holds; fails when it does not within ten seconds.
func scan(
    _ source: NVMLDeviceSource, until isSo: (DeviceScan) -> Bool, sourceLocation: SourceLocation = #_sourceLocation
) async throws -> DeviceScan {
    let end = ContinuousClock.now + .seconds(10)
    while true {
        let scan = await source.scan()
        if isSo(scan) { return scan }
        guard ContinuousClock.now < end else {
            Issue.record("it never came so; the last scan is \(scan)", sourceLocation: sourceLocation)
            return scan
        }
        try await Task.sleep(for: .milliseconds(20))
    }
}

extension DeviceScan {
    /// The reason in the health of a GPU that is not healthy.
    func reason(_ index: Int) -> String? {
        guard health.indices.contains(index) else { return nil }
        return switch health[index] {
        case .healthy: nil
        case .unhealthy(let reason), .lost(let reason): reason
        }
    }
}
