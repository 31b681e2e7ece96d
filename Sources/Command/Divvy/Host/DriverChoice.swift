import Presentation
import SimulatedDevices

/// The driver that settings mean: the only place that knows whether it is a simulated one.
struct DriverChoice {
    /// nil for the one that the system's loader finds.
    let library: String?
    /// Where the device nodes lie.
    let deviceRoot: String
    /// Said of the driver wherever GPUs are shown; nil for hardware.
    let note: String?

    /// Makes the simulated machine when it is not there yet.
    init(_ settings: Settings) throws {
        switch settings.driver {
        case .automatic:
            library = nil
            deviceRoot = settings.deviceRoot ?? "/dev"
            note = nil
        case .library(let path):
            guard Files.exists(path) else {
                throw Failure(
                    .badConfiguration, "there is no driver library at \(path)", hint: "--driver auto looks for it")
            }
            library = path
            deviceRoot = settings.deviceRoot ?? "/dev"
            note = nil
        case .simulated(let profile):
            let directory = StandardPaths(uid: Host.uid, environment: Console.environment).simulationDirectory
            let machine = try SimulatedMachines(root: directory).openOrMake(profile: profile)
            library = machine.libraryPath
            deviceRoot = settings.deviceRoot ?? machine.devicePath
            note = "simulated (\(machine.profileName))"
        }
    }
}
