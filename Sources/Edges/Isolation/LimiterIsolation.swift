package import Engine
package import Fleet
import LimiterAgent
import Synchronization

/// Makes shares hold by the limiter: a library in the place of the CUDA driver's keeps each lease's limits, and a thread
/// for each GPU says whose turn it is.
package final class LimiterIsolation: FenceMeans {
    private struct Held {
        let container: LimitedContainer
        /// The keepers of turns that know it.
        var turns: [(gpu: GPUID, id: Int)] = []
    }

    private struct State {
        var held: [LeaseID: Held] = [:]
        var keepers: [GPUID: (keeper: TurnKeeper, members: Int)] = [:]
        /// Why the limiter is not installed; nil once it is.
        var problem: String?
        var checks: (driver: DriverInfo?, problem: String?)?
    }

    private let settings: LimiterSettings
    private let files: LimiterFiles
    private let stages: [LimiterStage]
    private let state: Mutex<State>

    /// Installs the limiter's library; where that cannot be done, `problem(on:)` says why.
    package init(_ settings: LimiterSettings) {
        self.settings = settings
        let files = LimiterFiles(directory: settings.directory)
        self.files = files
        let stages = LimiterStage.all(settings)
        self.stages = stages
        var state = State()
        if stages.contains(where: \.isFence) {
            do { try files.install(stages, deviceRoot: settings.deviceRoot) } catch { state.problem = "\(error)" }
        } else {
            state.problem = "the limiter's library is not installed"
        }
        self.state = Mutex(state)
    }

    deinit {
        // Programs that run on see that nobody is there: those with a cap go by the clock, all others are free.
        state.withLock { state in
            for keeper in state.keepers.values { keeper.keeper.stop() }
        }
    }

    package func problem(on node: Node) -> String? {
        state.withLock { state in
            // Looking for files takes longer than remembering; they stay where they are as long as the driver does.
            if let known = state.checks, known.driver == node.driver { return known.problem }
            var problem = state.problem
            if problem == nil, settings.driverLibrary(node, "libcuda") == nil {
                problem = "the driver has no libcuda.so.1, which the limiter stands in front of"
            }
            state.checks = (node.driver, problem)
            return problem
        }
    }

    package func hold(_ lease: Lease, on node: Node) throws(PreparationError) -> ShareHold {
        guard let placement = lease.placement else { return ShareHold() }
        let covered = stages.compactMap { stage in
            settings.driverLibrary(node, stage.name).map { (stage: stage, real: $0) }
        }
        guard covered.contains(where: \.stage.isFence) else {
            throw PreparationError(
                "\(lease.id) was granted as cooperative, and the limiter cannot be had any more: "
                    + (problem(on: node) ?? "install it again"))
        }
        let parts = try parts(of: placement, lease)
        do throws(LimiterError) {
            try state.withLock { state throws(LimiterError) in
                try files.prepare(lease.id, tenant: lease.tenant, lease.isOfProcess ? stages : [])
                try take(lease.id, parts, placement.grants.map(\.gpu), &state)
            }
        } catch {
            throw PreparationError("the limits of \(lease.id) could not be written: \(error)")
        }
        return hold(lease, covered)
    }

    package func release(_ lease: LeaseID) {
        state.withLock { state in
            if let held = state.held.removeValue(forKey: lease) { leave(held, &state) }
            files.remove(lease)
        }
    }

    package func reconcile(_ leases: [Lease], on node: Node) throws(PreparationError) {
        var problems: [String] = []
        for lease in leases {
            do { _ = try hold(lease, on: node) } catch { problems.append(error.description) }
        }
        let living = Set(leases.map(\.id))
        for lease in files.leases() where !living.contains(lease) { release(lease) }
        guard problems.isEmpty else { throw PreparationError(problems.joined(separator: "; ")) }
    }

    package func reading(of lease: LeaseID) -> FenceReading? {
        guard let gpus = state.withLock({ $0.held[lease]?.turns.map(\.gpu) }),
            let container = try? LimitedContainer(resuming: files.directory(of: lease))
        else { return nil }
        let parts = zip(gpus, container.parts.indices).map { gpu, index in
            let part = container.parts[index]
            let account = container.account(part: index)
            return FenceReading.Part(
                gpu: gpu, memoryLimit: Bytes(clamping: part.memory), share: Share(milli: Int32(clamping: part.milli)),
                memoryUsed: account.map { _ in Bytes(clamping: container.memoryHeld(part: index)) },
                memoryPeak: account.map { Bytes(clamping: $0.peak) }, refusals: account?.refused,
                detail: Self.detail(container, index))
        }
        return FenceReading(means: .limiter, source: files.directory(of: lease), parts: parts)
    }

    private static func detail(_ container: LimitedContainer, _ index: Int) -> String? {
        let spill = container.parts[index].spill
        let words = [
            spill > 0
                ? "\(Bytes(clamping: container.memorySpilled(part: index))) of \(Bytes(clamping: spill)) on the host"
                : nil,
            container.isThrottled ? "held back" : nil,
        ].compactMap { $0 }
        return words.isEmpty ? nil : words.joined(separator: ", ")
    }

    package func note(_ memory: [GPUID: [Int32: Bytes]]) {
        let keepers = state.withLock { $0.keepers.mapValues(\.keeper) }
        for (gpu, keeper) in keepers {
            // A GPU on which the driver sees nobody says so as well: what was charged for contexts is given back.
            keeper.settleMemory { (memory[gpu] ?? [:]).mapValues { UInt64(clamping: $0.count) } }
        }
    }

    package func throttle(_ lease: LeaseID, _ isThrottled: Bool) -> Bool {
        state.withLock { state in
            guard let held = state.held[lease] else { return false }
            held.container.setThrottled(isThrottled)
            return true
        }
    }

    // MARK: One lease

    /// Writes a lease's limits, or takes up again what an earlier daemon wrote, and lets it take its turns.
    private func take(
        _ lease: LeaseID, _ parts: [LimitedPart], _ gpus: [GPUID], _ state: inout State
    ) throws(LimiterError) {
        if let known = state.held[lease] {
            if known.container.parts == parts { return }
            state.held[lease] = nil
            leave(known, &state)
        }
        let directory = files.directory(of: lease)
        let container: LimitedContainer
        if let found = try? LimitedContainer(resuming: directory), found.parts == parts {
            container = found
        } else {
            container = try LimitedContainer(directory: directory, parts: parts)
        }
        var held = Held(container: container)
        for (index, gpu) in gpus.enumerated() {
            var entry: (keeper: TurnKeeper, members: Int)
            if let known = state.keepers[gpu] { entry = known } else { entry = (try TurnKeeper(), 0) }
            held.turns.append((gpu, entry.keeper.add(container, part: index)))
            entry.members += 1
            state.keepers[gpu] = entry
        }
        state.held[lease] = held
    }

    private func leave(_ held: Held, _ state: inout State) {
        for (gpu, id) in held.turns {
            guard var entry = state.keepers[gpu] else { continue }
            entry.keeper.remove(id)
            entry.members -= 1
            state.keepers[gpu] = entry.members > 0 ? entry : nil
            if entry.members == 0 { entry.keeper.stop() }
        }
    }

    private func parts(of placement: Placement, _ lease: Lease) throws(PreparationError) -> [LimitedPart] {
        var parts: [LimitedPart] = []
        for grant in placement.grants {
            guard let uuid = grant.gpu.bytes else {
                throw PreparationError("\(lease.id) cannot be limited on \(grant.gpu): that is no UUID of a GPU")
            }
            parts.append(
                LimitedPart(
                    uuid: uuid, memory: UInt64(clamping: grant.memory.count),
                    milli: UInt32(clamping: grant.share.milli),
                    policy: LimitedPart.Policy(lease.request.burst),
                    spill: UInt64(clamping: lease.request.spill?.count ?? 0)))
        }
        return parts
    }

    private func hold(_ granted: Lease, _ covered: [(stage: LimiterStage, real: String)]) -> ShareHold {
        let (readOnly, writable) = (["ro", "nosuid", "nodev", "bind"], ["rw", "nosuid", "nodev", "bind"])
        let place = LimiterLibrary.place
        let lease = granted.id
        let limits = files.limits(of: lease)
        return ShareHold(
            libraries: covered.map { stage, _ in
                .init(name: stage.name + ".so", path: files.containerLibrary(stage), isFence: stage.isFence)
            },
            mounts: covered.map { stage, real in
                .init(hostPath: real, containerPath: "\(place)/\(stage.realName)", options: readOnly)
            } + [
                .init(hostPath: limits, containerPath: "\(place)/limits", options: readOnly),
                .init(hostPath: files.books(of: lease), containerPath: "\(place)/books", options: writable),
            ],
            processMounts: granted.isOfProcess ? processMounts(lease, covered) : [])
    }

    /// What a plain process sees in place of the machine's files: first the way to the driver's library, then what
    /// covers it.
    private func processMounts(
        _ lease: LeaseID, _ covered: [(stage: LimiterStage, real: String)]
    ) -> [ContainerEdits.Mount] {
        let readOnly = ["ro", "nosuid", "nodev", "bind"]
        let limits = files.limits(of: lease)
        let libraries = covered.flatMap { stage, real -> [ContainerEdits.Mount] in
            [
                .init(hostPath: real, containerPath: files.realLibrary(of: lease, stage), options: readOnly),
                .init(hostPath: files.processLibrary(of: lease, stage), containerPath: real, options: readOnly),
            ]
        }
        return libraries + [.init(hostPath: limits, containerPath: limits, options: readOnly)]
    }
}

extension Lease {
    /// Whether the command line is to start a plain process with it; libraries for that are only made then.
    fileprivate var isOfProcess: Bool { if case .process = holder { true } else { false } }
}

extension LimitedPart.Policy {
    fileprivate init(_ burst: Burst?) {
        switch burst {
        case .no: self = .cap
        case .upTo(let most): self = .burst(UInt32(clamping: most.milli))
        case .any, nil: self = .share
        }
    }
}

extension Bytes {
    fileprivate init(clamping count: UInt64) { self.init(Int64(clamping: count)) }
}
