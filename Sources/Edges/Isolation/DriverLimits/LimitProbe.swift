import Engine
import Fleet

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Finds out whether the driver keeps memory limits here, and in which tree of cgroups, by setting some and reading them
/// back on a cgroup that is made for that.
actor LimitProbe {
    struct Problem: Error, Hashable, Sendable {
        let words: String
        /// It may be gone the next time; all others stay until the driver is another one.
        let isPassing: Bool

        init(_ words: String, isPassing: Bool = false) {
            self.words = words
            self.isPassing = isPassing
        }
    }

    private struct Verdict {
        let driver: DriverInfo?
        let gpus: [GPUID]
        let result: Result<CgroupHierarchy, Problem>
        let time: ContinuousClock.Instant
    }

    private let control: any DriverControl
    private let mountinfo: @Sendable () -> String?
    private var verdict: Verdict?
    private static let amount = Bytes.gibibytes(1)

    init(_ control: any DriverControl, mountinfo: @escaping @Sendable () -> String?) {
        self.control = control
        self.mountinfo = mountinfo
    }

    /// The tree in which limits stand; remembered for the driver and the GPUs that can have them.
    func hierarchy(on node: Node) async throws(Problem) -> CgroupHierarchy {
        let gpus = node.gpus.filter { $0.mig != .on }.map(\.id)
        if let verdict, verdict.driver == node.driver, verdict.gpus == gpus {
            let isOld = verdict.time.duration(to: .now) > .seconds(30)
            if case .success = verdict.result { return try verdict.result.get() }
            if case .failure(let problem) = verdict.result, !(problem.isPassing && isOld) { throw problem }
        }
        let result: Result<CgroupHierarchy, Problem>
        do throws(Problem) {
            result = .success(try await find(gpus, on: node))
        } catch {
            result = .failure(error)
        }
        verdict = Verdict(driver: node.driver, gpus: gpus, result: result, time: .now)
        return try result.get()
    }

    private func find(_ gpus: [GPUID], on node: Node) async throws(Problem) -> CgroupHierarchy {
        guard let gpu = gpus.first else {
            throw Problem(
                node.gpus.isEmpty
                    ? "there is no GPU" : "all GPUs are in MIG mode, where the driver keeps no memory limits of cgroups"
            )
        }
        let hierarchies = CgroupHierarchy.all(mountinfo: mountinfo() ?? "")
        guard !hierarchies.isEmpty else {
            throw Problem("no cgroups are mounted here, to which the driver's memory limits would apply")
        }
        var problem = Problem("the driver knows no cgroup of this machine")
        for hierarchy in hierarchies {
            do throws(Problem) {
                // Anybody may ask, so a driver that is too old is called that and nothing else.
                _ = try await ask { () throws(DriverControlError) in
                    try await control.memoryLimits(ofCgroup: hierarchy.mount, on: gpu)
                }
                try await attempt(gpu, in: hierarchy)
                return hierarchy
            } catch {
                problem = error
            }
        }
        throw problem
    }

    /// Sets limits on a cgroup of its own, which is gone when this returns.
    private func attempt(_ gpu: GPUID, in hierarchy: CgroupHierarchy) async throws(Problem) {
        let cgroup: Cgroup
        do {
            cgroup = try Cgroup.make("probe-\(getpid())", below: hierarchy.mount + "/divvy")
        } catch {
            throw Problem("\(error), which a daemon that is root can where cgroups may be written")
        }
        defer { cgroup.remove() }
        hierarchy.countDeviceMemory(in: cgroup.path)
        let wanted = MemoryLimits(soft: Self.amount, hard: Self.amount)
        let found = try await ask { () throws(DriverControlError) in
            try await control.setMemoryLimits(wanted, ofCgroup: cgroup.path, on: gpu)
            let found = try await control.memoryLimits(ofCgroup: cgroup.path, on: gpu).limits
            try await control.setMemoryLimits(.none, ofCgroup: cgroup.path, on: gpu)
            return found
        }
        guard found == wanted else {
            throw Problem(
                "the driver was told to hold a cgroup to \(Self.amount), and says "
                    + (found.hard.map { "\($0)" } ?? "no limit"))
        }
    }

    private func ask<Value: Sendable>(
        _ body: () async throws(DriverControlError) -> Value
    ) async throws(Problem) -> Value {
        do throws(DriverControlError) {
            return try await body()
        } catch {
            switch error {
            case .timedOut, .failed, .unknownGPU: throw Problem("\(error)", isPassing: true)
            case .unsupported, .noPermission, .unknownCgroup: throw Problem("\(error)")
            }
        }
    }
}
