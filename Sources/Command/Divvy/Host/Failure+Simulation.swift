import Presentation
import SimulatedDevices

extension Failure {
    init(_ error: SimulationError) {
        let status: ExitStatus =
            switch error {
            case .unknownProfile, .badLoad, .notEnoughMemory: .badData
            case .alreadyExists: .cannotCreate
            case .notAnInstance, .noSuchGPU, .noSuchProcess: .notFound
            case .tooManyProcesses: .noCapacity
            case .system: .inputOutput
            }
        self.init(status, "\(error)")
    }
}
