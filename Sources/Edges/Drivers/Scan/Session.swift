import CNVML
import Fleet

/// A driver library that was loaded and initialised.
struct Session: Sendable {
    let nvml: NVML
    let driver: DriverInfo

    /// Why there is no session, as a sentence for people.
    struct Failure: Error, Sendable {
        let words: String
    }

    /// The names that a driver library goes by, in the order in which they are tried.
    static let usualLibraries = ["libnvidia-ml.so.1", "/usr/lib/wsl/lib/libnvidia-ml.so.1"]

    /// Loads the first of `libraries` that there is and initialises it.
    static func open(libraries: [String], note: String?, watch: CallWatch) throws(Failure) -> Session {
        watch.entered("dlopen")
        let nvml = try load(libraries)
        watch.left()
        let calls = NVMLCalls(nvml: nvml, watch: watch)
        do {
            try calls.initialise()
        } catch {
            throw Failure(words: words(for: error, library: nvml.path))
        }
        let version = try? calls.driverVersion()
        let cudaVersion = try? calls.cudaVersion()
        let driver = DriverInfo(
            version: version ?? "unknown", cudaVersion: cudaVersion, library: nvml.path, note: note)
        return Session(nvml: nvml, driver: driver)
    }

    private static func load(_ libraries: [String]) throws(Failure) -> NVML {
        var errors: [DynamicLibrary.LoadError] = []
        for library in libraries {
            do {
                return try NVML(library: library)
            } catch {
                errors.append(error)
            }
        }
        if let broken = errors.first(where: { !$0.isMissing }) {
            throw Failure(words: "the NVIDIA driver library \(broken)")
        }
        throw Failure(words: "no NVIDIA driver was found: there is no \(libraries.joined(separator: " and no "))")
    }

    private static func words(for error: NVMLError, library: String) -> String {
        if error.isAny(of: NVML_ERROR_DRIVER_NOT_LOADED) {
            return "the NVIDIA driver's kernel module is not loaded, or its device files are not here: \(error); "
                + "try `modprobe nvidia` or `nvidia-smi`"
        }
        if error.isAny(of: NVML_ERROR_LIB_RM_VERSION_MISMATCH) {
            return "the NVIDIA driver was updated but the old kernel module still runs: \(error); library \(library); "
                + "reload the nvidia modules or reboot"
        }
        if error.isAny(of: NVML_ERROR_NOT_FOUND, NVML_ERROR_GPU_NOT_FOUND) {
            return "the NVIDIA driver finds no GPU: \(error)"
        }
        return "the NVIDIA driver does not start: \(error); library \(library)"
    }
}
