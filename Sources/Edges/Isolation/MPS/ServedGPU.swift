import Engine
import Fleet

/// One GPU that leases share through multi-process service: its control daemon, its one server, and a namespace for each
/// lease.
///
/// A server of its own, because a fault takes every client of a server; a daemon of its own, because a server that hangs
/// is begun anew with it. The GPU is in exclusive-process mode meanwhile: a program that does not come through a
/// namespace gets no context.
actor ServedGPU {
    struct Limits: Hashable, Sendable {
        /// Of the multiprocessors, in whole per cent, 1 to 100.
        let percent: Int32
        let memory: Bytes
    }

    struct Held {
        let limits: Limits
        let tenant: Tenant
        var isThrottled = false

        var percent: Int32 { isThrottled ? 1 : limits.percent }
    }

    struct Ailment {
        enum Kind {
            /// It was asked for a context and did not answer.
            case wedged
            /// It says itself that it has failed.
            case faulted
            case gone
        }

        let kind: Kind
        let since: ContinuousClock.Instant
    }

    /// NVIDIA's bound for GPUs of compute capability 7.0 and newer.
    static let mostClients = 48

    nonisolated let gpu: GPUID
    let settings: MultiProcessSettings
    let files: ServiceFiles
    let control: ServiceControl
    let driver: any DriverControl
    let tell: @Sendable (ServiceNews) -> Void
    /// Commands that change something go one after the other.
    let turnstile = Turnstile()
    var held: [LeaseID: Held] = [:]
    var ailment: Ailment?
    var server: Int32?
    /// What was last said to be wrong.
    var complaint: String?

    init(
        _ gpu: GPUID, program: String, settings: MultiProcessSettings, driver: any DriverControl,
        tell: @escaping @Sendable (ServiceNews) -> Void
    ) {
        self.gpu = gpu
        self.tell = tell
        self.settings = settings
        self.driver = driver
        files = ServiceFiles(directory: settings.directory)
        control = ServiceControl(
            program: program, pipes: files.pipes(of: gpu), logs: files.logs(of: gpu), patience: settings.patience)
    }

    /// Why no new program gets in; nil while programs do.
    var trouble: String? {
        switch ailment?.kind {
        case nil: nil
        case .wedged: "its multi-process server hangs and is begun anew once nobody is left on it"
        case .faulted: "a fault stopped its multi-process server, which goes on once nobody is left on it"
        case .gone: "its multi-process server ended and is begun anew once nobody is left of those who were on it"
        }
    }

    // MARK: Leases

    func hold(_ lease: LeaseID, _ limits: Limits, _ tenant: Tenant) async throws(ServiceError) {
        try await turnstile.pass { () async throws(ServiceError) in
            let known = held[lease]
            if let known, known.limits == limits, ailment != nil { return }
            if let trouble { throw ServiceError("\(gpu) serves nobody new: \(trouble)") }
            guard known != nil || held.count < Self.mostClients else {
                throw ServiceError(
                    "\(gpu) has \(held.count) leases, and a multi-process server has room for \(Self.mostClients) "
                        + "programs at a time; end one of them")
            }
            do throws(ServiceError) {
                try await begin()
                var mine = Held(limits: limits, tenant: tenant)
                mine.isThrottled = known?.isThrottled ?? false
                try await put(lease, mine)
                held[lease] = mine
            } catch {
                if held.isEmpty { await end() }
                throw error
            }
        }
    }

    func release(_ lease: LeaseID) async {
        await turnstile.pass {
            held[lease] = nil
            // Whoever comes now finds nobody.
            files.remove(lease)
            if held.isEmpty { await end() } else { await remove(ServiceNames.namespace(of: lease)) }
        }
    }

    /// Takes away what stands for leases that are not here, and all of it where none is.
    func keepOnly(_ living: Set<LeaseID>) async {
        await turnstile.pass {
            for lease in held.keys where !living.contains(lease) { held[lease] = nil }
            guard !held.isEmpty else { return await end() }
            let found = (try? await control.namespaces(of: ServiceNames.server)) ?? []
            for namespace in found {
                if let lease = ServiceNames.lease(named: namespace.name), held[lease] == nil {
                    files.remove(lease)
                    await remove(namespace.name)
                }
            }
        }
    }

    /// Ends a lease's contexts where they can be ended without harm to others: through the control.
    func drain(_ lease: LeaseID) async {
        await turnstile.pass {
            let name = ServiceNames.namespace(of: lease)
            var ended: Set<Int32> = []
            // What connected meanwhile is ended too; the control lists clients until they have left.
            for _ in 0..<3 {
                let clients = (try? await clients(in: name)) ?? []
                let new = clients.map(\.pid).filter { !ended.contains($0) }
                guard !new.isEmpty else { return }
                for pid in new { _ = try? await control.ask("client", "terminate", "\(pid)") }
                ended.formUnion(new)
            }
        }
    }

    /// Whether new programs of the lease get `isThrottled` of it; running ones keep the part that they began with.
    func throttle(_ lease: LeaseID, _ isThrottled: Bool) async -> Bool {
        await turnstile.pass {
            guard var mine = held[lease], ailment == nil else { return false }
            mine.isThrottled = isThrottled
            guard (try? await put(lease, mine)) != nil else { return false }
            held[lease] = mine
            guard isThrottled else { return true }
            let clients = try? await clients(in: ServiceNames.namespace(of: lease))
            return clients?.isEmpty == true
        }
    }

    /// Throws unless a program that starts now is kept within the lease's limits.
    func admit(_ lease: LeaseID) async throws(ServiceError) {
        try await turnstile.pass { () async throws(ServiceError) in
            guard let mine = held[lease] else { throw ServiceError("\(lease) has no part of a server on \(gpu)") }
            if let trouble { throw ServiceError("\(gpu) serves nobody new: \(trouble)") }
            try await begin()
            try await put(lease, mine)
            let clients = try await control.clients(of: ServiceNames.server)
            guard clients.count < Self.mostClients else {
                throw ServiceError(
                    "the multi-process server of \(gpu) has \(clients.count) programs, and there is room for "
                        + "\(Self.mostClients); end one of them")
            }
        }
    }

    func reading(_ lease: LeaseID) async -> FenceReading? {
        guard let mine = held[lease] else { return nil }
        let name = ServiceNames.namespace(of: lease)
        let namespaces = try? await control.namespaces(of: ServiceNames.server)
        let found = namespaces?.first { $0.name == name }
        let count = (try? await clients(in: name))?.count
        var detail = server.map { "server \($0)" } ?? "no server"
        if let count { detail += ", \(count) client\(count == 1 ? "" : "s")" }
        if let trouble { detail += "; \(trouble)" }
        if mine.isThrottled { detail += "; throttled" }
        return FenceReading(
            means: .mps, source: files.sockets(of: lease, on: gpu),
            parts: [
                .init(
                    gpu: gpu, memoryLimit: found?.memory, share: found?.milli.map { Share(milli: $0) }, detail: detail)
            ])
    }

    func clients(in namespace: String) async throws(ServiceError) -> [ServiceControl.Client] {
        try await control.clients(of: ServiceNames.server).filter { $0.namespace == namespace }
    }
}
