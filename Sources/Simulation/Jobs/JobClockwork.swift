import Fleet
import Placement
import Queueing

/// One replay while it goes on: the virtual clock, who waits, who runs, and what they hold.
///
/// At one moment leases end first, in the order of their jobs; then jobs are submitted; then the planner is asked once
/// and its plan is carried out as it stands.
struct JobClockwork {
    let simulation: JobSimulation
    let planner: Planner
    /// The position in the tree of each of the trace's queues.
    let queues: [Int]

    var now = Moment(nanoseconds: 0)
    var pool: Pool
    var room: FleetRoom
    var usage = UsageBook()
    /// What the plan before promised.
    var promised: [QueuePlan.Promise] = []
    var waiting: WaitingLines
    /// In no order.
    var running: [RunningLease] = []
    /// Where each job stands in `running`; -1 where it does not.
    var places: [Int]
    var ends = EndHeap()
    /// Counts how often each job's end has changed; an older end in the heap means nothing.
    var versions: [Int32]
    /// What each job still has to run.
    var remaining: [Span]
    /// Since when each job waits.
    var waitingSince: [Moment]
    var state = JobMeter.State()
    var replay: JobReplay
    var ended = 0

    /// At one plan in so many everybody who waits is told when to start; in between only those are who are promised
    /// a start, which costs less.
    private static let plansPerForesight = 500

    init(_ simulation: JobSimulation, planner: Planner, queues: [Int]) {
        self.simulation = simulation
        self.planner = planner
        self.queues = queues
        let jobs = simulation.trace.jobs
        waiting = WaitingLines(simulation.trace, settings: planner.settings)
        pool = Pool(simulation.fleet.map { NodeRoom($0) })
        pool.seed = simulation.seed
        room = FleetRoom(simulation.fleet, mix: jobs)
        places = jobs.map { _ in -1 }
        versions = jobs.map { _ in 0 }
        remaining = jobs.map(\.held)
        waitingSince = jobs.map { Moment(nanoseconds: 0) + $0.submit }
        replay = JobReplay(meter: JobMeter(lastSubmission: Moment(nanoseconds: 0) + simulation.trace.span))
        replay.histories = jobs.map { _ in JobHistory() }
    }

    mutating func run(clock: ReadClock?, progress: (Int) -> Void) -> JobReplay {
        let requests = RequestTable(simulation, pool: pool)
        if planner.placement == .fgd || planner.placement == .divvy {
            pool.mix = DemandMix(simulation.trace.jobs.indices.map { requests.request($0) })
        }
        let jobs = simulation.trace.jobs
        var submitted = 0
        var nextPlan = now
        var isPlanDue = false
        var nextTold = 1
        while true {
            dropOldEnds()
            let submission = submitted < jobs.count ? Moment(nanoseconds: 0) + jobs[submitted].submit : nil
            let plan = isPlanDue ? nextPlan : nil
            let end = ends.next.map { Moment(nanoseconds: $0.time) }
            guard let next = [submission, end, plan].compactMap(\.self).min() else { break }
            pass(to: next)
            dropOldEnds()
            while let end = ends.next, end.time == next.nanoseconds {
                ends.removeNext()
                leave(Int(end.job))
                dropOldEnds()
                isPlanDue = true
            }
            while submitted < jobs.count, jobs[submitted].submit.nanoseconds == next.nanoseconds {
                submit(submitted, requests)
                submitted += 1
                isPlanDue = true
            }
            if isPlanDue, next >= nextPlan {
                isPlanDue = false
                nextPlan = next + simulation.planEvery
                if !waiting.isEmpty { decide(clock) }
            }
            if ended >= nextTold {
                progress(ended)
                nextTold = ended + jobs.count / 100 + 1
            }
        }
        for request in waiting.all { replay.histories[Self.job(request.id)].end = .neverStarted }
        let fragmented = room.fragmentedMilli()
        replay.meter.finish(fragmented: fragmented)
        return replay
    }

    /// A job's lease has the number after its place in the trace, also when it starts again.
    static func lease(_ job: Int) -> LeaseID { LeaseID(number: Int64(job) + 1) }
    static func job(_ lease: LeaseID) -> Int { Int(lease.number) - 1 }

    private mutating func dropOldEnds() {
        while let end = ends.next, end.version != versions[Int(end.job)] { ends.removeNext() }
    }

    private mutating func pass(to next: Moment) {
        replay.meter.pass(to: next, in: state) { room.fragmentedMilli() }
        now = next
    }

    private mutating func submit(_ job: Int, _ requests: RequestTable) {
        guard requests.canBeServed(job) else {
            replay.histories[job].end = .refused
            ended += 1
            return
        }
        wait(job, requests.request(job))
    }

    private mutating func wait(_ job: Int, _ request: Request) {
        let submitted = simulation.trace.jobs[job]
        let entry = WaitingRequest(
            id: Self.lease(job), request: request, tenant: UInt32(submitted.tenant) + 1,
            queue: queues[submitted.queue], priority: submitted.priority,
            asked: Moment(nanoseconds: 0) + submitted.submit, limit: limit(of: job))
        waiting.add(entry)
        waitingSince[job] = now
        state.waiting += 1
    }

    /// The time that the job asks for from now on; one that goes on asks for what is left of it.
    private func limit(of job: Int) -> Span? {
        simulation.trace.jobs[job].limit.map { limit in
            limit - (simulation.trace.jobs[job].held - remaining[job])
        }
    }

    private mutating func decide(_ clock: ReadClock?) {
        let began = clock?()
        let isForeseeing = replay.plans.decisions % Self.plansPerForesight == 0
        let plan = planner.plan(
            waiting: waiting.front, running: running, reservations: [], usage: usage, pool: pool, at: now,
            promised: promised, foreseeing: isForeseeing)
        promised = plan.promises
        if let began, let clock {
            let took = clock() - began
            replay.plans.add(decisions: 1, nanoseconds: took)
            replay.plans.add(sample: took)
        } else {
            replay.plans.add(decisions: 1, nanoseconds: 0)
        }
        for outlook in plan.waiting {
            guard let start = outlook.start else { continue }
            let job = Self.job(outlook.id)
            if replay.histories[job].promised == nil, replay.histories[job].firstStart == nil {
                replay.histories[job].promised = start
            }
        }
        for start in plan.starts { self.start(start) }
        for preemption in plan.preemptions { warn(preemption.victim) }
    }

    private mutating func start(_ start: QueuePlan.Start) {
        let job = Self.job(start.id)
        let request = waiting.remove(start.id)
        pool.take(start.placement, for: request.request)
        room.take(start.placement)
        let amount = Self.amount(of: start.placement)
        usage.change(
            tenant: request.tenant, queue: planner.tree.queues[request.queue].path, by: amount, at: now,
            halfLife: planner.settings.halfLife)
        places[job] = running.count
        running.append(
            RunningLease(
                id: start.id, request: request.request, tenant: request.tenant, queue: request.queue,
                priority: request.priority, placement: start.placement, amount: amount, since: now,
                ends: request.limit.map { now + $0 }, isEnding: false))
        ends.add(EndHeap.End(time: (now + remaining[job]).nanoseconds, job: Int32(job), version: versions[job]))
        replay.histories[job].waited = replay.histories[job].waited + (now - waitingSince[job])
        if replay.histories[job].firstStart == nil { replay.histories[job].firstStart = now }
        count(job, amount, sign: 1)
        state.waiting -= 1
    }

    private mutating func count(_ job: Int, _ amount: Amount, sign: Int64) {
        let traced = simulation.trace.jobs[job]
        state.allocatedMilli += sign * amount.milliGPU
        state.usedMilli += sign * Int64(traced.gpus) * Int64(traced.used.milli)
        state.running += Int(sign)
    }

    private static func amount(of placement: PoolPlacement) -> Amount {
        placement.parts.reduce(into: .zero) { sum, part in
            for grant in part.grants {
                sum = sum + Amount(milliGPU: Int64(grant.share.milli), memory: grant.memory)
            }
        }
    }

    /// Tells a lease to end; it does after the notice, or by itself before.
    private mutating func warn(_ victim: LeaseID) {
        let job = Self.job(victim)
        guard places[job] >= 0, !running[places[job]].isEnding else { return }
        let lease = running[places[job]]
        let natural = lease.since + remaining[job]
        let last = now + planner.settings.preemptionNotice
        guard last < natural else { return replaceRunning(lease, ends: natural) }
        replaceRunning(lease, ends: last)
        versions[job] += 1
        ends.add(EndHeap.End(time: last.nanoseconds, job: Int32(job), version: versions[job]))
    }

    private mutating func replaceRunning(_ lease: RunningLease, ends: Moment) {
        running[places[Self.job(lease.id)]] = RunningLease(
            id: lease.id, request: lease.request, tenant: lease.tenant, queue: lease.queue, priority: lease.priority,
            placement: lease.placement, amount: lease.amount, since: lease.since, ends: ends, isEnding: true)
    }

    /// A lease ends now: because its job is done, at its limit, or because it was stopped for another.
    private mutating func leave(_ job: Int) {
        let place = places[job]
        let lease = running[place]
        running.swapAt(place, running.count - 1)
        running.removeLast()
        if place < running.count { places[Self.job(running[place].id)] = place }
        places[job] = -1
        versions[job] += 1
        pool.giveBack(lease.placement, of: lease.request)
        room.giveBack(lease.placement)
        usage.change(
            tenant: lease.tenant, queue: planner.tree.queues[lease.queue].path, by: .zero - lease.amount, at: now,
            halfLife: planner.settings.halfLife)
        count(job, lease.amount, sign: -1)
        replay.held.append(HeldRoom(job: job, from: lease.since, until: now, placement: lease.placement))
        let ran = now - lease.since
        let traced = simulation.trace.jobs[job]
        guard ran < remaining[job] else {
            replay.histories[job].ended = now
            replay.histories[job].end = traced.held < traced.duration ? .cut : .done
            ended += 1
            return
        }
        replay.histories[job].preemptions += 1
        switch simulation.afterPreemption {
        case .restart:
            replay.histories[job].lostGPUSeconds += ran.seconds * Double(traced.milliGPU) / 1000
        case .resume:
            remaining[job] = remaining[job] - ran
        }
        wait(job, lease.request)
    }
}
