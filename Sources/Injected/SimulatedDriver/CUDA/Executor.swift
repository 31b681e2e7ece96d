import CSimulatedCUDA

typealias Context = UnsafeMutablePointer<DriverContext>
typealias Stream = UnsafeMutablePointer<DriverStream>
typealias Operation = UnsafeMutablePointer<DriverOperation>

/// Moves the streams of a context on, up to now.
///
/// Any thread may do it that holds the context's `executor`; a worker thread does it when nobody else has a reason to.
/// Operations that touch memory or call functions are done when they are due. Kernels are only placed on the GPU's
/// time line, ahead of time within the context's slice: they are done when the clock says so.
struct Executor {
    let context: Context
    let isWorker: Bool
    let line: TimeLine
    var now = clock_now()
    /// When there is something to do again; `.max` when there is not.
    var wake = UInt64.max
    /// The GPU's lock is held.
    private var holdsLine = false
    private var hasTurn = false
    private var mustWaitForTurn = false
    private var hasMoved = false
    /// The context's kernels are dropped: it failed, or its multi-process server ended it.
    private var isFailed = false

    /// Moves everything on that can be moved, and returns when to come back.
    static func advance(_ context: Context, isWorker: Bool) -> UInt64 {
        var executor = Executor(context: context, isWorker: isWorker, line: TimeLine(of: context))
        executor.run()
        return executor.wake
    }

    private mutating func run() {
        isFailed = context.failure != nil
        var count = 0
        while let (stream, ready) = next() {
            step(stream, ready)
            count += 1
            if count % 64 == 0 { now = clock_now() }
            // Others want the lock too, and the caller may have something better to do.
            if count == 4096 {
                wake = now
                break
            }
        }
        finish()
        if hasMoved { context.tellProgress() }
    }

    /// The stream whose first operation comes first, and when that could begin.
    private mutating func next() -> (Stream, UInt64)? {
        var first: (Stream, UInt64)?
        var stream = context.pointee.streams
        while let candidate = stream {
            stream = candidate.pointee.next
            let head = candidate.pointee.head
            guard atomic_read_64(&candidate.pointee.tail) != head, candidate.pointee.isBusy == 0 else { continue }
            let slot = candidate.operation(head)
            guard var ready = legacyOrder(candidate, slot.pointee.ticket) else { continue }
            let operation = candidate.current(slot)
            ready = max(ready, slot.pointee.enqueued)
            if let first, first.1 <= ready { continue }
            if isPossible(operation, candidate, ready) { first = (candidate, ready) }
        }
        return first
    }

    /// When the streams that must come before this operation are done; nil when one of them is not there yet.
    private func legacyOrder(_ stream: Stream, _ ticket: UInt64) -> UInt64? {
        var ready = stream.pointee.doneTime
        if stream.pointee.flags & UInt32(CU_STREAM_NON_BLOCKING) != 0 { return ready }
        guard let legacy = context.pointee.legacy else { return ready }
        if stream != legacy {
            if legacy.isPending(before: ticket) { return nil }
            return max(ready, legacy.pointee.doneTime)
        }
        var other = context.pointee.streams
        while let candidate = other {
            other = candidate.pointee.next
            guard candidate != legacy, candidate.pointee.flags & UInt32(CU_STREAM_NON_BLOCKING) == 0 else { continue }
            if candidate.isPending(before: ticket) { return nil }
            ready = max(ready, candidate.pointee.doneTime)
        }
        return ready
    }

    /// Whether the operation can be done or placed now; if not, `wake` knows when.
    private mutating func isPossible(_ operation: Operation, _ stream: Stream, _ ready: UInt64) -> Bool {
        switch Int(operation.pointee.kind) {
        case OPERATION_KERNEL:
            if isFailed { return true }
            if mustWaitForTurn { return false }
            if ready <= now || ready <= atomic_read_64(&line.gpu.pointee.busyUntil) { return true }
        case OPERATION_RECORD, OPERATION_NOTHING, OPERATION_GRAPH:
            return true
        case OPERATION_WAIT:
            if Event.isPlaced(operation) { return true }
            wake = min(wake, now + 100_000)
            return false
        case OPERATION_HOST:
            if ready <= now, isWorker { return true }
            if ready <= now {
                wake = now
                return false
            }
        case OPERATION_WAIT_VALUE:
            if ready <= now {
                if Values.isReached(operation) { return true }
                wake = min(wake, now + 50_000)
                return false
            }
        default:
            if ready <= now { return true }
        }
        wake = min(wake, ready)
        return false
    }

    private mutating func step(_ stream: Stream, _ ready: UInt64) {
        let operation = stream.current(stream.operation(stream.pointee.head))
        switch Int(operation.pointee.kind) {
        case OPERATION_KERNEL:
            if operation.pointee.a & Modules.faultMark != 0 { fail() }
            if isFailed { return finish(stream, at: min(ready, now)) }
            guard let end = place(operation.pointee.a, ready) else { return }
            finish(stream, at: end)
        case OPERATION_RECORD:
            Event.place(operation, at: ready)
            finish(stream, at: ready)
        case OPERATION_WAIT:
            finish(stream, at: max(ready, Event.time(operation)))
        case OPERATION_NOTHING:
            finish(stream, at: ready)
        case OPERATION_GRAPH:
            finish(stream, at: ready)
        case OPERATION_HOST:
            leaveLine()
            callHost(stream, operation)
        default:
            leaveLine()
            let length = Effects.perform(operation)
            now = clock_now()
            var end = max(ready + length, now)
            if length == 0 { end = max(ready, now) }
            finish(stream, at: end)
        }
    }

    /// Ends an operation: the next one of the stream, or of the graph at its head, is the first one then.
    private mutating func finish(_ stream: Stream, at end: UInt64) {
        hasMoved = true
        atomic_write_64(&stream.pointee.doneTime, max(end, stream.pointee.doneTime))
        let slot = stream.operation(stream.pointee.head)
        if slot.pointee.kind == UInt32(OPERATION_GRAPH) {
            guard let exec = GraphExecs.of(slot) else { return }
            stream.pointee.graphCursor += 1
            if stream.pointee.graphCursor <= exec.pointee.count { return }
            stream.pointee.graphCursor = 0
            GraphExecs.finish(exec)
        }
        atomic_write_64(&stream.pointee.head, stream.pointee.head + 1)
    }

    /// Runs a function of the program on this thread, while others may move other streams on.
    private mutating func callHost(_ stream: Stream, _ operation: Operation) {
        let copy = operation.pointee
        stream.pointee.isBusy = 1
        process_unlock(&context.pointee.executor)
        if let callbackStream = CUstream(bitPattern: UInt(copy.c)) {
            call_stream_callback(copy.a, callbackStream, copy.b)
        } else {
            call_host_function(copy.a, copy.b)
        }
        process_lock(&context.pointee.executor)
        stream.pointee.isBusy = 0
        now = clock_now()
        finish(stream, at: now)
    }

    // MARK: The GPU's time line

    private mutating func place(_ duration: UInt64, _ ready: UInt64) -> UInt64? {
        if !holdsLine {
            line.lock()
            holdsLine = true
            hasTurn = line.takeTurn(context.pointee.number, at: now, &wake)
        }
        guard hasTurn,
            let end = line.place(context.pointee.number, ready: ready, duration: duration, at: now, &wake)
        else {
            mustWaitForTurn = true
            return nil
        }
        Service.begin(context)
        return end
    }

    /// Lets others at the time line before something that takes long.
    private mutating func leaveLine() {
        guard holdsLine else { return }
        holdsLine = false
        if hasTurn, !mustWaitForTurn, line.hasTurn(context.pointee.number) {
            line.drain(context.pointee.number, at: now)
        }
        line.unlock()
        mustWaitForTurn = false
    }

    private mutating func finish() {
        if !holdsLine, !mustWaitForTurn, atomic_read_64(&line.gpu.pointee.turn) == context.pointee.number,
            atomic_read_64(&line.gpu.pointee.drained) == 0
        {
            // The turn came, and what it was wanted for is gone.
            line.lock()
            holdsLine = true
            hasTurn = line.gpu.pointee.turn == context.pointee.number
        }
        leaveLine()
        if context.pointee.isInFlight != 0 { settle() }
    }

    /// A kernel made the GPU fail: this context is lost, and with it all clients of the same multi-process server.
    private mutating func fail() {
        atomic_write_32(&context.pointee.fault, CUDA_ERROR_ILLEGAL_ADDRESS.rawValue)
        Service.fail(with: CUDA_ERROR_ILLEGAL_ADDRESS)
        isFailed = true
    }

    /// Tells the server when everything is done.
    private mutating func settle() {
        if isFailed { line.abandon(context.pointee.number, at: now) }
        var stream = context.pointee.streams
        while let each = stream {
            stream = each.pointee.next
            if atomic_read_64(&each.pointee.tail) != each.pointee.head { return }
        }
        let shared: UnsafeMutablePointer<TimeContext> = context.pointee.shared
        if atomic_read_64(&shared.pointee.busyUntil) <= clock_now() { Service.end(context) }
    }
}

extension UnsafeMutablePointer<DriverStream> {
    /// The operation of that number; it stays where it is until the stream's head has passed it.
    @inline(__always)
    func operation(_ number: UInt64) -> Operation {
        pointee.ring + Int(number % UInt64(STREAM_CAPACITY))
    }

    /// What is to be done for the operation at the head: a graph's are done one after the other.
    func current(_ slot: Operation) -> Operation {
        guard slot.pointee.kind == UInt32(OPERATION_GRAPH), let exec = GraphExecs.of(slot),
            pointee.graphCursor < exec.pointee.count
        else { return slot }
        return exec.pointee.operations + Int(pointee.graphCursor)
    }

    /// Whether an operation that was put in before the one of that ticket is still to be done.
    func isPending(before ticket: UInt64) -> Bool {
        let head = pointee.head
        return atomic_read_64(&pointee.tail) != head && operation(head).pointee.ticket < ticket
    }
}
