package import Fleet
package import Ledger
package import Logging

/// The one writer: it owns the ledger, makes every decision durable, then carries out what the ledger wants done.
///
/// It never awaits between reading and writing the ledger. The order for every event is: decide, write down, do, tell.
/// Nobody hears of a decision that is not on disk.
package actor Engine {
    var ledger = Ledger()
    let journal: any Journal
    let devices: any DeviceSource
    let preparer: any LeasePreparer
    let holders: any HolderWatch
    let offenders: any OffenderControl
    let clock: MachineClock
    let settings: EngineSettings
    let log: Logger

    /// The number of the last entry that was decided.
    var sequence: Int64 = 0
    /// The number of the last entry that a snapshot was taken at.
    var snapshotSequence: Int64 = 0
    var commits = CommitQueue()
    /// Why it takes nothing in; nil while it does.
    var stopped: EngineError? = .stopped("the daemon is starting")

    /// Why what was seen of the GPUs at the start could not be written down; nil once it was.
    var whyUnseen: String?
    var scan: DeviceScan?
    var scannedAt: Int64 = .min
    /// GPUs on which the driver reported an error that needs a person, until the daemon starts anew.
    var faulted: [GPUID: Int] = [:]
    /// What was made ready; after a start it is filled when somebody asks.
    var preparations: [LeaseID: Preparation] = [:]
    var preparing: Set<LeaseID> = []
    /// Leases that were live when the daemon started: a holder that is missing at once went while nobody looked.
    var foundAtStart: Set<LeaseID> = []
    var lookingBackUntil: Int64 = 0
    var watch: WatchState
    /// By pid, for processes of leases that the last look found.
    var attributions: [Int32: Attribution] = [:]
    var settling = Waiters()
    var listeners: [Int: AsyncStream<RecordedNotice>.Continuation] = [:]
    var nextListener = 0
    let dueChanged = Signal()
    /// Holders that are to be stopped: that takes as long as they are given, and nothing waits for it.
    let stops: AsyncStream<Lease>
    let stop: AsyncStream<Lease>.Continuation
    let snapshots = Signal()
    let halted = Signal()
    /// The journal cannot be trusted any more; only a new start helps.
    var isHalted = false

    package init(
        journal: any Journal, devices: any DeviceSource, preparer: any LeasePreparer, holders: any HolderWatch,
        offenders: any OffenderControl = NoOffenderControl(), clock: MachineClock,
        settings: EngineSettings = EngineSettings(), log: Logger
    ) {
        self.journal = journal
        self.devices = devices
        self.preparer = preparer
        self.holders = holders
        self.offenders = offenders
        watch = WatchState(settings.watchdog)
        self.clock = clock
        self.settings = settings
        self.log = log
        (stops, stop) = AsyncStream.makeStream(of: Lease.self)
    }

    /// The ledger's clock.
    package var now: Moment {
        max(ledger.now, Moment(nanoseconds: clock.sinceBoot() + (ledger.anchor?.offset ?? 0)))
    }

    /// What is added to a moment's nanoseconds to show it as a time of day.
    package var wallOffset: Int64 { clock.wall() - now.nanoseconds }

    /// Takes a request in. Returns when it is granted and ready, or waiting.
    package func ask(_ ask: Ask) async throws(EngineError) -> PreparedLease {
        // Nobody could have looked while the disk was full; if it still is, that is the reason to give.
        if ledger.observation == nil { try await look() }
        let lease = try await answer(to: .asked(ask))
        if lease.isWaiting { await holders.follow(lease.holder, of: lease.id, tenant: lease.tenant) }
        return PreparedLease(lease: ledger.lease(lease.id) ?? lease, preparation: preparations[lease.id])
    }

    /// Returns when the lease no longer waits, or after `patience`, whichever is first.
    package func settled(_ id: LeaseID, within patience: Span) async throws(EngineError) -> PreparedLease {
        let deadline = clock.sinceBoot() + patience.nanoseconds
        while let lease = ledger.lease(id), lease.isWaiting || preparing.contains(id) {
            let left = deadline - clock.sinceBoot()
            guard left > 0, !Task.isCancelled, stopped == nil else { break }
            await waitForWake(of: id, atMost: .nanoseconds(left))
        }
        return try await lease(id)
    }

    /// Ends a lease; ending one that has ended is no error and changes nothing.
    package func end(_ id: LeaseID, by caller: Caller) async throws(EngineError) -> Lease {
        try authorize(caller, for: id)
        do {
            return try await answer(to: .endAsked(id, .released))
        } catch .refused(.alreadyEnded) {
            return try await lease(id).lease
        }
    }

    package func extend(_ id: LeaseID, by span: Span, caller: Caller) async throws(EngineError) -> Lease {
        try authorize(caller, for: id)
        return try await answer(to: .extended(id, by: span))
    }

    package func keepAlive(_ id: LeaseID, caller: Caller) async throws(EngineError) -> Lease {
        try authorize(caller, for: id)
        return try await answer(to: .keptAlive(id))
    }

    /// All leases by id, the ended ones that are remembered only on request.
    package func leases(includingEnded: Bool) async throws(EngineError) -> [Lease] {
        let leases = includingEnded ? ledger.leases : ledger.leases.filter(\.isLive)
        try await settled()
        return leases
    }

    package func lease(_ id: LeaseID) async throws(EngineError) -> PreparedLease {
        guard let lease = ledger.lease(id) else { throw .refused(.unknownLease(id)) }
        try await settled()
        if case .granted = lease.state, preparations[id] == nil, !preparing.contains(id) { await prepare(lease) }
        let fences = await preparer.readings(of: id)
        return PreparedLease(lease: ledger.lease(id) ?? lease, preparation: preparations[id], fences: fences)
    }

    /// Lets programs of a granted lease start: their limits stand once it returns, and they are not to start if it throws.
    ///
    /// Whoever has made them may say so: root, the daemon's user, or the lease's own tenant for processes of its own.
    package func admit(_ arrival: Arrival, to id: LeaseID, caller: Caller) async throws(EngineError) {
        try authorize(caller, for: id)
        guard let lease = ledger.lease(id), case .granted = lease.state, let node = ledger.observation?.node else {
            throw .refused(.notGranted(id))
        }
        try await settled()
        do throws(PreparationError) {
            try await preparer.admit(arrival, of: lease, on: node)
        } catch {
            throw .admission(error)
        }
    }

    /// Hands a granted lease on to another process: it ends with that one from now on.
    package func hand(_ id: LeaseID, to process: ProcessIdentity, caller: Caller) async throws(EngineError) -> Lease {
        try authorize(caller, for: id)
        guard let before = ledger.lease(id), before.placement != nil else { throw .refused(.notGranted(id)) }
        // Followed first: from the moment on that it is written down, the old holder's end must not end the lease.
        await holders.follow(.process(process), of: id, tenant: before.tenant)
        do throws(EngineError) {
            return try await answer(to: .held(id, by: .process(process)))
        } catch {
            if let lease = ledger.lease(id), lease.placement != nil {
                await holders.follow(lease.holder, of: id, tenant: lease.tenant)
            }
            throw error
        }
    }

    /// Returns when what was read before is on disk.
    private func settled() async throws(EngineError) {
        do throws(JournalError) { try await settle() } catch { throw .journal(error) }
    }

    /// Where a waiting lease stands in the queue, 1 is next.
    package func position(of id: LeaseID) -> Int? { ledger.position(of: id) }

    /// Past notices after an entry of the journal, oldest first: all of at most `limit` entries that have any.
    ///
    /// Empty means that there are none after `sequence`, not that a stretch of the journal had nothing to tell.
    package func history(after sequence: Int64, limit: Int) async throws(EngineError) -> [RecordedNotice] {
        var after = sequence
        do throws(JournalError) {
            while true {
                let entries = try await journal.history(after: after, limit: limit)
                guard let last = entries.last else { return [] }
                let notices = entries.flatMap(\.recordedNotices)
                if !notices.isEmpty { return notices }
                after = last.sequence
            }
        } catch {
            throw .journal(error)
        }
    }

    /// Notices from now on. A listener that falls 10,000 behind is cut off, so that it never misses one unawares.
    package func follow() -> AsyncStream<RecordedNotice> {
        let (stream, continuation) = AsyncStream.makeStream(
            of: RecordedNotice.self, bufferingPolicy: .bufferingOldest(10_000))
        nextListener += 1
        listeners[nextListener] = continuation
        return stream
    }

    private func authorize(_ caller: Caller, for id: LeaseID) throws(EngineError) {
        guard let lease = ledger.lease(id) else { throw .refused(.unknownLease(id)) }
        guard caller.isOperator || lease.tenant.uid == caller.uid else {
            throw .notYours(id, tenant: lease.tenant.name)
        }
    }
}

extension JournalEntry {
    package var recordedNotices: [RecordedNotice] {
        notices.map { RecordedNotice(sequence: sequence, at: at, wall: wall, notice: $0) }
    }
}
