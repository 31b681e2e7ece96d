import CNVML
import Engine
import Fleet
import Synchronization

/// The driver library that changes are made through: opened by the first that is, and again after the driver was gone.
final class ControlSessions: Sendable {
    private let libraries: [String]
    private let open = Mutex<Session?>(nil)

    init(libraries: [String]) { self.libraries = libraries }

    /// A GPU by its UUID. For driver threads only: it may hang.
    func device(_ gpu: GPUID, _ watch: CallWatch) throws(DriverControlError) -> ControlledGPU {
        let session = try session(watch)
        let calls = NVMLCalls(nvml: session.nvml, watch: watch)
        do throws(NVMLError) {
            return ControlledGPU(
                device: try calls.device(uuid: gpu.rawValue), gpu: gpu, driverVersion: session.driver.version)
        } catch {
            if error.isAny(of: NVML_ERROR_UNINITIALIZED, NVML_ERROR_DRIVER_NOT_LOADED) {
                open.withLock { $0 = nil }
            }
            throw error.isAny(of: NVML_ERROR_NOT_FOUND, NVML_ERROR_INVALID_ARGUMENT)
                ? .unknownGPU(gpu) : .failed("\(error)")
        }
    }

    private func session(_ watch: CallWatch) throws(DriverControlError) -> Session {
        if let session = open.withLock({ $0 }) { return session }
        do throws(Session.Failure) {
            let session = try Session.open(libraries: libraries, note: nil, watch: watch)
            // Two may open it at once; it counts how often, and either is as good.
            open.withLock { $0 = session }
            return session
        } catch {
            throw .failed(error.words)
        }
    }
}

extension NVMLCalls {
    fileprivate func device(uuid: String) throws(NVMLError) -> NVMLDevice {
        let handle: nvmlDevice_t? = try read(nvml.symbols.handleByUUID, into: nil) { function, device in
            uuid.withCString { function($0, device) }
        }
        guard let handle else { throw NVMLError(NVML_ERROR_NOT_FOUND, call: nvml.symbols.handleByUUID.name) }
        return NVMLDevice(calls: self, handle: handle)
    }
}
