import Glibc

/// A process that allocates and frees at random, in several ways, and now and then dies of it.
struct RandomMemory {
    private let driver: Driver
    private var state: UInt64
    private var blocks: [UInt64] = []
    private var handles: [UInt64] = []

    init(_ driver: Driver, seed: UInt64) {
        self.driver = driver
        state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
    }

    private mutating func random(_ limit: UInt64) -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state % limit
    }

    mutating func run(length: UInt64) {
        let end = now() + length
        if random(3) == 0 {
            // Wherever it is then, most likely in the driver or the limiter.
            var timer = itimerval()
            timer.it_value = timeval(tv_sec: 0, tv_usec: Int(random(length / 1000) + 1))
            setitimer(__itimer_which_t(ITIMER_REAL.rawValue), &timer, nil)
        }
        driver.makeContext()
        while now() < end {
            if random(2) == 0, !blocks.isEmpty {
                check(driver.free(blocks.remove(at: Int(random(UInt64(blocks.count))))), "cuMemFree")
                continue
            }
            var address: UInt64 = 0
            let size = Int(random(3) == 0 ? 1 + random(1 << 20) : 1 + random(200 << 20))
            if random(5) == 0 {
                handle(size)
                continue
            }
            var pitch = 0
            let status =
                switch random(6) {
                case 0, 1: driver.allocateInStream(&address, size, nil)
                case 2: driver.allocateManaged(&address, size, 1)
                case 3: driver.allocateRows(&address, &pitch, 4096, (size + 4095) / 4096, 4)
                default: driver.allocate(&address, size)
                }
            // That there is no more is no error here.
            if status != 2 { check(status, "allocating") }
            if status == 0 { blocks.append(address) }
        }
        if random(3) == 0 { kill(getpid(), SIGKILL) }
        if random(2) == 0 { _exit(0) }
    }

    /// Makes memory without an address, or gives some back.
    private mutating func handle(_ size: Int) {
        if random(2) == 0, !handles.isEmpty {
            check(driver.release(handles.remove(at: Int(random(UInt64(handles.count))))), "cuMemRelease")
            return
        }
        // Pinned, on the first GPU.
        let properties: [Int32] = [1, 0, 1, 0, 0, 0, 0, 0]
        var handle: UInt64 = 0
        let unit = 2 << 20
        let status = driver.create(&handle, (size + unit - 1) / unit * unit, properties, 0)
        if status != 2 { check(status, "cuMemCreate") }
        if status == 0 { handles.append(handle) }
    }

    /// Allocates and frees in a context that other threads use too, and gives everything back in the end.
    mutating func share(_ context: Driver.Handle?, length: UInt64) {
        check(
            driver.call("cuCtxSetCurrent", as: (@convention(c) (Driver.Handle?) -> Int32).self)(context),
            "cuCtxSetCurrent")
        let end = now() + length
        while now() < end {
            if blocks.count > 50 || random(2) == 0, !blocks.isEmpty {
                check(driver.free(blocks.remove(at: Int(random(UInt64(blocks.count))))), "cuMemFree")
                continue
            }
            var address: UInt64 = 0
            let size = Int(random(2) == 0 ? 1 + random(1 << 20) : 1 + random(64 << 20))
            let status =
                random(4) == 0 ? driver.allocateInStream(&address, size, nil) : driver.allocate(&address, size)
            if status != 2 { check(status, "allocating") }
            if status == 0 { blocks.append(address) }
        }
        for block in blocks { check(driver.free(block), "cuMemFree") }
        blocks = []
    }
}

/// Threads of one process that allocate and free at random.
final class RandomThreads: Sendable {
    private let driver: Driver
    private let length: UInt64
    private let context: Int

    init(_ driver: Driver, length: UInt64) {
        self.driver = driver
        self.length = length
        context = Int(bitPattern: driver.makeContext())
    }

    func run(count: Int) {
        var threads: [pthread_t] = []
        for _ in 0..<count {
            var thread = pthread_t()
            pthread_create(
                &thread, nil,
                { argument in
                    if let argument {
                        let all = Unmanaged<RandomThreads>.fromOpaque(argument).takeRetainedValue()
                        var memory = RandomMemory(all.driver, seed: UInt64(pthread_self()))
                        memory.share(Driver.Handle(bitPattern: all.context), length: all.length)
                    }
                    return nil
                }, Unmanaged.passRetained(self).toOpaque())
            threads.append(thread)
        }
        for thread in threads { pthread_join(thread, nil) }
        check(driver.waitForStream(nil), "cuStreamSynchronize")
    }
}
