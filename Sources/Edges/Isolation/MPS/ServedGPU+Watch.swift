import Fleet

extension ServedGPU {
    /// Looks whether the server does what it should, and begins it anew where that harms nobody any more.
    ///
    /// The control says of a server that hangs that it is well, so a context is asked for as a program would.
    func check(probe: [String]?) async {
        guard !held.isEmpty else { return }
        let found: ServiceControl.Server?
        do {
            found = try await control.servers().first { $0.name == ServiceNames.server }
        } catch {
            if error.isTooSlow { return tell(.problem(gpu, error.description)) }
            found = nil
        }
        guard let found else { return await replace() }
        server = found.pid
        let clients = await leaseClients
        if found.isReady, ailment?.isWedged == false { return await recover() }
        if !found.isReady, !found.isStarting {
            await note(isWedged: false)
        } else if ailment == nil, !clients.isEmpty, let probe {
            // One that hangs may be a slow machine; two in a row are a server that does not answer.
            guard await hangs(probe), await hangs(probe) else { return }
            await note(isWedged: true)
        }
        await renewIfDone(probe)
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
            if !end.isSuccess, isServing { tell(.problem(gpu, "the probe was refused: \(end.complaint)")) }
            return false
        } catch {
            if !error.isTooSlow { tell(.problem(gpu, error.description)) }
            return error.isTooSlow
        }
    }

    private func note(isWedged: Bool) async {
        let hit = Set(await leaseClients.compactMap { ServiceNames.lease(named: $0.namespace) }).sorted()
        guard ailment == nil else { return }
        ailment = Ailment(isWedged: isWedged, since: .now)
        tell(isWedged ? .wedged(gpu, hit: hit) : .faulted(gpu, hit: hit))
    }

    /// The server says that it is well again after a fault.
    private func recover() async {
        ailment = nil
        tell(.well(gpu))
    }

    /// Begins a server anew that is of no use to anybody: nobody is on it, or whoever is has had time to see that its
    /// context is lost and only waits.
    private func renewIfDone(_ probe: [String]?) async {
        await turnstile.pass {
            guard let ailment, !held.isEmpty else { return }
            let isEmpty = await leaseClients.isEmpty
            guard isEmpty || ContinuousClock.now - ailment.since >= settings.hungAfter else { return }
            do {
                try await renew()
                tell(.well(gpu))
            } catch {
                tell(.problem(gpu, "it could not be begun anew: \(error)"))
            }
        }
    }

    /// Begins anew what has ended by itself.
    private func replace() async {
        await turnstile.pass {
            guard !held.isEmpty else { return }
            let isBack = (try? await control.servers().contains { $0.name == ServiceNames.server }) ?? false
            guard !isBack else { return }
            do {
                try await renew()
                tell(.gone(gpu, hit: held.keys.sorted()))
            } catch {
                tell(.problem(gpu, "it ended and could not be begun anew: \(error)"))
            }
        }
    }
}
