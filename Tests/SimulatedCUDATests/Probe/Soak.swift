import Glibc

/// A process that holds memory until it is killed.
struct Hold {
    let driver: Driver

    init(_ driver: Driver) { self.driver = driver }

    func run(bytes: Int) {
        _ = driver.context(0)
        var address: UInt64 = 0
        let allocate = driver.call(
            "cuMemAlloc_v2", as: (@convention(c) (UnsafeMutablePointer<UInt64>, Int) -> Int32).self)
        check(allocate(&address, bytes), "cuMemAlloc")
        print(getpid())
        fflush(nil)
        while true { pause() }
    }

    func printRoom(device: Int32) {
        _ = driver.context(device)
        var (free, total) = (0, 0)
        let ask = driver.call(
            "cuMemGetInfo_v2", as: (@convention(c) (UnsafeMutablePointer<Int>, UnsafeMutablePointer<Int>) -> Int32).self
        )
        check(ask(&free, &total), "cuMemGetInfo")
        print(free, total)
    }
}

/// A process that uses two GPUs at random for a while and then ends in some way: in order, by a signal, in the middle
/// of a call, or by a call to `_exit`.
struct Soak {
    let driver: Driver
    private var state: UInt64
    private var blocks: [UInt64] = []

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
        if random(3) == 0 { dieInTheMiddle(after: random(max(length / 1000, 1))) }
        let contexts = (0..<(1 + random(2))).compactMap { _ in driver.contextIfPossible(Int32(random(2))) }
        // That the GPU is full is no error here.
        if contexts.isEmpty { return }
        let function = driver.kernel("sim_100us")
        let current = driver.call("cuCtxSetCurrent", as: Driver.WithHandle.self)
        while now() < end {
            check(current(contexts[Int(random(UInt64(contexts.count)))]), "cuCtxSetCurrent")
            switch random(6) {
            case 0, 1: allocate()
            case 2, 3: free()
            case 4:
                for _ in 0..<random(8) {
                    check(driver.launch(function, 1, 1, 1, 32, 1, 1, 0, nil, nil, nil), "cuLaunchKernel")
                }
            default: check(driver.waitForStream(nil), "cuStreamSynchronize")
            }
        }
        switch random(4) {
        case 0: kill(getpid(), SIGKILL)
        case 1: _exit(0)
        case 2:
            // Swift's own handler would write down where.
            signal(SIGABRT, SIG_DFL)
            abort()
        default: break
        }
    }

    private mutating func allocate() {
        var address: UInt64 = 0
        let size = random(2) == 0 ? 1 + random(1 << 20) : 1 + random(512 << 20)
        let name = random(2) == 0 ? "cuMemAlloc_v2" : "cuMemAllocAsync"
        let status: Int32
        if name == "cuMemAlloc_v2" {
            status = driver.call(
                name, as: (@convention(c) (UnsafeMutablePointer<UInt64>, Int) -> Int32).self)(&address, Int(size))
        } else {
            status = driver.call(
                name,
                as: (@convention(c) (UnsafeMutablePointer<UInt64>, Int, Driver.Handle?) -> Int32).self)(
                    &address, Int(size), nil)
        }
        // That the GPU is full is no error here.
        if status != 2 { check(status, "allocating") }
        if status == 0 { blocks.append(address) }
    }

    private mutating func free() {
        guard !blocks.isEmpty else { return }
        let address = blocks.remove(at: Int(random(UInt64(blocks.count))))
        check(driver.call("cuMemFree_v2", as: (@convention(c) (UInt64) -> Int32).self)(address), "cuMemFree")
    }

    /// A timer's signal ends the process wherever it is, most likely in the driver.
    private func dieInTheMiddle(after microseconds: UInt64) {
        var timer = itimerval()
        timer.it_value = timeval(tv_sec: Int(microseconds / 1_000_000), tv_usec: Int(microseconds % 1_000_000) + 1)
        setitimer(__itimer_which_t(ITIMER_REAL.rawValue), &timer, nil)
    }
}
