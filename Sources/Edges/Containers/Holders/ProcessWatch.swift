import CLinux
package import Fleet
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Tells when processes end, whoever started them.
///
/// One thread sleeps until any of them does; nothing runs while they do. Where the kernel gives no descriptor for a
/// process (before 5.3, or when the daemon has no descriptor left) the process is looked at once a second.
package final class ProcessWatch: Sendable {
    /// What `watch` returns and `cancel` takes.
    package struct Key: Hashable, Sendable { fileprivate let number: UInt64 }

    private struct Watched {
        let process: ProcessIdentity
        /// nil for a process that is looked at instead.
        let descriptor: Int32?
        let ended: @Sendable () -> Void
    }

    private struct State {
        var watched: [UInt64: Watched] = [:]
        var next: UInt64 = 1
        var isClosed = false

        var isPolling: Bool { watched.values.contains { $0.descriptor == nil } }
    }

    private let state = Mutex(State())
    private let epoll: Int32
    private let waker: Int32
    private static let wakerKey: UInt64 = 0

    /// Starts the thread, which lives until `close`.
    package init() throws(ProcessWatchError) {
        let epoll = divvy_epoll_create()
        let waker = divvy_eventfd()
        guard epoll >= 0, waker >= 0, divvy_epoll_add(epoll, waker, Self.wakerKey) == 0 else {
            throw ProcessWatchError(code: errno)
        }
        self.epoll = epoll
        self.waker = waker
        var thread = pthread_t()
        let me = Unmanaged.passRetained(self)
        let code = pthread_create(
            &thread, nil,
            { argument in
                guard let argument else { return nil }
                Unmanaged<ProcessWatch>.fromOpaque(argument).takeRetainedValue().loop()
                return nil
            }, me.toOpaque())
        guard code == 0 else {
            me.release()
            throw ProcessWatchError(code: code)
        }
        pthread_detach(thread)
    }

    /// Calls `ended` once, soon after the process has ended; at once, on the caller's thread, when it already has.
    /// `ended` must be quick: all processes are watched by the thread that calls it.
    package func watch(_ process: ProcessIdentity, ended: @escaping @Sendable () -> Void) -> Key {
        let descriptor = process.boot == ProcessTable.boot ? divvy_pidfd_open(process.pid) : -1
        // EINVAL is a pid that can be nobody's. Everything else but ESRCH means that there may be such a process.
        let isCertainlyGone = process.boot != ProcessTable.boot || (descriptor < 0 && [ESRCH, EINVAL].contains(errno))
        // The descriptor is opened first: if the start time fits then, the descriptor is that process's.
        guard !isCertainlyGone, ProcessTable.status(of: process.pid)?.startTicks == process.startTicks else {
            if descriptor >= 0 { closeDescriptor(descriptor) }
            ended()
            return Key(number: .max)
        }
        let number = state.withLock { state in
            let number = state.next
            state.next += 1
            let isWatchable = descriptor >= 0 && divvy_epoll_add(epoll, descriptor, number) == 0
            if descriptor >= 0, !isWatchable { closeDescriptor(descriptor) }
            state.watched[number] = Watched(
                process: process, descriptor: isWatchable ? descriptor : nil, ended: ended)
            return number
        }
        if descriptor < 0 { wake() }
        return Key(number: number)
    }

    /// `ended` is not called any more once this has returned, unless it is being called right now.
    package func cancel(_ key: Key) {
        _ = state.withLock { remove(key.number, from: &$0) }
    }

    /// Ends the thread; nothing is told any more.
    package func close() {
        state.withLock { $0.isClosed = true }
        wake()
    }

    private func wake() {
        var one: UInt64 = 1
        _ = write(waker, &one, 8)
    }

    @discardableResult
    private func remove(_ number: UInt64, from state: inout State) -> Watched? {
        guard let watched = state.watched.removeValue(forKey: number) else { return nil }
        if let descriptor = watched.descriptor {
            divvy_epoll_remove(epoll, descriptor)
            closeDescriptor(descriptor)
        }
        return watched
    }

    private func loop() {
        var keys = [UInt64](repeating: 0, count: 64)
        while true {
            let isPolling = state.withLock { $0.isPolling }
            let count = divvy_epoll_wait(epoll, &keys, Int32(keys.count), isPolling ? 1000 : -1)
            if keys.prefix(Int(max(count, 0))).contains(Self.wakerKey) {
                var counter: UInt64 = 0
                _ = read(waker, &counter, 8)
            }
            let ended: [Watched]? = state.withLock { state in
                if state.isClosed {
                    for number in state.watched.keys { remove(number, from: &state) }
                    return nil
                }
                let gone = state.watched.filter {
                    $0.value.descriptor == nil && !ProcessTable.isRunning($0.value.process)
                }
                return (keys.prefix(Int(max(count, 0))) + gone.keys.sorted()).compactMap { remove($0, from: &state) }
            }
            guard let ended else { break }
            for watched in ended { watched.ended() }
        }
        closeDescriptor(epoll)
        closeDescriptor(waker)
    }
}

/// Why processes cannot be watched at all.
package struct ProcessWatchError: Error, Hashable, Sendable, CustomStringConvertible {
    let code: Int32

    package var description: String {
        "processes cannot be watched: \(String(cString: strerror(code))); give the daemon more threads and descriptors"
    }
}
