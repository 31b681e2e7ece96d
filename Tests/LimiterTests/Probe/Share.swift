import Glibc
import Synchronization

/// Threads that always have something for the GPU to do.
struct Share {
    private let driver: Driver
    private let form: String

    init(_ driver: Driver, form: String) {
        self.driver = driver
        self.form = form
    }

    func run(threads count: Int, kernel: String, start: UInt64, length: UInt64) {
        let done = Atomic<UInt64>(0)
        let job = Job(driver, form, kernel, start, start + length) { done.add($0, ordering: .relaxed) }
        var threads: [pthread_t] = []
        for _ in 0..<count {
            var thread = pthread_t()
            pthread_create(
                &thread, nil,
                { argument in
                    if let argument { Unmanaged<Job>.fromOpaque(argument).takeRetainedValue().run() }
                    return nil
                }, Unmanaged.passRetained(job).toOpaque())
            threads.append(thread)
        }
        for thread in threads { pthread_join(thread, nil) }
        print(done.load(ordering: .relaxed))
    }
}

private final class Job {
    private let driver: Driver
    private let form: String
    private let kernel: String
    private let start: UInt64
    private let end: UInt64
    private let done: (UInt64) -> Void

    init(
        _ driver: Driver, _ form: String, _ kernel: String, _ start: UInt64, _ end: UInt64,
        done: @escaping (UInt64) -> Void
    ) {
        self.driver = driver
        self.form = form
        self.kernel = kernel
        self.start = start
        self.end = end
        self.done = done
    }

    /// Keeps some batches of kernels in flight, and counts those that are done before the end.
    func run() {
        driver.makeContext()
        let function = driver.kernel(kernel)
        let streams = (0..<(form == "streams" ? 4 : 1)).map { _ in driver.stream() }
        let length = nanoseconds
        let perGraph = max(1, min(20, 1_000_000 / length))
        let graph = form == "graph" ? driver.graph(function, kernels: Int(perGraph), streams[0]) : nil
        let batch = max(1, 3_000_000 / length / (form == "graph" ? perGraph : 1))
        let events = (0..<4).map { _ in driver.event() }
        while now() < start { usleep(100) }
        var put = 0
        var total: UInt64 = 0
        while true {
            let stream = streams[put % streams.count]
            if put >= events.count {
                check(driver.waitForEvent(events[put % events.count]), "cuEventSynchronize")
                if now() > end { break }
                total += batch * length * (graph == nil ? 1 : perGraph)
            }
            for _ in 0..<batch {
                if graph != nil {
                    check(driver.launchGraph(graph, stream), "cuGraphLaunch")
                } else {
                    check(driver.launch(function, 1, 1, 1, 32, 1, 1, 0, stream, nil, nil), "cuLaunchKernel")
                }
            }
            check(driver.record(events[put % events.count], stream), "cuEventRecord")
            put += 1
        }
        done(total)
    }

    private var nanoseconds: UInt64 {
        let name = kernel.dropFirst(4)
        let value = UInt64(name.prefix { $0.isNumber }) ?? 1
        return name.hasSuffix("us") ? value * 1000 : name.hasSuffix("ms") ? value * 1_000_000 : value
    }
}
