package import Engine
package import Fleet
import Synchronization

/// Changes what the NVIDIA driver lets cgroups and processes have, through its management library (NVML).
///
/// Every call runs on a thread of the driver's; whoever asked waits no longer than the deadline allows. While a call
/// about a GPU hangs, no other is made about it.
package final class NVMLDriverControl: DriverControl {
    private struct Hung: Sendable {
        let isFinished: @Sendable () -> Bool
        let words: String
    }

    private let sessions: ControlSessions
    private let deadline: Fleet.Span
    /// Each GPU can take one thread with it; no machine has more than 16.
    private let threads = DriverThreads(limit: 20)
    /// Wait for those, at most until the deadline.
    private let waiters = DriverThreads(limit: .max)
    private let hung = Mutex<[GPUID: Hung]>([:])

    /// - Parameters:
    ///   - library: the library's path or name; nil for the usual ones.
    ///   - deadline: how long one change may take.
    package init(library: String?, deadline: Fleet.Span = Span(seconds: 5)) {
        sessions = ControlSessions(libraries: library.map { [$0] } ?? Session.usualLibraries)
        self.deadline = deadline
    }

    package func memoryLimits(
        ofCgroup cgroup: String, on gpu: GPUID
    ) async throws(DriverControlError) -> MemoryLimitReading {
        try await call(gpu) { device throws(DriverControlError) in try device.memoryLimits(ofCgroup: cgroup) }
    }

    package func setMemoryLimits(
        _ limits: MemoryLimits, ofCgroup cgroup: String, on gpu: GPUID
    ) async throws(DriverControlError) {
        try await call(gpu) { device throws(DriverControlError) in
            try device.setMemoryLimits(limits, ofCgroup: cgroup)
        }
    }

    package func computeMode(of gpu: GPUID) async throws(DriverControlError) -> ComputeMode {
        try await call(gpu) { device throws(DriverControlError) in try device.computeMode() }
    }

    package func setComputeMode(_ mode: ComputeMode, of gpu: GPUID) async throws(DriverControlError) {
        try await call(gpu) { device throws(DriverControlError) in try device.setComputeMode(mode) }
    }

    private func call<Value: Sendable>(
        _ gpu: GPUID, _ body: @escaping @Sendable (ControlledGPU) throws(DriverControlError) -> Value
    ) async throws(DriverControlError) -> Value {
        if let earlier = hung.withLock({ $0[gpu] }) {
            guard earlier.isFinished() else { throw .timedOut(earlier.words) }
            hung.withLock { $0[gpu] = nil }
        }
        let sessions = sessions
        let job = threads.start { watch -> Result<Value, DriverControlError> in
            do throws(DriverControlError) {
                return .success(try body(try sessions.device(gpu, watch)))
            } catch {
                return .failure(error)
            }
        }
        guard let job else {
            throw .timedOut("\(threads.limit) driver calls hang, and no other is made until one returns")
        }
        let end = Deadline.after(deadline)
        let result = await withCheckedContinuation { continuation in
            let isWaitedFor =
                waiters.start { _ in continuation.resume(returning: job.result(by: end)) } != nil
            if !isWaitedFor { continuation.resume(returning: job.result(by: .now)) }
        }
        guard let result else {
            let call = job.watch.call.map { "driver call \($0)" } ?? "the driver"
            let words = "\(call) did not return in \(deadline.nanoseconds / 1_000_000) ms"
            hung.withLock { $0[gpu] = Hung(isFinished: { job.isFinished }, words: words) }
            throw .timedOut(words)
        }
        return try result.get()
    }
}
