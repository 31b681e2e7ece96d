import Engine
import Ledger
import Presentation
import ServiceLifecycle

/// Runs the engine until the group shuts down, then leaves everything on disk.
struct EngineService: Service {
    let engine: Engine

    /// Throws when the engine has stopped by itself, because its journal cannot be trusted any more.
    func run() async throws {
        let loss = await cancelWhenGracefulShutdown { await engine.run() }
        await engine.stop()
        if let loss { throw Failure(loss) }
    }
}

/// Takes up what was there before, so that the first caller already finds it.
func start(_ engine: Engine, deciding settings: LedgerSettings) async throws {
    do {
        try await engine.start(deciding: settings)
    } catch {
        throw Failure(error)
    }
}

extension Failure {
    init(_ error: EngineError) {
        switch error {
        case .journal(let error): self.init(error)
        case .preparation(let error), .admission(let error): self.init(.failed, "\(error)")
        case .stopped(let why): self.init(.failed, why)
        case .refused(let refusal): self.init(.internalFault, "\(refusal)")
        case .operatorsOnly(let what):
            self.init(.notPermitted, "only root and the daemon's own user may \(what)")
        case .notYours(let lease, let tenant): self.init(.notPermitted, "\(lease) belongs to \(tenant)")
        }
    }

    init(_ error: JournalError) {
        let status: ExitStatus =
            switch error.code {
            case .full, .failed: .inputOutput
            case .notWritable: .notPermitted
            case .inUse: .badConfiguration
            case .corrupt, .newer: .badData
            }
        self.init(status, error.description)
    }
}
