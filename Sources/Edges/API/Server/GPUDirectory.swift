import Engine
import Fleet
import Glibc
import Synchronization

/// The GPUs by their ids, remembered for a second: every answer that shows a lease names them.
final class GPUDirectory: Sendable {
    private struct State {
        var gpus: [GPUID: GPU] = [:]
        var expires = 0
    }

    private let service: any PoolService
    private let state = Mutex(State())

    init(service: any PoolService) { self.service = service }

    func gpus() async -> [GPUID: GPU] {
        let now = Self.milliseconds()
        if let gpus = state.withLock({ $0.expires > now ? $0.gpus : nil }) { return gpus }
        let gpus = Dictionary(
            await service.node.gpus.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        state.withLock { $0 = State(gpus: gpus, expires: now + 1000) }
        return gpus
    }

    private static func milliseconds() -> Int {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return time.tv_sec * 1000 + time.tv_nsec / 1_000_000
    }
}
