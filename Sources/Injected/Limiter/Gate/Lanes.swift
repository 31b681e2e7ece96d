import CLimiter
import CLimiterShim

typealias Lane = UnsafeMutablePointer<LimiterLane>

/// The contexts of this process that launch in turns.
enum Lanes {
    /// The lane of a context; nil when there are too many, whose kernels are not held then.
    static func of(_ context: UInt64, _ gpu: UInt32) -> Lane? {
        if let known: Lane = limiter_thread().pointee.lane, known.pointee.context == context { return known }
        take_lock(&state.pointee.laneLock)
        defer { give_lock(&state.pointee.laneLock) }
        guard prepare() else { return nil }
        var free: Lane?
        for index in 0..<UInt32(LANES) {
            guard let lane: Lane = lane_of(state, index) else { continue }
            if lane.pointee.context == context { return lane }
            if free == nil, lane.pointee.context == 0 { free = lane }
        }
        guard let free else { return nil }
        free.pointee.gpu = gpu
        free.pointee.outstanding = 0
        store64(&free.pointee.context, context)
        return free
    }

    private static func prepare() -> Bool {
        if state.pointee.lanes == nil {
            guard let lanes = map_memory(MemoryLayout<LimiterLane>.stride * Int(LANES)),
                let estimates = map_memory(MemoryLayout<LimiterEstimate>.stride * Int(ESTIMATES))
            else { return false }
            state.pointee.estimates = estimates.assumingMemoryBound(to: LimiterEstimate.self)
            state.pointee.lanes = lanes.assumingMemoryBound(to: LimiterLane.self)
        }
        if state.pointee.hasTender == 0 { state.pointee.hasTender = Tender.start() ? 1 : 0 }
        return state.pointee.hasTender == 1
    }

    /// Forgets a context that is gone, with all its events.
    static func forget(_ context: UInt64) {
        take_lock(&state.pointee.laneLock)
        defer { give_lock(&state.pointee.laneLock) }
        guard state.pointee.lanes != nil else { return }
        for index in 0..<UInt32(LANES) {
            guard let lane: Lane = lane_of(state, index), lane.pointee.context == context else { continue }
            take_lock(&lane.pointee.lock)
            lane.pointee.context = 0
            lane.pointee.head = lane.pointee.tail
            lane.pointee.eventCount = 0
            lane.pointee.outstanding = 0
            for place in 0..<UInt32(LANE_STREAMS) { stream_of(lane, place).pointee = LimiterStream() }
            give_lock(&lane.pointee.lock)
        }
    }

    /// Takes back launches that were allowed and not made.
    static func giveBack(_ thread: UnsafeMutablePointer<LimiterThread>) {
        guard let lane: Lane = thread.pointee.lane, let place = stream_of(lane, thread.pointee.index) else { return }
        take_lock(&lane.pointee.lock)
        let unused = min(UInt64(thread.pointee.left) * thread.pointee.estimate, place.pointee.estimate)
        if place.pointee.count > thread.pointee.left {
            place.pointee.count -= thread.pointee.left
            place.pointee.estimate -= unused
            lane.pointee.outstanding -= min(unused, lane.pointee.outstanding)
        }
        thread.pointee.left = 0
        give_lock(&lane.pointee.lock)
    }
}

/// What is in flight in a context: kernels that a marker stands behind, and the tails of streams that have none yet.
/// The lane's lock is held in all of this.
extension UnsafeMutablePointer<LimiterLane> {
    /// Markers that are not done.
    var pending: UInt64 {
        var pending: UInt64 = 0
        for number in pointee.head..<pointee.tail where marker_of(self, number).pointee.isDone == 0 { pending += 1 }
        return pending
    }

    /// The place of a stream; nil when there are too many, which are not watched then.
    func stream(_ stream: UInt64, _ thread: UnsafeMutablePointer<LimiterThread>) -> UInt32? {
        let identity = UInt64(UInt(bitPattern: thread))
        let owner = stream == 2 ? identity : 0
        var free: UInt32?
        for index in 0..<UInt32(LANE_STREAMS) {
            guard let place = stream_of(self, index) else { continue }
            if place.pointee.stream == stream, place.pointee.thread == owner {
                place.pointee.owner = identity
                return index
            }
            if free == nil, place.pointee.pending == 0, place.pointee.count == 0 { free = index }
        }
        guard let free, let place = stream_of(self, free) else { return nil }
        if place.pointee.last != 0 { keep(place.pointee.last) }
        place.pointee = LimiterStream()
        place.pointee.stream = stream
        place.pointee.thread = owner
        place.pointee.owner = identity
        return free
    }

    /// Nanoseconds until what is in flight is done, by estimate: some of it has been going on for a while.
    func remaining(at now: UInt64) -> UInt64 {
        let outstanding = pointee.outstanding
        let begin = max(pointee.doneAt, pointee.busySince)
        guard outstanding > 0, now > begin else { return outstanding }
        return outstanding > now - begin ? outstanding - (now - begin) : 1
    }

    // MARK: Events

    private func event() -> UInt64 {
        if pointee.eventCount > 0 {
            pointee.eventCount -= 1
            return event_of(self, pointee.eventCount).pointee
        }
        var event: UInt64 = 0
        return ask2(UInt32(REAL_cuEventCreate), &event, 0) == Answer.success ? event : 0
    }

    private func keep(_ event: UInt64) {
        guard pointee.eventCount < UInt32(LANE_EVENTS) else {
            _ = real1(UInt32(REAL_cuEventDestroy_v2), event)
            return
        }
        event_of(self, pointee.eventCount).pointee = event
        pointee.eventCount += 1
    }

    private func record(_ index: UInt32) -> UInt64 {
        let event = event()
        guard event != 0 else { return 0 }
        if real2(UInt32(REAL_cuEventRecord), event, stream_of(self, index).pointee.stream) == Answer.success {
            return event
        }
        keep(event)
        return 0
    }

    // MARK: Markers

    /// Notes where the first kernel of an idle stream begins; now and then only, when it is known what it takes.
    func begin(_ index: UInt32, isKnown: Bool) {
        guard let place = stream_of(self, index) else { return }
        if place.pointee.last != 0 { keep(place.pointee.last) }
        pointee.begins &+= 1
        place.pointee.last = isKnown && pointee.begins % 8 != 0 ? 0 : record(index)
    }

    /// Puts a marker behind what was launched in a stream.
    func mark(_ index: UInt32) {
        guard let place = stream_of(self, index), place.pointee.count > 0 else { return }
        if pointee.tail - pointee.head >= UInt64(LANE_MARKERS) { poll(clock_now()) }
        let event = pointee.tail - pointee.head < UInt64(LANE_MARKERS) ? record(index) : 0
        if event != 0, let marker = marker_of(self, pointee.tail) {
            marker.pointee = LimiterMarker(
                event: event, from: place.pointee.last, stream: index, reserved: 0, key: place.pointee.key,
                estimate: place.pointee.estimate, count: place.pointee.count, isDone: 0)
            pointee.tail += 1
            place.pointee.last = event
            place.pointee.pending += 1
        } else {
            pointee.outstanding -= min(place.pointee.estimate, pointee.outstanding)
        }
        place.pointee.count = 0
        place.pointee.estimate = 0
        place.pointee.key = 0
    }

    /// Puts markers behind all that a thread has launched.
    func markTails(of thread: UnsafeMutablePointer<LimiterThread>) {
        let identity = UInt64(UInt(bitPattern: thread))
        for index in 0..<UInt32(LANE_STREAMS) {
            guard let place = stream_of(self, index), place.pointee.count > 0, place.pointee.owner == identity else {
                continue
            }
            mark(index)
        }
    }

    /// Finds out what is done.
    func poll(_ now: UInt64) {
        // Streams whose next marker is not done, of which the later ones need not be asked.
        var waiting: UInt64 = 0
        for number in pointee.head..<pointee.tail {
            guard let marker = marker_of(self, number), marker.pointee.isDone == 0 else { continue }
            let bit = UInt64(1) << UInt64(marker.pointee.stream)
            guard waiting & bit == 0 else { continue }
            if real1(UInt32(REAL_cuEventQuery), marker.pointee.event) == 600 {
                waiting |= bit
            } else {
                finish(marker, now)
            }
        }
        while pointee.head < pointee.tail, marker_of(self, pointee.head).pointee.isDone == 1 { pointee.head += 1 }
        dropTails(now)
    }

    private func finish(_ marker: UnsafeMutablePointer<LimiterMarker>, _ now: UInt64) {
        marker.pointee.isDone = 1
        pointee.doneAt = now
        pointee.outstanding -= min(marker.pointee.estimate, pointee.outstanding)
        if let place = stream_of(self, marker.pointee.stream), place.pointee.pending > 0 { place.pointee.pending -= 1 }
        guard marker.pointee.from != 0 else { return }
        var milliseconds: Float = 0
        let status = ask3(UInt32(REAL_cuEventElapsedTime), &milliseconds, marker.pointee.from, marker.pointee.event)
        if status == Answer.success, milliseconds >= 0, milliseconds < 1e7, marker.pointee.count > 0 {
            Estimates.learn(marker.pointee.key, UInt64(milliseconds * 1e6) / UInt64(marker.pointee.count))
        }
        keep(marker.pointee.from)
    }

    /// Tails of threads that launch no more have no marker: they are done when their time is over.
    private func dropTails(_ now: UInt64) {
        for index in 0..<UInt32(LANE_STREAMS) {
            guard let place = stream_of(self, index), place.pointee.count > 0, place.pointee.pending == 0 else {
                continue
            }
            let begin = max(place.pointee.launchedAt, pointee.doneAt)
            guard now > begin, now - begin > place.pointee.estimate else { continue }
            pointee.outstanding -= min(place.pointee.estimate, pointee.outstanding)
            place.pointee.count = 0
            place.pointee.estimate = 0
            place.pointee.key = 0
        }
    }
}
