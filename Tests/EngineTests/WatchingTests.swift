import Engine
import Fleet
import Ledger
import Synchronization
import Testing

/// Control that notes what it was asked to do.
final class NotingControl: OffenderControl {
    struct State {
        var curbed: [Offender] = []
        var lifted: [Curb] = []
        var standings: [Int32: ProcessStanding] = [:]
        var asked: [Int32] = []
        var outcome = CurbOutcome()
    }

    let state = Mutex(State())

    func standing(of processes: [ProcessIdentity], sparing programs: [String]) async -> [Int32: ProcessStanding] {
        state.withLock { state in
            state.asked += processes.map(\.pid)
            return state.standings
        }
    }

    func curb(_ offender: Offender, standing: [Curb]) async -> CurbOutcome {
        state.withLock { state in
            state.curbed.append(offender)
            return state.outcome
        }
    }

    func lift(_ curb: Curb) async -> String? {
        state.withLock { $0.lifted.append(curb) }
        return nil
    }
}

@Suite(.timeLimit(.minutes(1))) struct `The engine's watchdog` {
    private func scan(_ processes: [Int: [GPUProcess]]) -> DeviceScan { ScriptedDevices.box(2, processes: processes) }

    private func process(_ pid: Int32, started: UInt64 = 1, memory: Bytes = .gibibytes(3), uid: UInt32 = 1000)
        -> GPUProcess
    {
        GPUProcess(
            pid: pid, memory: memory, uid: uid, user: "ada", command: "train", cgroup: nil, startTicks: started,
            lease: nil)
    }

    private func bench(
        _ control: NotingControl, journal: MemoryJournal = MemoryJournal(),
        _ change: (inout WatchdogSettings) -> Void
    ) -> Bench {
        var settings = EngineSettings(scanInterval: .milliseconds(10))
        settings.watchInterval = .milliseconds(10)
        change(&settings.watchdog)
        return Bench(journal: journal, settings: settings, offenders: control)
    }

    private func kinds(_ journal: MemoryJournal) -> [Notice.Kind] {
        journal.state.withLock { $0.entries.flatMap(\.notices).map(\.kind) }
    }

    @Test func `finds a process without a lease, acts once, and undoes it when the process is gone`() async throws {
        let control = NotingControl()
        control.state.withLock { state in
            state.outcome.curbs = [.wrote(file: "/x", before: "0")]
            state.outcome.done = ["frozen cgroup /x"]
        }
        let bench = bench(control) { $0.unleased = .freeze }
        try await bench.run { engine throws in
            bench.devices.current.withLock { $0 = scan([0: [process(7)]]) }
            #expect(try await eventually { await engine.watchdogReading.open.first?.curbs.isEmpty == false })
            let offender = try #require(control.state.withLock { $0.curbed.first })
            #expect(offender.action == .freeze && offender.processes.map(\.pid) == [7])
            #expect(offender.processes.first?.boot == "boot-1" && offender.lease == nil)
            let reading = await engine.watchdogReading
            #expect(reading.counts == [WatchdogCount(kind: .unleased, action: .freeze): 1])
            #expect(reading.strangers.first == .init(gpu: ScriptedDevices.id(0), processes: 1, memory: .gibibytes(3)))
            bench.devices.current.withLock { $0 = scan([:]) }
            #expect(try await eventually { control.state.withLock { !$0.lifted.isEmpty } })
            #expect(control.state.withLock { $0.lifted } == [.wrote(file: "/x", before: "0")])
            #expect(control.state.withLock { $0.curbed.count } == 1)
        }
        #expect(
            kinds(bench.journal).filter { ![.gpuAdded, .foreignMemoryChanged].contains($0) }
                == [.processUnleased, .watchdogActed, .watchdogCleared])
    }

    @Test func `has a finding on disk before anything is done about it`() async throws {
        let control = NotingControl()
        let bench = bench(control) { $0.unleased = .kill }
        try await bench.run { _ throws in
            bench.journal.state.withLock { $0.failure = JournalError(.full, "no room") }
            bench.journal.state.withLock { $0.refusesEverything = true }
            bench.devices.current.withLock { $0 = scan([0: [process(7)]]) }
            #expect(try await eventually { control.state.withLock { !$0.asked.isEmpty } })
            try await Task.sleep(for: .milliseconds(200))
            #expect(control.state.withLock { $0.curbed.isEmpty }, "what is not written down did not happen")
            bench.journal.state.withLock { $0.failure = nil }
            #expect(try await eventually { control.state.withLock { !$0.curbed.isEmpty } })
        }
    }

    @Test func `acts on the processes of a lease that joins later, and not on those it knows`() async throws {
        let control = NotingControl()
        control.state.withLock { $0.outcome.done = ["killed"] }
        let bench = bench(control) { $0.overMemory = .kill }
        try await bench.run { engine throws in
            let lease = try await engine.ask(try .written("--gpus 0.5 --gpu-memory 1GiB")).lease
            let gpu = try #require(lease.placement?.grants.first?.gpu)
            let index = gpu == ScriptedDevices.id(0) ? 0 : 1
            bench.holders.state.withLock { $0.leasesOfPids = [7: lease.id, 8: lease.id] }
            bench.devices.current.withLock { $0 = scan([index: [process(7)]]) }
            #expect(try await eventually { control.state.withLock { $0.curbed.count } == 1 })
            bench.devices.current.withLock { $0 = scan([index: [process(7), process(8)]]) }
            #expect(try await eventually { control.state.withLock { $0.curbed.count } == 2 })
            let curbed = control.state.withLock { $0.curbed }
            #expect(curbed.map { $0.processes.map(\.pid) } == [[7], [8]])
            #expect(curbed.allSatisfy { $0.lease == lease.id })
            _ = try await engine.end(lease.id, by: .user(1000))
            #expect(try await eventually { await engine.watchdogReading.open.isEmpty })
        }
        #expect(kinds(bench.journal).filter { $0 == .leaseOverMemory }.count == 1)
    }

    @Test func `takes a tenant's processes to be of the lease that nobody in particular holds`() async throws {
        let control = NotingControl()
        let bench = bench(control) { $0.unleased = .kill }
        try await bench.run { engine throws in
            let lease = try await engine.ask(try .written("--gpus 0.5 --gpu-memory 10GiB", uid: 1000)).lease
            let gpu = try #require(lease.placement?.grants.first?.gpu)
            let index = gpu == ScriptedDevices.id(0) ? 0 : 1
            bench.devices.current.withLock { $0 = scan([index: [process(7), process(8, uid: 1001)]]) }
            #expect(try await eventually { control.state.withLock { !$0.curbed.isEmpty } })
            #expect(control.state.withLock { $0.curbed.flatMap(\.processes).map(\.pid) } == [8])
            let found = await engine.watchdogReading.open.map(\.finding.subject)
            #expect(found == [.process(pid: 8, startTicks: 1)])
        }
    }

    @Test func `lets parts of Divvy be, and asks once what a process is`() async throws {
        let control = NotingControl()
        control.state.withLock { $0.standings = [7: .divvy, 8: .spared] }
        let bench = bench(control) { $0.unleased = .kill }
        try await bench.run { engine throws in
            bench.devices.current.withLock { $0 = scan([0: [process(7), process(8), process(9)]]) }
            #expect(try await eventually { await engine.watchdogReading.open.count == 2 })
            #expect(try await eventually { control.state.withLock { !$0.curbed.isEmpty } })
            let actions = await engine.watchdogReading.open.map(\.action)
            #expect(actions == [.warn, .kill])
            #expect(control.state.withLock { $0.asked.sorted() } == [7, 8, 9])
        }
    }

    @Test func `does not ask at each look whose a process is, and asks again when its lease is another's`() async throws
    {
        let bench = bench(NotingControl()) { _ in }
        try await bench.run { engine throws in
            let lease = try await engine.ask(try .written("--gpus 1")).lease
            let gpu = try #require(lease.placement?.grants.first?.gpu)
            let index = gpu == ScriptedDevices.id(0) ? 0 : 1
            bench.holders.state.withLock { $0.leasesOfPids = [7: lease.id] }
            bench.devices.current.withLock { $0 = scan([index: [process(7), process(8)]]) }
            func questions(_ pid: Int32) -> Int { bench.holders.state.withLock { $0.questions[pid] ?? 0 } }
            // One without a lease may get one at any moment: it is asked about each time.
            #expect(try await eventually { questions(8) >= 25 })
            #expect((1...6).contains(questions(7)), "\(questions(7)) of \(questions(8))")
            bench.holders.state.withLock { $0.leasesOfPids = [:] }
            bench.holders.see.yield(.became(lease.id, .container(engine: "docker", id: "c")))
            #expect(try await eventually { await engine.fleet().gpus[index].reading.processes.first?.lease == nil })
        }
    }

    @Test func `knows after a start what it found before, and undoes what the settings do not want any more`()
        async throws
    {
        let journal = MemoryJournal()
        let first = NotingControl()
        first.state.withLock { state in
            state.outcome.curbs = [.wrote(file: "/x", before: "0")]
            state.outcome.done = ["frozen cgroup /x"]
        }
        let processes = [0: [process(7)]]
        var bench = bench(first, journal: journal) { $0.unleased = .freeze }
        try await bench.run { engine throws in
            bench.devices.current.withLock { $0 = scan(processes) }
            #expect(try await eventually { await engine.watchdogReading.open.first?.curbs.isEmpty == false })
        }
        let second = NotingControl()
        bench = self.bench(second, journal: journal) { $0.unleased = .freeze }
        try await bench.run { engine throws in
            #expect(await engine.watchdogReading.open.first?.curbs == [.wrote(file: "/x", before: "0")])
            bench.devices.current.withLock { $0 = scan(processes) }
            #expect(try await eventually { second.state.withLock { !$0.asked.isEmpty } })
            #expect(second.state.withLock { $0.curbed.isEmpty && $0.lifted.isEmpty })
        }
        let third = NotingControl()
        bench = self.bench(third, journal: journal) { $0.unleased = .warn }
        try await bench.run { engine throws in
            bench.devices.current.withLock { $0 = scan(processes) }
            #expect(try await eventually { third.state.withLock { $0.lifted == [.wrote(file: "/x", before: "0")] } })
            #expect(try await eventually { await engine.watchdogReading.open.first?.action == .warn })
            #expect(third.state.withLock { $0.curbed.isEmpty })
        }
    }
}
