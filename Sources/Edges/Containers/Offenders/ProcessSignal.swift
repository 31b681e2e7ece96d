import CLinux
import Fleet

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Signals for exactly one process.
enum ProcessSignal {
    enum Outcome: Hashable {
        case sent
        /// The process has ended; a later one with its pid is left alone.
        case gone
        case failed(String)
    }

    /// Sends a signal to the process itself, not to its group and not to a later process with its pid.
    static func send(_ number: Int32, to process: ProcessIdentity) -> Outcome {
        guard process.boot == ProcessTable.boot else { return .gone }
        // The descriptor is opened first: if the start time fits then, the descriptor is that process's.
        let descriptor = divvy_pidfd_open(process.pid)
        let openError = errno
        defer { if descriptor >= 0 { closeDescriptor(descriptor) } }
        guard let status = ProcessTable.status(of: process.pid), status.startTicks == process.startTicks else {
            return .gone
        }
        let code: Int32
        if descriptor >= 0 {
            code = divvy_pidfd_send_signal(descriptor, number)
        } else {
            // Kernels before 5.3 have no such descriptors; the start time was right a moment ago.
            guard openError == ENOSYS else { return .failed(String(cString: strerror(openError))) }
            code = kill(process.pid, number)
        }
        if code == 0 { return .sent }
        return errno == ESRCH ? .gone : .failed(String(cString: strerror(errno)))
    }
}
