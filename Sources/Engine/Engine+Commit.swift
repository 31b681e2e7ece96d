import Fleet
import Ledger
import Logging

/// Entries that were decided and are not yet on disk, and the tasks that wait for them.
///
/// Whoever finds nobody writing writes everything gathered so far in one go, then hands the pen to the first of those
/// who gathered meanwhile. So a lone caller pays one sync, and many callers share one.
struct CommitQueue {
    /// What a waiting task is told.
    enum Turn: Sendable {
        case durable
        /// Nothing was written; this says why.
        case failed(JournalError)
        /// You write now: your own entry is among those gathered.
        case lead
    }

    var gathered: [JournalEntry] = []
    var followers: [CheckedContinuation<Turn, Never>] = []
    var isWriting = false
}

extension Engine {
    /// Decides an event, makes it durable, carries out its effects and returns the answer to its cause.
    func answer(to event: Event) async throws(EngineError) -> Lease {
        guard case .lease(let lease) = try await outcome(of: event) else { throw .noAnswer }
        return ledger.lease(lease.id) ?? lease
    }

    /// The same for events whose answer need not be a lease.
    func outcome(of event: Event) async throws(EngineError) -> Answer {
        let effects = try await commit(event)
        let failure = await perform(effects)
        for case .answer(let answer) in effects {
            if case .refused(let refusal) = answer { throw .refused(refusal) }
            if case .lease(let lease) = answer, let failure, failure.lease == lease.id {
                throw .preparation(failure.error)
            }
            return answer
        }
        throw .noAnswer
    }

    /// Takes in what happened in the world, which nobody asks for twice: on a full disk it is tried until it is in.
    func submit(_ event: Event) async {
        while !Task.isCancelled {
            do throws(EngineError) {
                await perform(try await commit(event))
                return
            } catch {
                log.error("an event was not taken in", metadata: ["event": "\(event)", "error": "\(error)"])
                guard case .journal = error, event.givesBack, !isHalted else { return }
                try? await Task.sleep(for: .seconds(1))
            }
        }
    }

    /// Decides an event and makes it durable; returns its effects, not yet carried out.
    func commit(_ event: Event) async throws(EngineError) -> [Effect] {
        var attemptsLeft = 3
        while true {
            if let stopped { throw stopped }
            let at = now
            let observedBefore = ledger.observation
            let wasDue = ledger.isDue(at: at)
            let effects = ledger.handle(event, at: at)
            guard Self.changes(event, effects, wasDue: wasDue, observedAnew: observedBefore != ledger.observation)
            else { return effects }
            sequence += 1
            let notices = effects.compactMap { if case .tell(let notice) = $0 { notice } else { nil } }
            let entry = JournalEntry(
                sequence: sequence, at: at, wall: clock.wall(), event: event, notices: notices,
                decisions: ledger.decisions)
            do throws(JournalError) {
                try await makeDurable(entry)
            } catch {
                // On a full disk what gives room back must not be lost with what asks for room.
                attemptsLeft -= 1
                guard error.code == .full, event.givesBack, attemptsLeft > 0, stopped == nil else {
                    throw .journal(error)
                }
                continue
            }
            dueChanged.raise()
            for notice in entry.recordedNotices { tell(notice) }
            return effects
        }
    }

    /// Whether an event with these effects changed the ledger; what did not is not written down.
    private static func changes(_ event: Event, _ effects: [Effect], wasDue: Bool, observedAnew: Bool) -> Bool {
        switch event {
        case .configured, .anchored, .active, .watched: true
        case .observed: observedAnew
        case .timePassed: wasDue
        case .asked, .held, .keptAlive, .extended, .endAsked, .holderGone, .reserved, .reservationEnded, .drained,
            .quotaChanged:
            !effects.allSatisfy { if case .answer(.refused) = $0 { true } else { false } }
        }
    }

    private func makeDurable(_ entry: JournalEntry) async throws(JournalError) {
        commits.gathered.append(entry)
        if commits.isWriting {
            switch await withCheckedContinuation({ commits.followers.append($0) }) {
            case .durable: return
            case .failed(let error): throw error
            case .lead: break
            }
        }
        if let error = await writeGathered() { throw error }
    }

    /// Writes what is gathered in one go and tells those who wait for it; returns why it could not.
    @discardableResult
    private func writeGathered() async -> JournalError? {
        commits.isWriting = true
        let batch = commits.gathered
        let followers = commits.followers
        commits.gathered = []
        commits.followers = []
        do throws(JournalError) {
            if !batch.isEmpty { try await journal.append(batch) }
            for follower in followers { follower.resume(returning: .durable) }
            passPen()
        } catch {
            await undo(error)
            // Those who gathered meanwhile decided on a ledger that held what was not written.
            let misled = commits.followers
            commits.gathered = []
            commits.followers = []
            commits.isWriting = false
            for follower in followers + misled { follower.resume(returning: .failed(error)) }
            return error
        }
        if sequence - snapshotSequence >= settings.entriesPerSnapshot { snapshots.raise() }
        return nil
    }

    private func passPen() {
        if commits.followers.isEmpty {
            commits.isWriting = false
        } else {
            commits.followers.removeFirst().resume(returning: .lead)
        }
    }

    /// Goes back to what is on disk after a write that failed, and stops for good when the disk cannot be trusted.
    private func undo(_ error: JournalError) async {
        log.critical("the journal could not be written", metadata: ["error": "\(error)"])
        let mark = EngineError.journal(error)
        stopped = mark
        do throws(JournalError) {
            try await reload()
            if error.code != .failed { stopped = nil }
        } catch {
            log.critical(
                "the journal could not be read back; nothing is taken in any more", metadata: ["error": "\(error)"])
        }
        if stopped != nil {
            isHalted = true
            halted.raise()
        }
    }

    /// Replaces the ledger by what the journal holds.
    func reload() async throws(JournalError) {
        let contents = try await journal.load()
        var ledger = contents.snapshot?.ledger ?? Ledger()
        for entry in contents.entries { ledger.replay(entry.event, at: entry.at, deciding: entry.decisions) }
        self.ledger = ledger
        sequence = contents.entries.last?.sequence ?? contents.snapshot?.sequence ?? 0
        snapshotSequence = contents.snapshot?.sequence ?? 0
    }

    func tell(_ notice: RecordedNotice) {
        for (number, listener) in listeners {
            switch listener.yield(notice) {
            case .enqueued: break
            case .dropped, .terminated:
                listener.finish()
                listeners[number] = nil
            @unknown default: break
            }
        }
    }

    /// Takes a snapshot when nothing is undecided; called by the one task that does so.
    func saveSnapshot() async {
        guard stopped == nil, sequence > snapshotSequence else { return }
        let snapshot = JournalSnapshot(sequence: sequence, at: ledger.now, wall: clock.wall(), ledger: ledger)
        do throws(JournalError) {
            try await settle()
            try await journal.save(snapshot)
            snapshotSequence = snapshot.sequence
        } catch {
            log.warning("no snapshot could be taken; starts will replay more", metadata: ["error": "\(error)"])
        }
    }

    /// Returns when everything decided so far is on disk; whoever read the ledger before may tell of it then.
    func settle() async throws(JournalError) {
        guard commits.isWriting else { return }
        switch await withCheckedContinuation({ commits.followers.append($0) }) {
        case .durable: return
        case .failed(let error): throw error
        case .lead:
            // What was being written is on disk, and nobody had gathered anything before this call.
            await writeGathered()
        }
    }
}

extension Event {
    /// Whether it makes room rather than takes it.
    fileprivate var givesBack: Bool {
        switch self {
        case .endAsked, .holderGone, .timePassed, .reservationEnded: true
        case .configured, .anchored, .observed, .asked, .held, .keptAlive, .extended, .active, .reserved, .drained,
            .quotaChanged, .watched:
            false
        }
    }
}
