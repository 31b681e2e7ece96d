// A daemon as `divvy up` composes it, but that multi-process service is a twin that holds nothing: so it grants
// `enforced` wherever the driver holds memory, and everything about that is real. The driver-limit tests kill it.
//
//     EnforcingPool DIRECTORY DIVVY CDI    a machine in DIRECTORY/sim, everything else beside it, CDI specifications in CDI;
//                                          containers ask for admission by DIVVY

import API
import Containers
import Drivers
import Engine
import Fleet
import Glibc
import Isolation
import Ledger
import Logging
import SQLiteJournal
import ServiceLifecycle
import SystemPackage

/// In the place of multi-process service.
struct NoService: FenceMeans {
    func problem(on node: Node) async -> String? { nil }
    func hold(_ lease: Lease, on node: Node) async throws(PreparationError) -> ShareHold { ShareHold() }
    func release(_ lease: LeaseID) async {}
    func reconcile(_ leases: [Lease], on node: Node) async throws(PreparationError) {}
    func reading(of lease: LeaseID) async -> FenceReading? { nil }
}

func time(_ clock: clockid_t) -> Int64 {
    var time = timespec()
    clock_gettime(clock, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
}

let (directory, divvy) = (CommandLine.arguments[1], CommandLine.arguments[2])
let socket = directory + "/divvy.sock"
let library = directory + "/sim/lib/libnvidia-ml.so.1"
let log = Logger(label: "divvy")

let processes = try ProcessWatch()
let driverLimits = DriverLimitMeans(
    NVMLDriverControl(library: library), directory: directory + "/driver-limits",
    watchEnd: { process, ended in _ = processes.watch(process, ended: ended) })
let isolation = IsolationLadder(
    driverLimits: driverLimits, service: NoService(), limiter: AbsentMeans(because: "it is not tested here"))
let discovery = EngineDiscovery(path: getenv("PATH").map { String(cString: $0) } ?? "/usr/bin:/bin")
let holders = try LeaseHolderWatch(engines: EngineKind.allCases.compactMap(discovery.command))
let engine = Engine(
    journal: try SQLiteJournal(directory: FilePath(directory + "/state"), release: "test"),
    devices: FencedDevices(NVMLDeviceSource(library: library, nodeName: "box", note: nil), isolation: isolation),
    preparer: CDILeasePreparer(
        .init(
            directory: CDIDirectory(path: CommandLine.arguments[3]), deviceRoot: directory + "/sim/dev",
            admission: [divvy, "hook", "--socket", socket], isolation: isolation)),
    holders: holders,
    clock: MachineClock(
        boot: "test", sinceBoot: { time(CLOCK_BOOTTIME) }, wall: { time(CLOCK_REALTIME) }), log: log)
try await engine.start(deciding: LedgerSettings())

let server = APIServer(
    service: engine, settings: APIServerSettings(socket: .usual(path: socket), version: "test", state: directory),
    logger: log)
try await withThrowingDiscardingTaskGroup { group in
    group.addTask { await holders.run() }
    group.addTask { await driverLimits.run() }
    group.addTask { _ = await engine.run() }
    group.addTask { try await server.run() }
}
