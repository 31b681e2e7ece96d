package import Engine
package import Fleet
import Synchronization

/// The node's NVIDIA GPUs, found through the driver's management library (NVML).
///
/// The library is loaded at run time. A thread of the source's own does the scans, one after the other; it waits for
/// the threads that call the driver no longer than the deadline allows, so neither it nor whoever asks for a scan can
/// hang. Where there is no driver, later scans look again.
package final class NVMLDeviceSource: DeviceSource {
    private struct State {
        /// Who waits for the next scan.
        var waiting: [CheckedContinuation<DeviceScan, Never>] = []
        var isClosed = false
    }

    package let faults: AsyncStream<DeviceFault>
    private let faultsReported: AsyncStream<DeviceFault>.Continuation
    private let state = Monitor(State())
    private let nodeName: String

    /// - Parameters:
    ///   - library: the library's path or name; nil for the usual ones.
    ///   - note: what is said of the driver where it is no hardware, see `DriverInfo.note`.
    ///   - deadline: how long one step of a scan may take: to start the driver, and to look at all GPUs.
    ///   - retry: how long to leave a driver alone that did not start.
    ///   - kernelFiles: where the kernel module tells of the device nodes of MIG devices, such as `/proc`.
    package init(
        library: String?, nodeName: String, note: String?, deadline: Fleet.Span = Span(seconds: 5),
        retry: Fleet.Span = Span(seconds: 30), kernelFiles: String = "/proc"
    ) {
        let (faults, reported) = AsyncStream.makeStream(of: DeviceFault.self, bufferingPolicy: .bufferingNewest(256))
        self.faults = faults
        faultsReported = reported
        self.nodeName = nodeName
        let settings = Scanner.Settings(
            libraries: library.map { [$0] } ?? Session.usualLibraries, nodeName: nodeName, note: note,
            deadline: deadline, retry: retry, capabilities: MIGCapabilities(directory: kernelFiles),
            report: { reported.yield($0) })
        let state = state
        let isRunning = startThread { Self.serve(state, settings) }
        if !isRunning { close() }
    }

    deinit {
        close()
    }

    /// Lets go of the driver and ends `faults`.
    ///
    /// A later scan finds nothing.
    package func close() {
        let waiting = state.change { state in
            state.isClosed = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume(returning: closedScan) }
        faultsReported.finish()
    }

    package func scan() async -> DeviceScan {
        await withCheckedContinuation { continuation in
            let isTaken = state.change { state in
                if !state.isClosed { state.waiting.append(continuation) }
                return !state.isClosed
            }
            if !isTaken { continuation.resume(returning: closedScan) }
        }
    }

    private var closedScan: DeviceScan {
        let node = Node(
            name: nodeName, driver: nil, gpus: [], links: [], cpuAffinity: [],
            whyEmpty: "nobody looks for GPUs any more: the driver was closed")
        return DeviceScan(node: node, health: [], readings: [])
    }

    /// What the source's thread does: one scan for all who wait, then the next.
    private static func serve(_ state: Monitor<State>, _ settings: Scanner.Settings) {
        // Each GPU can take one thread with it, and so can the steps before and after; no machine has more than 16.
        var scanner = Scanner(settings: settings, threads: DriverThreads(limit: 20))
        while true {
            let waiting: [CheckedContinuation<DeviceScan, Never>] =
                state.wait { state in
                    if state.isClosed { return [] }
                    if state.waiting.isEmpty { return nil }
                    defer { state.waiting = [] }
                    return state.waiting
                } ?? []
            if waiting.isEmpty { break }
            let scan = scanner.scan()
            for continuation in waiting { continuation.resume(returning: scan) }
        }
        scanner.close()
    }
}
