import API
import Presentation

extension Failure {
    init(_ error: SocketError) {
        let status: ExitStatus =
            switch error.code {
            case .inUse: .cannotCreate
            case .notASocket, .pathTooLong: .badConfiguration
            case .failed: .inputOutput
            }
        self.init(status, error.description)
    }
}
