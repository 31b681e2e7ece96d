import CLinux
import Fleet

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Makes processes end.
enum ProcessEnding {
    /// Asks a process to end, with its process group when it leads one, and after `grace` makes it; returns when it has
    /// ended or cannot be made to.
    static func end(_ process: ProcessIdentity, grace: Span) async {
        guard signal(process, SIGTERM) else { return }
        if await ends(process, within: .nanoseconds(grace.nanoseconds)) { return }
        guard signal(process, SIGKILL) else { return }
        _ = await ends(process, within: .seconds(5))
    }

    private static func ends(_ process: ProcessIdentity, within limit: Duration) async -> Bool {
        let end = ContinuousClock.now + limit
        var pause = Duration.milliseconds(5)
        while ProcessTable.isRunning(process) {
            let left = end - .now
            guard left > .zero, !Task.isCancelled else { return false }
            try? await Task.sleep(for: min(pause, left))
            pause = min(pause * 2, .milliseconds(250))
        }
        return true
    }

    /// Sends a signal to the process, and to its group while it leads it; false when it does not run any more.
    ///
    /// The group is signalled only while its leader runs: later its number may be another group's.
    private static func signal(_ process: ProcessIdentity, _ number: Int32) -> Bool {
        let descriptor = divvy_pidfd_open(process.pid)
        defer { if descriptor >= 0 { close(descriptor) } }
        guard ProcessTable.isRunning(process), let status = ProcessTable.status(of: process.pid) else { return false }
        if status.group == process.pid, process.pid > 1 { kill(-process.pid, number) }
        if descriptor >= 0 {
            divvy_pidfd_send_signal(descriptor, number)
        } else {
            kill(process.pid, number)
        }
        return true
    }
}
