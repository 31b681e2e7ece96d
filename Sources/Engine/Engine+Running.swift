import Fleet
package import Ledger
import Logging

extension Engine {
    /// Reads the journal back, hangs the clock on this boot, looks at the GPUs and takes up what still runs.
    ///
    /// After it returns, requests are taken in; call `run` then. Throws when the journal cannot be read or written: then nothing was
    /// changed in the world.
    package func start(deciding settings: LedgerSettings) async throws(EngineError) {
        do throws(JournalError) { try await reload() } catch { throw .journal(error) }
        stopped = nil
        let isSameBoot = ledger.anchor?.boot == clock.boot
        if !isSameBoot {
            // The ledger's clock goes on from where it was, by as much as the wall clock says has passed.
            let resumed = max(ledger.now.nanoseconds, clock.wall())
            await perform(try await commit(.anchored(boot: clock.boot, offset: resumed - clock.sinceBoot())))
        }
        if ledger.settings != settings {
            try await unlessFull { () async throws(EngineError) in
                await self.perform(try await self.commit(.configured(settings)))
            }
        }
        let live = ledger.leases.filter(\.isLive)
        foundAtStart = Set(live.map(\.id))
        lookingBackUntil = clock.sinceBoot() + 3_000_000_000
        for lease in live { await holders.follow(lease.holder, of: lease.id, tenant: lease.tenant) }
        try await unlessFull { () async throws(EngineError) in try await self.look() }
        for lease in live { if case .ending = lease.state { await perform([.stop(lease)]) } }
    }

    /// Runs what a start can do without: on a full disk it is put off, so that leases can still be given back.
    private func unlessFull(_ body: () async throws(EngineError) -> Void) async throws(EngineError) {
        do throws(EngineError) {
            try await body()
        } catch {
            guard case .journal(let problem) = error, problem.code == .full else { throw error }
            whyUnseen = "\(problem)"
            log.error(
                "the disk is full; until there is room, nothing new is granted", metadata: ["error": "\(problem)"])
        }
    }

    /// Runs until the task is cancelled or the journal is lost; returns why it ended, nil when cancelled.
    package func run() async -> EngineError? {
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                // What stands for a lease must be taken up before the lease can be drained.
                await self.reconcilePreparations()
                await self.stopHolders()
            }
            group.addTask { await self.watchTime() }
            group.addTask { await self.watchDevices() }
            group.addTask { await self.watchHolders() }
            group.addTask { await self.watchFaults() }
            group.addTask { for await _ in self.snapshots.raised { await self.saveSnapshot() } }
            group.addTask { for await _ in self.halted.raised { return } }
            // Only the last of them ends by itself while the task is not cancelled.
            while await group.next() != nil {
                if isHalted || Task.isCancelled { break }
            }
            group.cancelAll()
        }
        return isHalted ? stopped : nil
    }

    /// Takes nothing in any more and leaves everything on disk; leases live on.
    package func stop() async {
        await saveSnapshot()
        stopped = .stopped("the daemon is stopping")
        settling.wakeAll()
        for listener in listeners.values { listener.finish() }
        listeners = [:]
        await journal.close()
    }

    private func stopHolders() async {
        await withDiscardingTaskGroup { group in
            for await lease in stops {
                group.addTask {
                    await self.preparer.drain(lease.id)
                    await self.holders.stop(
                        lease.holder, of: lease.id, tenant: lease.tenant, grace: self.settings.grace)
                }
            }
        }
    }

    private func watchTime() async {
        await withTaskGroup(of: Void.self) { group in
            // Two ways to wake up: something new may be due earlier, or the time has come.
            group.addTask { for await _ in self.dueChanged.raised { await self.passTimeIfDue() } }
            group.addTask {
                while !Task.isCancelled {
                    await self.passTimeIfDue()
                    try? await Task.sleep(for: .milliseconds(250))
                }
            }
        }
    }

    private func passTimeIfDue() async {
        if stopped == nil, ledger.isDue(at: now) { await submit(.timePassed) }
    }

    private func watchDevices() async {
        while !Task.isCancelled {
            try? await Task.sleep(for: isWatching ? settings.watchInterval : settings.scanInterval)
            guard !Task.isCancelled else { return }
            do throws(EngineError) {
                try await look()
            } catch {
                log.warning("what was seen of the GPUs was not written down", metadata: ["error": "\(error)"])
            }
            await watchOver()
        }
    }

    private func watchHolders() async {
        for await sighting in holders.sightings {
            switch sighting {
            case .gone(let lease):
                let isLate = foundAtStart.contains(lease) && clock.sinceBoot() < lookingBackUntil
                await submit(.holderGone(lease, isLate ? .holderLost : .holderEnded))
            case .became(let lease, let holder): await submit(.held(lease, by: holder))
            }
        }
    }

    private func watchFaults() async {
        for await fault in devices.faults {
            log.error("the driver reported an error", metadata: ["gpu": "\(fault.gpu)", "xid": "\(fault.code)"])
            guard Self.gravest.contains(fault.code) else { continue }
            faulted[fault.gpu] = fault.code
            try? await look()
        }
    }

    /// XIDs after which a GPU must not get new work until a person has looked (facts: NVIDIA's critical tier).
    private static let gravest: Set<Int> = [48, 62, 64, 74, 79, 95, 119, 120]
}
