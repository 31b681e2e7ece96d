import Presentation
import SimulatedDevices

extension Failure {
    init(_ error: SimulationError) {
        let status: ExitStatus =
            switch error {
            case .alreadyExists: .cannotCreate
            case .notAnInstance, .noSuchGPU, .noSuchProcess: .notFound
            case .tooManyProcesses: .noCapacity
            case .system: .inputOutput
            // A name or a number that no simulated machine takes.
            default: .badData
            }
        self.init(status, "\(error)")
    }
}
