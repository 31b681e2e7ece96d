import Engine
import Fleet
import Ledger
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(1))) struct `The engine` {
    @Test func `has a grant on disk before anybody hears of it`() async throws {
        let bench = Bench()
        bench.journal.state.withLock { $0.isSlow = true }
        try await bench.run { engine in
            async let asked = engine.ask(try .written("--gpus 1"))
            try await Task.sleep(for: .milliseconds(5))
            // Decided, but not yet on disk: whoever looks is made to wait for the disk.
            let seen = try await engine.leases(includingEnded: false)
            let written = bench.journal.state.withLock { state in
                state.entries.contains { if case .asked = $0.event { true } else { false } }
            }
            #expect(seen.isEmpty || written)
            let lease = try await asked.lease
            #expect(bench.journal.state.withLock { $0.entries.last?.sequence } ?? 0 >= 1)
            #expect(lease.placement != nil)
        }
    }

    @Test func `never gives the same share to two who ask at once`() async throws {
        let bench = Bench(gpus: 4)
        bench.journal.state.withLock { $0.isSlow = true }
        try await bench.run { engine in
            let granted = try await withThrowingTaskGroup(of: Bool.self) { group in
                for user in 0..<200 {
                    group.addTask {
                        let ask = try Ask.written("--gpus 0.5 --no-wait", uid: UInt32(user))
                        do throws(EngineError) {
                            return try await engine.ask(ask).lease.placement != nil
                        } catch {
                            guard case .refused(.notNow) = error else { throw error }
                            return false
                        }
                    }
                }
                return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(granted == 8)
            let status = await engine.fleet()
            #expect(status.gpus.allSatisfy { $0.freeShare == .zero && $0.leases.count == 2 })
        }
        let batches = bench.journal.state.withLock { $0.batches }
        #expect((batches.max() ?? 0) > 1, "callers at once must share a write: \(batches)")
    }

    @Test func `refuses grants on a full disk, still takes releases, and goes on when there is room`() async throws {
        let bench = Bench()
        try await bench.run { engine in
            let held = try await engine.ask(try .written("--gpus 1")).lease
            bench.journal.state.withLock { $0.failure = JournalError(.full, "no room") }
            await #expect(throws: EngineError.self) { try await engine.ask(try .written("--gpus 1")) }
            let status = await engine.fleet()
            #expect(status.gpus.count { $0.leases.isEmpty } == 1, "what was not written down did not happen")
            let ended = try await engine.end(held.id, by: .user(1000))
            #expect(!ended.isLive)
            bench.journal.state.withLock { $0.failure = nil }
            #expect(try await engine.ask(try .written("--gpus 2")).lease.placement != nil)
        }
    }

    @Test func `drains a lease before its holder is asked to stop`() async throws {
        let bench = Bench()
        let drained = Mutex<[LeaseID]>([])
        bench.holders.state.withLock { [preparer = bench.preparer] state in
            state.stopping = { _ in drained.withLock { $0 = preparer.drained.withLock { $0 } } }
        }
        try await bench.run { engine in
            let holder = Holder.process(ProcessIdentity(pid: 7, startTicks: 7, boot: "boot-1"))
            let held = try await engine.ask(try .written("--gpus 1", holder: holder)).lease
            _ = try await engine.end(held.id, by: .user(1000))
            let end = ContinuousClock.now + .seconds(10)
            while drained.withLock({ $0.isEmpty }), ContinuousClock.now < end {
                try await Task.sleep(for: .milliseconds(5))
            }
            #expect(drained.withLock { $0 } == [held.id])
        }
    }

    @Test func `stops taking anything in when the disk cannot be trusted`() async throws {
        let bench = Bench()
        try await bench.engine.start(deciding: LedgerSettings())
        async let ended = bench.engine.run()
        bench.journal.state.withLock { $0.failure = JournalError(.failed, "I/O error") }
        await #expect(throws: EngineError.self) { try await bench.engine.ask(try .written("--gpus 1")) }
        bench.journal.state.withLock { $0.failure = nil }
        await #expect(throws: EngineError.self) { try await bench.engine.ask(try .written("--gpus 1")) }
        guard case .journal(let error) = await ended else {
            Issue.record("the run must end with the journal's error")
            return
        }
        #expect(error.code == .failed)
    }

    @Test func `knows every lease again after a start, and ends those whose holders died meanwhile`() async throws {
        let journal = MemoryJournal()
        let dead = Holder.process(ProcessIdentity(pid: 10, startTicks: 1, boot: "boot-1"))
        let alive = Holder.process(ProcessIdentity(pid: 11, startTicks: 1, boot: "boot-1"))
        try await Bench(journal: journal).run { engine in
            _ = try await engine.ask(try .written("--gpus 0.5", holder: dead))
            _ = try await engine.ask(try .written("--gpus 0.5", holder: alive))
            _ = try await engine.ask(try .written("--gpus 1"))
        }
        let again = Bench(journal: journal)
        again.holders.state.withLock { $0.dead = [dead] }
        try await again.run { engine in
            #expect(try await eventually { try await engine.leases(includingEnded: false).count == 2 })
            let first = try await engine.lease(LeaseID(number: 1)).lease
            guard case .ended(.holderLost, _, _, _) = first.state else {
                Issue.record("\(first.state)")
                return
            }
            #expect(try await engine.lease(LeaseID(number: 2)).preparation?.cdiDevice == "divvy.dev/gpu=lease-2")
        }
    }

    @Test func `starts from a snapshot as from all entries`() async throws {
        let journal = MemoryJournal()
        let bench = Bench(journal: journal, snapshotsEvery: 10)
        try await bench.run { engine in
            for _ in 0..<30 {
                let lease = try await engine.ask(try .written("--gpus 0.1")).lease
                if !lease.id.number.isMultiple(of: 3) { _ = try await engine.end(lease.id, by: .user(0)) }
            }
        }
        let before = try #require(journal.state.withLock { $0.snapshot })
        #expect(before.sequence > 10)
        let whole = MemoryJournal()
        whole.state.withLock { $0.entries = journal.state.withLock { $0.entries } }
        let fromAll = Bench(journal: whole)
        try await fromAll.engine.start(deciding: LedgerSettings())
        let fromSnapshot = Bench(journal: journal)
        try await fromSnapshot.engine.start(deciding: LedgerSettings())
        let all = try await fromAll.engine.leases(includingEnded: true)
        #expect(try await fromSnapshot.engine.leases(includingEnded: true) == all)
    }

    @Test func `ends what a reboot has ended`() async throws {
        let journal = MemoryJournal()
        try await Bench(journal: journal).run { engine in _ = try await engine.ask(try .written("--gpus 1")) }
        try await Bench(journal: journal, boot: "boot-2").run { engine in
            let live = try await engine.leases(includingEnded: false)
            #expect(live.isEmpty)
        }
    }

    @Test func `sees processes without a lease and does not sell their memory`() async throws {
        let bench = Bench(gpus: 1)
        try await bench.run { engine in
            let lease = try await engine.ask(try .written("--gpus 0.5 --gpu-memory 10GiB")).lease
            let ours = GPUProcess(
                pid: 50, memory: .gibibytes(9), uid: 1, user: nil, command: nil, cgroup: nil, lease: nil)
            let theirs = GPUProcess(
                pid: 51, memory: .gibibytes(20), uid: 1, user: nil, command: nil, cgroup: nil, lease: nil)
            bench.holders.state.withLock { $0.leasesOfPids = [50: lease.id] }
            bench.devices.current.withLock { $0 = ScriptedDevices.box(1, processes: [0: [ours, theirs]]) }
            #expect(try await eventually { await engine.fleet().gpus[0].condition.foreignMemory == .gibibytes(20) })
            #expect(await engine.fleet().gpus[0].freeMemory == .gibibytes(9) + .mebibytes(512))
            await #expect(throws: EngineError.self) {
                try await engine.ask(try .written("--gpus 0.25 --gpu-memory 10GiB --no-wait"))
            }
        }
    }

    @Test func `keeps leases when the driver goes silent, and gives nothing new`() async throws {
        let bench = Bench(gpus: 1)
        try await bench.run { engine in
            let lease = try await engine.ask(try .written("--gpus 0.5")).lease
            bench.devices.current.withLock { $0 = ScriptedDevices.noDriver }
            #expect(try await eventually { !(await engine.fleet().gpus[0].condition.health.isHealthy) })
            #expect(try await engine.lease(lease.id).lease.placement != nil)
            await #expect(throws: EngineError.self) {
                try await engine.ask(try .written("--gpus 0.1 --no-wait"))
            }
        }
    }

    @Test func `gives a lease back that cannot be made ready`() async throws {
        let bench = Bench(gpus: 1)
        bench.preparer.refuses.withLock { $0 = true }
        try await bench.run { engine in
            let ask = try Ask.written("--gpus 1")
            do throws(EngineError) {
                _ = try await engine.ask(ask)
                Issue.record("it was given")
            } catch {
                guard case .preparation = error else { Issue.record("\(error)"); return }
            }
            #expect(await engine.fleet().gpus[0].leases.isEmpty)
        }
    }

    @Test func `wakes who waits when room is given back`() async throws {
        let bench = Bench(gpus: 1)
        try await bench.run { engine in
            let first = try await engine.ask(try .written("--gpus 1")).lease
            let second = try await engine.ask(try .written("--gpus 1", uid: 1001)).lease
            #expect(second.isWaiting)
            async let settled = engine.settled(second.id, within: Span(seconds: 10))
            _ = try await engine.end(first.id, by: .user(1000))
            let prepared = try await settled
            #expect(prepared.lease.placement != nil && prepared.preparation != nil)
        }
    }

    @Test func `lets nobody end somebody else's lease`() async throws {
        let bench = Bench(gpus: 1)
        try await bench.run { engine in
            let lease = try await engine.ask(try .written("--gpus 1", uid: 1000)).lease
            await #expect(throws: EngineError.self) { try await engine.end(lease.id, by: .user(1001)) }
            #expect(try await engine.end(lease.id, by: .user(0)).isLive == false)
            #expect(try await engine.end(lease.id, by: .user(0)).isLive == false, "ending twice is no error")
        }
    }

    @Test func `hands a lease on to another process, with which it ends`() async throws {
        let bench = Bench(gpus: 1)
        let first = ProcessIdentity(pid: 10, startTicks: 1, boot: "boot-1")
        let second = ProcessIdentity(pid: 11, startTicks: 1, boot: "boot-1")
        func followed(_ id: Int64) -> Holder? { bench.holders.state.withLock { $0.followed[LeaseID(number: id)] } }
        try await bench.run { engine in
            let id = try await engine.ask(try .written("--gpus 1", holder: .process(first))).lease.id
            await #expect(throws: EngineError.self) { try await engine.hand(id, to: second, caller: .user(1001)) }
            #expect(followed(1) == .process(first))
            #expect(try await engine.hand(id, to: second, caller: .user(1000)).holder == .process(second))
            #expect(followed(1) == .process(second))

            let waiting = try await engine.ask(try .written("--gpus 1", holder: .process(first))).lease.id
            await #expect(throws: EngineError.self) { try await engine.hand(waiting, to: second, caller: .user(0)) }
            #expect(followed(2) == .process(first))

            bench.holders.see.yield(.gone(id))
            #expect(try await eventually { try await !engine.lease(id).lease.isLive })
        }
    }

    @Test func `takes a GPU out after a grave driver error and tells it`() async throws {
        let bench = Bench(gpus: 2)
        try await bench.run { engine in
            let notices = await engine.follow()
            bench.devices.fail.yield(DeviceFault(gpu: ScriptedDevices.id(1), code: 13))
            bench.devices.fail.yield(DeviceFault(gpu: ScriptedDevices.id(0), code: 48))
            for await notice in notices where notice.notice.kind == .gpuHealthChanged {
                #expect(notice.notice.gpu == ScriptedDevices.id(0))
                break
            }
            let status = await engine.fleet()
            #expect(status.gpus.map(\.condition.health.isHealthy) == [false, true])
        }
    }

    @Test func `takes a GPU in again that was gone after its error and came back`() async throws {
        let bench = Bench(gpus: 1)
        let well = ScriptedDevices.box(1)
        try await bench.run { engine async throws in
            func isHealthy() async -> Bool { await engine.fleet().gpus[0].condition.health.isHealthy }
            bench.devices.fail.yield(DeviceFault(gpu: ScriptedDevices.id(0), code: 79))
            #expect(try await eventually { !(await isHealthy()) })
            let gone = DeviceScan(node: well.node, health: [.lost(reason: "off the bus")], readings: well.readings)
            bench.devices.current.withLock { $0 = gone }
            #expect(try await eventually { await engine.fleet().gpus[0].condition.health == gone.health[0] })
            bench.devices.current.withLock { $0 = well }
            #expect(try await eventually { await isHealthy() })
        }
    }
}
