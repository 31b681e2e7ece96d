import CLinux
import Fleet
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Tells at once when processes end, whoever started them, from one thread that sleeps meanwhile.
///
/// Limits go when the first process of a container does and before its runtime takes the cgroup away, so nothing here
/// waits for a next look.
final class ProcessEnds: Sendable {
    /// The numbers given to `watch`, each once, soon after its process has ended.
    let ends: AsyncStream<UInt64>
    private let told: AsyncStream<UInt64>.Continuation
    private let epoll: Int32
    private let waker: Int32
    private let descriptors = Mutex<[UInt64: Int32]>([:])
    private let isClosed = Atomic(false)
    private static let wakerKey = UInt64.max

    /// nil when the system gives no thread or no descriptors.
    init?() {
        (ends, told) = AsyncStream.makeStream(of: UInt64.self)
        epoll = divvy_epoll_create()
        waker = divvy_eventfd()
        guard epoll >= 0, waker >= 0, divvy_epoll_add(epoll, waker, Self.wakerKey) == 0 else { return nil }
        var thread = pthread_t()
        let me = Unmanaged.passRetained(self)
        let code = pthread_create(
            &thread, nil,
            { argument in
                guard let argument else { return nil }
                Unmanaged<ProcessEnds>.fromOpaque(argument).takeRetainedValue().loop()
                return nil
            }, me.toOpaque())
        guard code == 0 else {
            me.release()
            return nil
        }
        pthread_detach(thread)
    }

    /// Whether this kernel can tell (Linux 5.3).
    static let isPossible: Bool = {
        let descriptor = divvy_pidfd_open(getpid())
        if descriptor >= 0 { close(descriptor) }
        return descriptor >= 0
    }()

    /// Tells `number` once the process has ended; false when it already has, and then nothing is told.
    func watch(_ process: ProcessIdentity, _ number: UInt64) -> Bool {
        let descriptor = divvy_pidfd_open(process.pid)
        guard descriptor >= 0 else { return false }
        // Opened first: if the start time fits then, the descriptor is that process's.
        guard ProcessFacts(of: process.pid)?.startTicks == process.startTicks else {
            close(descriptor)
            return false
        }
        return descriptors.withLock { descriptors in
            guard divvy_epoll_add(epoll, descriptor, number) == 0 else {
                close(descriptor)
                return false
            }
            descriptors[number] = descriptor
            return true
        }
    }

    /// Ends the thread; nothing is told any more.
    func close() {
        isClosed.store(true, ordering: .releasing)
        var one: UInt64 = 1
        _ = write(waker, &one, 8)
        told.finish()
    }

    private func close(_ descriptor: Int32) { Self.close(descriptor) }

    private static func close(_ descriptor: Int32) { _ = Glibc.close(descriptor) }

    private func loop() {
        var keys = [UInt64](repeating: 0, count: 64)
        while !isClosed.load(ordering: .acquiring) {
            let count = divvy_epoll_wait(epoll, &keys, Int32(keys.count), -1)
            for number in keys.prefix(Int(max(count, 0))) where number != Self.wakerKey {
                let descriptor = descriptors.withLock { $0.removeValue(forKey: number) }
                if let descriptor {
                    divvy_epoll_remove(epoll, descriptor)
                    close(descriptor)
                }
                told.yield(number)
            }
        }
        descriptors.withLock { for descriptor in $0.values { close(descriptor) } }
        close(epoll)
        close(waker)
    }
}

/// What `/proc/PID/stat` tells of a process.
struct ProcessFacts: Hashable, Sendable {
    let parent: Int32
    /// Clock ticks after boot.
    let startTicks: UInt64

    /// nil when there is no such process.
    init?(of pid: Int32) {
        // The second field is the program's name in parentheses and may hold anything.
        guard let text = SmallFile.text("/proc/\(pid)/stat"), let name = text.lastIndex(of: ")") else { return nil }
        let fields = text[text.index(after: name)...].split(separator: " ")
        guard fields.count > 19, let parent = Int32(fields[1]), let ticks = UInt64(fields[19]) else { return nil }
        self.parent = parent
        startTicks = ticks
    }

    /// Whether a process is `ancestor` itself, or descends from it.
    static func isDescendant(_ pid: Int32, of ancestor: Int32) -> Bool {
        var pid = pid
        for _ in 0..<256 {
            if pid == ancestor { return true }
            guard pid > 1, let facts = ProcessFacts(of: pid) else { return false }
            pid = facts.parent
        }
        return false
    }
}
