import Glibc
import Synchronization

/// Contexts that always have something to do.
struct Share {
    let driver: Driver

    init(_ driver: Driver) { self.driver = driver }

    func run(contexts: Int, kernel: String, start: UInt64, length: UInt64) {
        let done = Atomic<UInt64>(0)
        var threads: [pthread_t] = []
        let job = Job(
            driver: driver, kernel: kernel, start: start, end: start + length,
            done: { done.add($0, ordering: .relaxed) })
        for _ in 0..<contexts {
            var thread = pthread_t()
            let argument = Unmanaged.passRetained(job).toOpaque()
            pthread_create(
                &thread, nil,
                { argument in
                    if let argument { Unmanaged<Job>.fromOpaque(argument).takeRetainedValue().run() }
                    return nil
                }, argument)
            threads.append(thread)
        }
        for thread in threads { pthread_join(thread, nil) }
        print(done.load(ordering: .relaxed))
    }
}

private final class Job {
    let driver: Driver
    let kernel: String
    let start: UInt64
    let end: UInt64
    let done: (UInt64) -> Void

    init(driver: Driver, kernel: String, start: UInt64, end: UInt64, done: @escaping (UInt64) -> Void) {
        self.driver = driver
        self.kernel = kernel
        self.start = start
        self.end = end
        self.done = done
    }

    /// Keeps some batches of kernels in flight, and counts those that are done before the end.
    func run() {
        _ = driver.context(0)
        let function = driver.kernel(kernel)
        let stream = driver.stream()
        let length = nanoseconds(kernel)
        let batch = max(1, 3_000_000 / length)
        let events = (0..<4).map { _ in driver.event() }
        let (launch, record, wait) = (driver.launch, driver.record, driver.waitForEvent)
        while now() < start { usleep(100) }
        var put = 0
        var total: UInt64 = 0
        while true {
            if put >= events.count {
                check(wait(events[put % events.count]), "cuEventSynchronize")
                if now() > end { break }
                total += batch * length
            }
            for _ in 0..<batch { check(launch(function, 1, 1, 1, 32, 1, 1, 0, stream, nil, nil), "cuLaunchKernel") }
            check(record(events[put % events.count], stream), "cuEventRecord")
            put += 1
        }
        done(total)
    }

    private func nanoseconds(_ kernel: String) -> UInt64 {
        let name = kernel.dropFirst(4)
        let value = UInt64(name.prefix { $0.isNumber }) ?? 1
        return name.hasSuffix("us") ? value * 1000 : name.hasSuffix("ms") ? value * 1_000_000 : value
    }
}
