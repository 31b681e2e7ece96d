import CSimulatedCUDA
import CSimulatedDriver

/// The thread of a context that moves its streams on while the program does something else.
enum Worker {
    static func start(_ context: Context) -> Bool {
        start_thread(
            { argument in
                if let argument { Worker.run(argument.assumingMemoryBound(to: DriverContext.self)) }
                return nil
            }, context)
    }

    /// How long the load is measured before it is shown, in nanoseconds.
    private static var loadInterval: UInt64 { 200_000_000 }
    /// How long after its last work the worker looks again by itself before it sleeps for good, in nanoseconds.
    private static var lingering: UInt64 { 1_000_000 }
    private static var glance: UInt64 { 100_000 }
    /// How long it sleeps at once, in nanoseconds: a multi-process server may end the context's work at any time.
    private static var longest: UInt64 { Service.isJoined ? 10_000_000 : .max / 2 }

    private static func run(_ context: Context) {
        sleep_exactly()
        let shared: UnsafeMutablePointer<TimeContext> = context.pointee.shared
        var lastWork = clock_now()
        var lastHead: UInt64 = 0
        while atomic_read_32(&context.pointee.isClosing) == 0 {
            let seen = atomic_read_32(&shared.pointee.doorbell)
            process_lock(&context.pointee.executor)
            let wake = Executor.advance(context, isWorker: true)
            process_unlock(&context.pointee.executor)
            let now = clock_now()
            let isLoaded = showLoad(context, now)
            let tickets = atomic_read_64(&context.pointee.tickets)
            if tickets != lastHead {
                lastHead = tickets
                lastWork = now
            }
            if wake != .max {
                if wake > now {
                    let wake = min(wake, now + longest)
                    atomic_write_64(&context.pointee.workerWakesAt, wake)
                    futex_wait(&shared.pointee.doorbell, seen, wake - now, true)
                }
                continue
            }
            let busyUntil = atomic_read_64(&shared.pointee.busyUntil)
            if busyUntil > now || now - lastWork < lingering {
                let pause = busyUntil > now + glance ? min(busyUntil - now, longest) : glance
                atomic_write_64(&context.pointee.workerWakesAt, now + pause)
                futex_wait(&shared.pointee.doorbell, seen, pause, true)
                continue
            }
            atomic_write_32(&context.pointee.workerIsIdle, 1)
            atomic_fence()
            if atomic_read_64(&context.pointee.tickets) == lastHead {
                futex_wait(&shared.pointee.doorbell, seen, isLoaded ? loadInterval : 0, true)
            }
            atomic_write_32(&context.pointee.workerIsIdle, 0)
        }
        atomic_write_32(&context.pointee.workerIsGone, 1)
        futex_wake(&context.pointee.workerIsGone, false)
    }

    /// Writes down how busy this context was lately. The result is whether it was at all.
    private static func showLoad(_ context: Context, _ now: UInt64) -> Bool {
        let shared: UnsafeMutablePointer<TimeContext> = context.pointee.shared
        let interval = now - context.pointee.loadSince
        guard interval >= loadInterval else { return true }
        let busyUntil = atomic_read_64(&shared.pointee.busyUntil)
        let ahead = busyUntil > now ? busyUntil - now : 0
        let placed = atomic_read_64(&shared.pointee.busy)
        let busy = placed > ahead ? placed - ahead : 0
        let before = context.pointee.loadBusy
        let load = min(100, ((busy > before ? busy - before : 0) * 100 + interval / 2) / interval)
        context.pointee.loadSince = now
        context.pointee.loadBusy = max(busy, before)
        atomic_write_64(&shared.pointee.load, load)
        var sum: UInt64 = 0
        process_lock(&process.pointee.lock)
        var other = process.pointee.contexts
        while let each = other {
            other = each.pointee.next
            guard each.pointee.gpu == context.pointee.gpu, let place = each.pointee.shared else { continue }
            sum += atomic_read_64(&place.pointee.load)
        }
        Books.show(load: UInt32(min(sum, 100)), gpu: context.pointee.gpu)
        process_unlock(&process.pointee.lock)
        return load > 0
    }
}
