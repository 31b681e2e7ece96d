import API
import Presentation

extension Failure {
    init(_ error: SocketError) {
        let status: ExitStatus =
            switch error.code {
            case .inUse: .badConfiguration
            case .notASocket, .pathTooLong: .badConfiguration
            case .failed: .inputOutput
            }
        self.init(status, error.description)
    }
}
