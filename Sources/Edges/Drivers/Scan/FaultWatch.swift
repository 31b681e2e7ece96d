import CNVML
import Engine
import Fleet
import Glibc

/// Waits on a thread of its own for errors that the driver reports by itself (XID), and passes them on.
///
/// It works within one session, which cannot be shut down before the thread has ended.
final class FaultWatch: Sendable {
    private struct State {
        var shouldStop = false
        var shouldRegister = false
        var hasStopped = false
    }

    private let state = Monitor(State())

    /// How long one wait in the driver takes at most, in milliseconds, and with it `stop`.
    private static let patience: UInt32 = 500

    /// Starts the thread.
    init(_ nvml: NVML, report: @escaping @Sendable (DeviceFault) -> Void) {
        let state = state
        let calls = NVMLCalls(nvml: nvml, watch: CallWatch())
        let hasEvents = nvml.symbols.createEventSet.function != nil && nvml.symbols.waitForEvent.function != nil
        let isRunning =
            hasEvents
            && startThread {
                Self.watch(calls, state, report)
                state.change { $0.hasStopped = true }
            }
        if !isRunning { state.change { $0.hasStopped = true } }
    }

    /// Asks the thread to end, which it does within its patience unless the driver hangs.
    func stop() { state.change { $0.shouldStop = true } }

    /// Whether the thread has ended, and with it all use of the session.
    var hasStopped: Bool { state.withLock(\.hasStopped) }

    /// Waits until the thread has ended; false when it had not by the deadline.
    func hasStopped(by deadline: Deadline) -> Bool {
        state.wait(until: deadline) { $0.hasStopped ? true : nil } ?? false
    }

    /// There may be other GPUs now: all are registered again.
    func registerAgain() { state.change { $0.shouldRegister = true } }

    private static func watch(
        _ calls: NVMLCalls, _ state: Monitor<State>, _ report: @Sendable (DeviceFault) -> Void
    ) {
        while !state.withLock(\.shouldStop) {
            state.withLock { $0.shouldRegister = false }
            guard let set = try? EventSet(calls) else { return pause(state, seconds: nil) }
            set.watch(state, report)
            set.free()
            if !state.withLock({ $0.shouldStop || $0.shouldRegister }) { pause(state, seconds: 5) }
        }
    }

    /// Waits until the thread is to stop, or for some seconds.
    private static func pause(_ state: Monitor<State>, seconds: Int64?) {
        let deadline = seconds.map { Deadline.after(Fleet.Span(seconds: $0)) } ?? .never
        _ = state.wait(until: deadline) { $0.shouldStop ? true : nil }
    }

    /// The GPUs that are watched, and what the driver fills when something happens on one.
    private struct EventSet {
        let calls: NVMLCalls
        let set: nvmlEventSet_t
        let gpus: [nvmlDevice_t: GPUID]

        /// Registers all GPUs that report errors; the others are left out.
        init?(_ calls: NVMLCalls) throws(NVMLError) {
            let symbols = calls.nvml.symbols
            let created: nvmlEventSet_t? = try calls.read(symbols.createEventSet, into: nil) { $0($1) }
            guard let created else { return nil }
            var registered: [nvmlDevice_t: GPUID] = [:]
            for index in 0..<((try? calls.count()) ?? 0) {
                guard let device = try? calls.device(at: index), let uuid = try? device.uuid() else { continue }
                let supported = try? calls.read(symbols.supportedEvents, into: UInt64(0)) { $0(device.handle, $1) }
                let wanted = NVML_EVENT_XID_CRITICAL & (supported ?? NVML_EVENT_XID_CRITICAL)
                guard wanted != 0 else { continue }
                guard (try? calls.call(symbols.registerEvents) { $0(device.handle, wanted, created) }) != nil
                else { continue }
                registered[device.handle] = GPUID(uuid)
            }
            self.calls = calls
            set = created
            gpus = registered
        }

        func free() { try? calls.call(calls.nvml.symbols.freeEventSet) { $0(set) } }

        /// Reports until the watch is to stop, GPUs are to be registered again, or the driver refuses.
        func watch(_ state: Monitor<State>, _ report: (DeviceFault) -> Void) {
            while !state.withLock({ $0.shouldStop || $0.shouldRegister }) {
                let soon = Deadline.after(Fleet.Span(milliseconds: Int64(FaultWatch.patience / 2)))
                do {
                    let event = try calls.read(calls.nvml.symbols.waitForEvent, into: nvmlEventData_t()) {
                        $0(set, $1, FaultWatch.patience)
                    }
                    guard event.eventType & NVML_EVENT_XID_CRITICAL != 0, let gpu = gpu(of: event) else { continue }
                    report(DeviceFault(gpu: gpu, code: Int(clamping: event.eventData)))
                } catch  where error.isAny(of: NVML_ERROR_TIMEOUT) {
                    // Without a GPU there is nothing to wait for; a driver that does not wait keeps a core busy.
                    if gpus.isEmpty || Deadline.now < soon { return }
                } catch {
                    return
                }
            }
        }

        private func gpu(of event: nvmlEventData_t) -> GPUID? {
            guard let handle = event.device else { return nil }
            if let gpu = gpus[handle] { return gpu }
            return (try? NVMLDevice(calls: calls, handle: handle).uuid()).map { GPUID($0) }
        }
    }
}
