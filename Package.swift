// swift-tools-version: 6.2
import PackageDescription

// Three rings, arrows inwards only: Core <- Engine <- Edges <- Command. Each helper below says what its ring may use.

let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let sqlite = Target.Dependency.product(name: "GRDBSQLite", package: "GRDB.swift")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")
let arguments = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let log = Target.Dependency.product(name: "Logging", package: "swift-log")
let lifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let signals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")
let system = Target.Dependency.product(name: "SystemPackage", package: "swift-system")
let subprocess = Target.Dependency.product(name: "Subprocess", package: "swift-subprocess")
func nio(_ product: String) -> Target.Dependency { .product(name: product, package: "swift-nio") }

/// Pure values and decisions.
func core(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, path: "Sources/Core/\(name)", swiftSettings: strict)
}

/// Something that touches the world.
func edge(_ name: String, _ dependencies: [Target.Dependency], exclude: [String] = []) -> Target {
    .target(
        name: name, dependencies: ["Engine", "Fleet"] + dependencies, path: "Sources/Edges/\(name)", exclude: exclude,
        swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency], exclude: [String] = []) -> Target {
    .testTarget(
        name: name, dependencies: dependencies, path: "Tests/\(name)", exclude: exclude, swiftSettings: strict)
}

let invariantsChecked: [SwiftSetting] = [.define("DIVVY_CHECK_INVARIANTS", .when(configuration: .debug))]

let package = Package(
    name: "divvy",
    products: [
        .executable(name: "divvy", targets: ["divvy"]),
        .executable(name: "divvy-benchmarks", targets: ["divvy-benchmarks"]),
        // The simulated driver's control daemon of the Multi-Process Service.
        .executable(name: "nvidia-cuda-mps-control", targets: ["SimulatedMPS"]),
        // The simulated driver's library, SONAME libnvidia-ml.so.1.
        .library(name: "nvidia-ml", type: .dynamic, targets: ["SimulatedDriver"]),
        // The simulated driver's other library, SONAME libcuda.so.1.
        .library(name: "cuda", type: .dynamic, targets: ["SimulatedCUDA"]),
        // The limiter, SONAME libcuda.so.1 too; `LimiterLibrary.install` makes it one that works.
        .library(name: "divvy-limiter", type: .dynamic, targets: ["Limiter"]),
        // Its view of NVML, SONAME libnvidia-ml.so.1.
        .library(name: "divvy-limiter-view", type: .dynamic, targets: ["LimiterView"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2", traits: []),
    ],
    targets: [
        core("Fleet"),
        core("Placement", ["Fleet"]),
        core("Queueing", ["Fleet", "Placement"]),
        .target(
            name: "Ledger", dependencies: ["Fleet", "Placement", "Queueing"], path: "Sources/Core/Ledger",
            swiftSettings: strict + invariantsChecked),

        .target(
            name: "Simulation", dependencies: ["Fleet", "Placement", "Queueing"], path: "Sources/Simulation",
            swiftSettings: strict),

        .target(
            name: "Engine", dependencies: ["Fleet", "Ledger", "Placement", "Queueing", log], path: "Sources/Engine",
            swiftSettings: strict),

        .target(name: "CNVML", path: "Sources/C/CNVML"),
        .target(name: "CLinux", path: "Sources/C/CLinux"),
        .target(name: "CSimulatedDriver", path: "Sources/C/CSimulatedDriver"),
        .target(name: "CSimulatedCUDA", path: "Sources/C/CSimulatedCUDA"),
        .target(name: "CLimiter", path: "Sources/C/CLimiter", exclude: ["Shim", "View"]),
        .target(name: "CLimiterShim", dependencies: ["CLimiter"], path: "Sources/C/CLimiter/Shim"),
        .target(name: "CLimiterView", dependencies: ["CLimiter"], path: "Sources/C/CLimiter/View"),

        edge("Drivers", ["CNVML"]),
        .target(
            name: "SQLiteJournal", dependencies: ["Engine", "Fleet", "Ledger", grdb, sqlite, system],
            path: "Sources/Edges/Journal", swiftSettings: strict),
        edge("Containers", ["CLinux", system, subprocess]),
        edge("Isolation", ["LimiterAgent", system, subprocess]),
        .target(
            name: "API",
            dependencies: [
                "Engine", "Fleet", "Ledger", "Placement", "Queueing", hummingbird, nio("NIOCore"), nio("NIOPosix"),
                nio("NIOHTTP1"), log, lifecycle,
            ], path: "Sources/Edges/API", swiftSettings: strict),
        .target(
            name: "SimulatedDevices", dependencies: ["CSimulatedDriver", system],
            path: "Sources/Edges/SimulatedDevices", swiftSettings: strict),

        // Loaded into other people's processes: Embedded Swift, no runtime, nothing exported but the driver's names.
        .target(
            name: "SimulatedDriver", dependencies: ["CNVML", "CSimulatedDriver"],
            path: "Sources/Injected/SimulatedDriver", exclude: ["exports.map", "CUDA"],
            swiftSettings: strict + [.enableExperimentalFeature("Embedded"), .unsafeFlags(["-wmo"])],
            linkerSettings: [
                .unsafeFlags([
                    "-Xlinker", "-soname=libnvidia-ml.so.1", "-Xlinker",
                    "--version-script=\(Context.packageDirectory)/Sources/Injected/SimulatedDriver/exports.map",
                ])
            ]),

        .target(
            name: "SimulatedCUDA", dependencies: ["CSimulatedCUDA", "CSimulatedDriver"],
            path: "Sources/Injected/SimulatedDriver/CUDA", exclude: ["exports.map", "Tables"],
            swiftSettings: strict + [.enableExperimentalFeature("Embedded"), .unsafeFlags(["-wmo"])],
            linkerSettings: [
                .unsafeFlags([
                    "-Xlinker", "-soname=libcuda.so.1", "-Xlinker", "-Bsymbolic",
                    // Before glibc 2.34 threads are not in libc.
                    "-Xlinker", "--no-as-needed", "-Xlinker", "-l:libpthread.so.0", "-Xlinker",
                    "--version-script=\(Context.packageDirectory)/Sources/Injected/SimulatedDriver/CUDA/exports.map",
                ])
            ]),

        .target(
            name: "Limiter", dependencies: ["CLimiter", "CLimiterShim"], path: "Sources/Injected/Limiter",
            exclude: ["exports.map", "Tables", "Agent", "View"],
            swiftSettings: strict + [.enableExperimentalFeature("Embedded"), .unsafeFlags(["-wmo"])],
            linkerSettings: [
                .unsafeFlags([
                    "-Xlinker", "-soname=libcuda.so.1", "-Xlinker", "-Bsymbolic", "-Xlinker", "--no-as-needed",
                    // Once it were gone, the real library, which stays, would be found under the same name.
                    "-Xlinker", "-z", "-Xlinker", "nodelete",
                    // Before glibc 2.34 threads and dlopen are not in libc.
                    "-Xlinker", "-l:libpthread.so.0", "-Xlinker", "-l:libdl.so.2",
                    // Where the real library's path stands once the limiter is installed: LIMITER_MARK, 240 long.
                    "-Xlinker", "--auxiliary=divvy-limiter-mark:" + String(repeating: "-", count: 221), "-Xlinker",
                    "--version-script=\(Context.packageDirectory)/Sources/Injected/Limiter/exports.map",
                ])
            ]),
        .target(
            name: "LimiterView", dependencies: ["CLimiter", "CLimiterView"], path: "Sources/Injected/Limiter/View",
            exclude: ["exports.map"],
            swiftSettings: strict + [.enableExperimentalFeature("Embedded"), .unsafeFlags(["-wmo"])],
            linkerSettings: [
                .unsafeFlags([
                    "-Xlinker", "-soname=libnvidia-ml.so.1", "-Xlinker", "-Bsymbolic", "-Xlinker", "-z", "-Xlinker",
                    "nodelete", "-Xlinker", "--no-as-needed", "-Xlinker", "-l:libdl.so.2", "-Xlinker",
                    "--auxiliary=divvy-limiter-mark:" + String(repeating: "-", count: 221), "-Xlinker",
                    "--version-script=\(Context.packageDirectory)/Sources/Injected/Limiter/View/exports.map",
                ])
            ]),
        // The other side of the limiter, in the daemon: its files, and whose turn it is.
        .target(
            name: "LimiterAgent", dependencies: ["CLimiter"], path: "Sources/Injected/Limiter/Agent",
            swiftSettings: strict),

        .target(
            name: "Presentation", dependencies: ["API", "Fleet", "Ledger", "Placement", "Queueing", yams],
            path: "Sources/Command/Presentation",
            swiftSettings: strict),
        .executableTarget(
            name: "divvy",
            dependencies: [
                "API", "Containers", "Drivers", "Engine", "Fleet", "Isolation", "Ledger", "Placement", "Presentation",
                "Queueing",
                "SQLiteJournal", "SimulatedDevices", "Simulation", arguments, log, lifecycle, signals, system,
            ], path: "Sources/Command/Divvy", swiftSettings: strict),
        .executableTarget(
            name: "SimulatedMPS", dependencies: ["CSimulatedDriver"], path: "Sources/Command/SimulatedMPS",
            swiftSettings: strict),

        .executableTarget(
            name: "divvy-benchmarks", dependencies: ["Fleet", "LimiterAgent", "Placement", "Queueing", "Simulation"],
            path: "Benchmarks",
            swiftSettings: strict),

        tests("FleetTests", ["Fleet"]),
        tests("PlacementTests", ["Fleet", "Placement"]),
        tests("QueueingTests", ["Fleet", "Placement", "Queueing"]),
        tests("SimulationTests", ["Fleet", "Placement", "Queueing", "Simulation"]),
        tests("LedgerTests", ["Fleet", "Ledger", "Placement", "Queueing"]),
        tests("EngineTests", ["Engine", "Fleet", "Ledger", "Placement", log]),
        tests("DriversTests", ["CNVML", "Drivers", "Engine", "Fleet"], exclude: ["Stub"]),
        tests("SimulatedDriverTests", ["CNVML", "CSimulatedDriver", "SimulatedDevices", subprocess, system]),
        // A program of the CUDA driver's tests that many processes run at once.
        .executableTarget(
            name: "SimulatedCUDAProbe", path: "Tests/SimulatedCUDATests/Probe", swiftSettings: strict),
        tests(
            "SimulatedCUDATests",
            [
                "CNVML", "CSimulatedDriver", "SimulatedCUDAProbe", "SimulatedDevices", "SimulatedMPS", subprocess,
                system,
            ],
            exclude: ["Probe", "Programs"]),
        // A program of the limiter's tests that many processes run at once.
        .executableTarget(name: "LimiterProbe", path: "Tests/LimiterTests/Probe", swiftSettings: strict),
        tests(
            "LimiterTests",
            ["CLimiter", "CNVML", "LimiterAgent", "LimiterProbe", "SimulatedDevices", subprocess, system],
            exclude: ["Probe", "Programs"]),
        // What the journal tests kill, starve and trace.
        .executableTarget(
            name: "JournalProbe", dependencies: ["Engine", "Fleet", "Ledger", "SQLiteJournal", system],
            path: "Tests/JournalProbe", swiftSettings: strict),
        tests(
            "JournalTests", ["Engine", "Fleet", "JournalProbe", "Ledger", "SQLiteJournal", grdb, subprocess, system]),
        tests("ContainersTests", ["CLinux", "Containers", "Engine", "Fleet"]),
        // A CUDA program of the tests of multi-process service.
        .executableTarget(
            name: "ServiceClient", path: "Tests/IsolationTests/MPS/Client", swiftSettings: strict),
        tests(
            "IsolationTests",
            [
                "Containers", "Drivers", "Engine", "Fleet", "Isolation", "LimiterAgent", "ServiceClient",
                "SimulatedDevices", "SimulatedMPS", "divvy",
            ], exclude: ["MPS/Client"]),
        tests(
            "APITests",
            [
                "API", "Engine", "Fleet", "Ledger", "Placement", "Queueing", hummingbird, nio("NIOCore"),
                nio("NIOEmbedded"), nio("NIOHTTP1"),
                nio("NIOPosix"), log, lifecycle, yams,
            ]),
        tests(
            "CommandTests",
            [
                "API", "Engine", "Fleet", "Ledger", "Placement", "Presentation", "Queueing", "divvy", arguments, yams,
            ], exclude: ["Golden"]),
        tests("TidyTests", []),
        // A daemon of the end-to-end tests in which multi-process service is a twin.
        .executableTarget(
            name: "EnforcingPool",
            dependencies: [
                "API", "Containers", "Drivers", "Engine", "Fleet", "Isolation", "Ledger", "SQLiteJournal", log,
                lifecycle, system,
            ], path: "Tests/EndToEndTests/EnforcingPool", swiftSettings: strict),
        // Against the build's own program and driver library.
        tests(
            "EndToEndTests", ["CSimulatedDriver", "EnforcingPool", "divvy"], exclude: ["EnforcingPool", "Programs"]),
    ])
