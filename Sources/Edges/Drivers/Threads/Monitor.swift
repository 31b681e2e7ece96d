import Fleet
import Glibc

/// A value behind a lock, and threads that wait until it is as they need it.
///
/// It is for the driver's own threads only: nothing that runs on Swift's shared threads may call `wait`.
// Unchecked: `value` is touched only while `mutex` is held.
final class Monitor<Value: Sendable>: @unchecked Sendable {
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var value: Value

    init(_ value: Value) {
        self.value = value
        pthread_mutex_init(mutex, nil)
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(changed, &attributes)
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        pthread_cond_destroy(changed)
        pthread_mutex_destroy(mutex)
        changed.deallocate()
        mutex.deallocate()
    }

    /// Reads or changes the value.
    ///
    /// Waiting threads do not look at it again.
    func withLock<Result>(_ body: (inout Value) -> Result) -> Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return body(&value)
    }

    /// Changes the value and lets all waiting threads look at it.
    func change<Result>(_ body: (inout Value) -> Result) -> Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        let result = body(&value)
        pthread_cond_broadcast(changed)
        return result
    }

    /// Waits until `ready` gives something and returns that; nil when `deadline` came first.
    func wait<Result>(until deadline: Deadline = .never, for ready: (inout Value) -> Result?) -> Result? {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while true {
            if let result = ready(&value) { return result }
            guard var time = deadline.time else {
                pthread_cond_wait(changed, mutex)
                continue
            }
            if pthread_cond_timedwait(changed, mutex, &time) == ETIMEDOUT { return ready(&value) }
        }
    }
}

/// A point on the machine's monotonic clock until which something may take.
struct Deadline: Comparable, Sendable {
    /// Nanoseconds of `CLOCK_MONOTONIC`; the largest number is no deadline at all.
    private let nanoseconds: Int64

    static let never = Deadline(nanoseconds: .max)

    static var now: Deadline {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Deadline(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }

    static func after(_ span: Fleet.Span) -> Deadline {
        let (end, overflow) = now.nanoseconds.addingReportingOverflow(max(span.nanoseconds, 0))
        return overflow ? .never : Deadline(nanoseconds: end)
    }

    static func < (left: Deadline, right: Deadline) -> Bool { left.nanoseconds < right.nanoseconds }

    private init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    fileprivate var time: timespec? {
        guard self != .never else { return nil }
        return timespec(tv_sec: Int(nanoseconds / 1_000_000_000), tv_nsec: Int(nanoseconds % 1_000_000_000))
    }
}
