import API
import Containers
import Drivers
import Engine
import Fleet
import Glibc
import Isolation
import Ledger
import Logging
import Placement
import Presentation
import SQLiteJournal
import ServiceLifecycle
import SimulatedDevices
import SystemPackage
import UnixSignals

/// The composition root of the daemon: every port gets its adapter here, and nowhere else.
struct Pool {
    private let paths: ServingPaths
    private let settings: Settings
    private let driver: DriverChoice
    private let log: Logger

    /// Resolves what is set; makes directories, and a simulated machine where one is asked for.
    init(_ settings: Settings, log: Logger) throws {
        self.settings = settings
        self.log = log
        paths = try ServingPaths(settings)
        driver = try DriverChoice(settings)
    }

    /// Serves until SIGTERM or SIGINT.
    func serve(readyDescriptor: Int32?) async throws {
        let manager = ServiceManager(environment: Console.environment, readyDescriptor: readyDescriptor)
        let engines = installedEngines
        let holders = try LeaseHolderWatch(engines: engines)
        let devices = NVMLDeviceSource(
            library: driver.library, nodeName: Host.name, note: driver.note,
            kernelFiles: SimulatedInstance.kernelFiles(beside: driver.deviceRoot))
        let limiter = LimiterIsolation(
            LimiterSettings(
                directory: paths.limiterDirectory, builtLibrary: BuiltLimiter.library, builtView: BuiltLimiter.view,
                deviceRoot: driver.deviceRoot, driverLibrary: { DriverFiles.library($1, of: $0) }))
        let control = NVMLDriverControl(library: driver.library)
        let processes = try ProcessWatch()
        let driverLimits = DriverLimitMeans(
            control, directory: paths.driverLimitsDirectory,
            watchEnd: { process, ended in _ = processes.watch(process, ended: ended) })
        let service = MultiProcessService(
            MultiProcessControl.settings(paths.serviceDirectory), driver: control, tell: { [log] in log.note($0) })
        let isolation = IsolationLadder(
            driverLimits: driverLimits, service: service, limiter: limiter, timeSlices: timeSlices)
        var curbs = OffenderCurbs.Settings()
        curbs.gate = { await isolation.throttle($0, $1) }
        let offenders = OffenderCurbs(curbs)
        let engine = Engine(
            journal: try openJournal(), devices: FencedDevices(devices, isolation: isolation),
            preparer: CDILeasePreparer(
                .init(
                    directory: CDIDirectory(path: paths.cdiDirectory), deviceRoot: driver.deviceRoot,
                    admission: [Host.executable, "hook", "--socket", paths.socket], isolation: isolation)),
            holders: holders, offenders: offenders, clock: .machine, settings: engineSettings, log: log)
        try await start(
            engine, deciding: LedgerSettings(policy: settings.placementPolicy, queueing: settings.queueing))
        let server = APIServer(
            service: engine,
            settings: APIServerSettings(
                socket: .usual(path: paths.socket), version: Release.version, state: paths.stateDirectory),
            logger: log
        ) {
            let status = await engine.fleet()
            Console.print(ReadyText.lines(for: status, socket: paths.socket, engines: engines.map(\.kind.rawValue)))
            manager.tellReady("\(status.node.gpus.count) GPUs, socket \(paths.socket)")
        }
        let services = ServiceGroup(
            configuration: .init(
                services: [
                    .init(service: HolderService(holders: holders)),
                    .init(service: DriverLimitService(means: driverLimits)),
                    .init(service: MultiProcessWatch(service: service)),
                    .init(service: EngineService(engine: engine), failureTerminationBehavior: .gracefullyShutdownGroup),
                    .init(service: server, failureTerminationBehavior: .gracefullyShutdownGroup),
                ], gracefulShutdownSignals: [.sigterm, .sigint], logger: log))
        do {
            try await services.run()
        } catch let error as SocketError {
            throw Failure(error)
        }
        manager.tellStopping()
        devices.close()
    }

    /// Where they are to be set; a daemon that was not told leaves them alone.
    private var timeSlices: TimeSlices? {
        guard let length = settings.timeSlice,
            let tool = try? Program.find("nvidia-smi", path: Console.environment["PATH"])
        else { return nil }
        let directory = driver.library.map { String($0.prefix(upTo: $0.lastIndex(of: "/") ?? $0.startIndex)) }
        return TimeSlices(length, program: tool, environment: directory.map { ["LD_LIBRARY_PATH": $0] } ?? [:])
    }

    private var engineSettings: EngineSettings {
        var settings = EngineSettings(grace: self.settings.grace)
        settings.watchdog = self.settings.watchdog
        return settings
    }

    private var installedEngines: [EngineCommand] {
        let discovery = EngineDiscovery(path: Console.environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin")
        return EngineKind.allCases.compactMap(discovery.command)
    }

    private func openJournal() throws -> SQLiteJournal {
        do {
            return try SQLiteJournal(directory: FilePath(paths.stateDirectory), release: Release.version)
        } catch {
            throw Failure(error)
        }
    }
}
