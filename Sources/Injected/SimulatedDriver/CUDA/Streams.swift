import CSimulatedCUDA

// Putting operations into streams, and waiting for them.

extension UnsafeMutablePointer<DriverStream> {
    /// The default streams have numbers instead of addresses.
    static func number(_ number: Int) -> Stream? { Stream(bitPattern: number) }

    static func make(_ context: Context, flags: UInt32, priority: Int32) -> Stream? {
        guard let stream = Slots.make(DriverStream.self) else { return nil }
        let size = Int(STREAM_CAPACITY) * MemoryLayout<DriverOperation>.size
        guard let ring = map_private(0, size) else {
            Slots.free(stream)
            return nil
        }
        stream.pointee.ring = ring.assumingMemoryBound(to: DriverOperation.self)
        stream.pointee.flags = flags
        stream.pointee.priority = priority
        stream.pointee.context = context
        stream.pointee.id = newID()
        stream.pointee.tag = UInt32(TAG_STREAM)
        process_lock(&context.pointee.executor)
        stream.pointee.next = context.pointee.streams
        context.pointee.streams = stream
        process_unlock(&context.pointee.executor)
        return stream
    }

    /// Takes the stream out of its context when its work is done.
    func destroy() {
        _ = synchronize()
        let context: Context = pointee.context
        process_lock(&context.pointee.executor)
        if context.pointee.streams == self {
            context.pointee.streams = pointee.next
        } else {
            var before = context.pointee.streams
            while let stream = before, stream.pointee.next != self { before = stream.pointee.next }
            before?.pointee.next = pointee.next
        }
        process_unlock(&context.pointee.executor)
        free(pointee.captureTips)
        munmap(pointee.ring, Int(STREAM_CAPACITY) * MemoryLayout<DriverOperation>.size)
        Slots.free(self)
    }

    /// Puts an operation at the end. Waits while the stream holds as many as it can.
    @inline(__always)
    func put(
        _ kind: Int, flags: UInt32 = 0, _ a: UInt64 = 0, _ b: UInt64 = 0, _ c: UInt64 = 0, _ d: UInt64 = 0,
        _ e: UInt64 = 0
    ) {
        let context: Context = pointee.context
        process_lock(&pointee.lock)
        let tail = pointee.tail
        if tail - atomic_read_64(&pointee.head) >= UInt64(STREAM_CAPACITY) { waitForRoom(tail) }
        let slot = operation(tail)
        slot.pointee = DriverOperation(
            kind: UInt32(kind), flags: flags, ticket: atomic_add_64(&context.pointee.tickets, 1), enqueued: clock_now(),
            a: a, b: b, c: c, d: d, e: e)
        atomic_write_64(&pointee.tail, tail + 1)
        process_unlock(&pointee.lock)
        // A kernel cannot begin before those that the worker waits for; anything else may be due at once.
        if kind == OPERATION_KERNEL || kind == OPERATION_RECORD {
            if atomic_read_32(&context.pointee.workerIsIdle) != 0 { context.wakeWorker() }
        } else {
            context.wakeWorker()
        }
    }

    /// Puts an operation in, or into the graph that the stream is captured into.
    @inline(__always)
    func submit(
        _ kind: Int, flags: UInt32 = 0, _ a: UInt64 = 0, _ b: UInt64 = 0, _ c: UInt64 = 0, _ d: UInt64 = 0,
        _ e: UInt64 = 0, describe: (UnsafeMutablePointer<DriverNode>) -> Void = { _ in }
    ) -> CUresult {
        if pointee.capture == nil {
            put(kind, flags: flags, a, b, c, d, e)
            return CUDA_SUCCESS
        }
        let operation = DriverOperation(
            kind: UInt32(kind), flags: flags, ticket: 0, enqueued: 0, a: a, b: b, c: c, d: d, e: e)
        guard let node = Captures.add(operation, to: self) else { return CUDA_ERROR_STREAM_CAPTURE_INVALIDATED }
        describe(node)
        return CUDA_SUCCESS
    }

    @inline(never)
    private func waitForRoom(_ tail: UInt64) {
        let context: Context = pointee.context
        while tail - atomic_read_64(&pointee.head) >= UInt64(STREAM_CAPACITY) {
            context.awaitProgress { tail - atomic_read_64(&pointee.head) < UInt64(STREAM_CAPACITY) }
        }
    }

    /// Waits until everything that was put in so far is done.
    func synchronize() -> CUresult {
        let target = atomic_read_64(&pointee.tail)
        let context: Context = pointee.context
        while atomic_read_64(&pointee.head) < target {
            context.awaitProgress { atomic_read_64(&pointee.head) >= target }
        }
        context.sleep(until: atomic_read_64(&pointee.doneTime))
        Service.settle(context)
        Pools.trimAfterSynchronization()
        return context.health
    }

    func query() -> CUresult {
        let context: Context = pointee.context
        if atomic_read_64(&pointee.head) < atomic_read_64(&pointee.tail) { context.help() }
        if atomic_read_64(&pointee.head) < atomic_read_64(&pointee.tail) { return CUDA_ERROR_NOT_READY }
        return clock_now() >= atomic_read_64(&pointee.doneTime) ? context.health : CUDA_ERROR_NOT_READY
    }
}

extension UnsafeMutablePointer<DriverContext> {
    /// Lets the worker look at the streams.
    func wakeWorker() {
        atomic_write_32(&pointee.workerIsIdle, 0)
        let shared: UnsafeMutablePointer<TimeContext> = pointee.shared
        _ = atomic_add_32(&shared.pointee.doorbell, 1)
        futex_wake(&shared.pointee.doorbell, true)
    }

    /// Moves the streams on, unless another thread does it just now. Returns when there is something to do again.
    @discardableResult
    func help() -> UInt64 {
        guard process_try_lock(&pointee.executor) else { return 0 }
        let wake = Executor.advance(self, isWorker: false)
        process_unlock(&pointee.executor)
        // Something is left, and it is the worker that waits for its time.
        if wake != .max,
            atomic_read_32(&pointee.workerIsIdle) != 0 || wake < atomic_read_64(&pointee.workerWakesAt)
        {
            wakeWorker()
        }
        return wake
    }

    /// Waits for that time, or for the context to fail.
    func sleep(until time: UInt64) {
        guard Service.isJoined else { return sleep_until(time) }
        while clock_now() < time, failure == nil, Service.isConnected {
            sleep_until(min(time, clock_now() + 10_000_000))
        }
    }

    func tellProgress() {
        _ = atomic_add_32(&pointee.progress, 1)
        if atomic_read_32(&pointee.progressWaiters) != 0 { futex_wake(&pointee.progress, false) }
    }

    /// Helps, and sleeps until the streams have moved. Returns early, too; the caller asks again.
    func awaitProgress(until isReached: () -> Bool) {
        let seen = atomic_read_32(&pointee.progress)
        let wake = help()
        if isReached() { return }
        let now = clock_now()
        // The worker wakes up at the same time; this is for the case that it is held up.
        let longest: UInt64 = 5_000_000
        let timeout = wake > now && wake < now + longest ? wake - now + 100_000 : wake <= now ? 50_000 : longest
        _ = atomic_add_32(&pointee.progressWaiters, 1)
        if !isReached() { futex_wait(&pointee.progress, seen, timeout, false) }
        _ = atomic_add_32(&pointee.progressWaiters, UInt32.max)
    }

    /// Waits for all streams.
    func synchronize() -> CUresult {
        // Streams come in at the front and leave only by calls of the program.
        var stream = pointee.streams
        while let each = stream {
            stream = each.pointee.next
            _ = each.synchronize()
        }
        return health
    }
}
