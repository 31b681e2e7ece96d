import Fleet

extension ServedGPU {
    /// Looks whether the server does what it should, and begins it anew where that harms nobody any more.
    ///
    /// The control says of a server that hangs that it is well, so a context is asked for as a program would.
    func check(probe: [String]?) async {
        guard !held.isEmpty else { return }
        var found: ServiceControl.Server?
        do {
            found = try await control.servers().first { $0.name == ServiceNames.server }
        } catch {
            if Task.isCancelled { return }
            if error.isTooSlow { return complain(error.description) }
        }
        if let found {
            if ailment == nil { server = found.pid }
            if ailment?.kind == .faulted, found.isReady { return recover() }
            if !found.isReady, !found.isStarting { await note(.faulted) }
            if ailment == nil, let probe, await !leaseClients.isEmpty {
                // One that hangs may be a slow machine; two in a row are a server that does not answer.
                guard await hangs(probe), await hangs(probe) else { return }
                await note(.wedged)
            }
        } else {
            await note(.gone)
        }
        if ailment != nil, !Task.isCancelled { await finishing { await self.renewIfDone() } }
    }

    private var leaseClients: [ServiceControl.Client] {
        get async {
            let clients = (try? await control.clients(of: ServiceNames.server)) ?? []
            return clients.filter { $0.namespace != ServiceNames.unused }
        }
    }

    /// Whether a new client of the server waits for its context for ever.
    private func hangs(_ probe: [String]) async -> Bool {
        var environment = ServiceControl.environment(
            program: control.program, pipes: "\(control.pipes)/\(ServiceNames.server)/\(ServiceNames.unused)",
            logs: control.logs)
        environment["CUDA_VISIBLE_DEVICES"] = gpu.rawValue
        do {
            let end = try await ServiceControl.end(of: probe, environment: environment, within: settings.probeLimit)
            // A server that has failed meanwhile says so itself at the next look.
            let isServing = try await control.servers().contains { $0.name == ServiceNames.server && $0.isReady }
            if !end.isSuccess, isServing { complain("the probe was refused: \(end.complaint)") }
            if end.isSuccess { complaint = nil }
            return false
        } catch {
            // Whoever does not want to know any more has found nothing out.
            if Task.isCancelled { return false }
            if !error.isTooSlow { complain(error.description) }
            return error.isTooSlow
        }
    }

    /// Nobody new is let in from now on, and it is said who has lost what they had.
    private func note(_ kind: Ailment.Kind) async {
        guard ailment == nil else { return }
        let living = await leaseClients.compactMap { ServiceNames.lease(named: $0.namespace) }
        guard ailment == nil, !Task.isCancelled else { return }
        ailment = Ailment(kind: kind, since: .now)
        let hit = Set(living).sorted()
        switch kind {
        case .wedged: tell(.wedged(gpu, hit: hit))
        case .faulted: tell(.faulted(gpu, hit: hit))
        case .gone:
            server = nil
            tell(.gone(gpu, hit: held.keys.sorted()))
        }
    }

    /// The server says that it is well again after a fault.
    private func recover() {
        ailment = nil
        tell(.well(gpu))
    }

    /// Begins a server anew that is of no use to anybody: nobody is on it, or whoever is has had time to see that its
    /// context is lost and only waits.
    private func renewIfDone() async {
        await turnstile.pass {
            guard let ailment, !held.isEmpty else { return }
            let mayStay = ailment.kind != .gone && ContinuousClock.now - ailment.since < settings.hungAfter
            if mayStay, await !leaseClients.isEmpty { return }
            do {
                try await renew()
                complaint = nil
                tell(.well(gpu))
            } catch {
                complain("it cannot be begun anew yet, which is tried again and again: \(error)")
            }
        }
    }

    /// Says what is wrong once, however often it is found.
    private func complain(_ what: String) {
        guard what != complaint else { return }
        complaint = what
        tell(.problem(gpu, what))
    }
}

/// What has begun is finished, whoever stops waiting for it: half of it is worse than all or nothing.
func finishing<Value: Sendable, Failure: Error>(
    _ body: @escaping @Sendable () async throws(Failure) -> Value
) async throws(Failure) -> Value {
    let result = await Task { () async -> Result<Value, Failure> in
        do throws(Failure) { return .success(try await body()) } catch { return .failure(error) }
    }.value
    return try result.get()
}
