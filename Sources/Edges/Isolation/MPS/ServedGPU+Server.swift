import Engine
import Fleet

/// The server and what is in it; all of this runs with the turnstile passed.
extension ServedGPU {
    /// Puts the GPU into exclusive-process mode and starts what does not run yet: daemon, server.
    func begin() async throws(ServiceError) {
        do throws(DriverControlError) {
            let mode = try await driver.computeMode(of: gpu)
            // What it was is on disk before it is changed: whoever comes after a crash puts it back.
            do { try files.prepare(gpu, mode: mode.rawValue) } catch { throw .failed(error.description) }
            if mode != .exclusiveProcess { try await driver.setComputeMode(.exclusiveProcess, of: gpu) }
        } catch {
            throw ServiceError("\(gpu) cannot be kept for one server: \(error)")
        }
        var own = try await found()
        if own == nil {
            try await control.ask("server", "create", ServiceNames.server, "--uid=0", "--allowed-devices=\(gpu)")
            own = try await ready()
            // Only the probe uses the namespace that every server has, and nobody else reaches its socket.
            try await control.ask(
                "server", "set", ServiceNames.server, "--active-thread-percentage=1", "--pinned-memory-limit=1G")
        }
        server = own?.pid
    }

    /// The server, if it runs; starts the control daemon where none answers.
    private func found() async throws(ServiceError) -> ServiceControl.Server? {
        do throws(ServiceError) {
            return try await control.servers().first { $0.name == ServiceNames.server }
        } catch {
            if error.isTooSlow { throw error }
        }
        try await control.start()
        return try await control.servers().first { $0.name == ServiceNames.server }
    }

    /// Waits until a server that was created can be used: the control answers before it can.
    private func ready() async throws(ServiceError) -> ServiceControl.Server {
        let end = ContinuousClock.now + settings.patience
        while ContinuousClock.now < end {
            guard let own = try await control.servers().first(where: { $0.name == ServiceNames.server }) else {
                throw ServiceError(
                    "the multi-process server of \(gpu) ended at once: \(lastWords ?? "it left no word why"); "
                        + "a program may hold the GPU, see 'nvidia-smi'")
            }
            if own.isReady { return own }
            guard own.isStarting else { throw ServiceError("the multi-process server of \(gpu) is \(own.status)") }
            try? await Task.sleep(for: .milliseconds(20))
        }
        throw ServiceError("the multi-process server of \(gpu) was not ready within \(settings.patience)")
    }

    private var lastWords: String? {
        ServiceFiles.lastLine(files.logs(of: gpu) + "/\(ServiceNames.server)/server.log")
    }

    /// Makes a lease's namespace, reads back what it is limited to, and only then gives the lease its socket.
    func put(_ lease: LeaseID, _ mine: Held) async throws(ServiceError) {
        let name = ServiceNames.namespace(of: lease)
        let wanted = ServiceControl.Namespace(
            name: name, memory: Bytes(mine.limits.memory.count & ~1023), milli: mine.percent * 10)
        var found = try await control.namespaces(of: ServiceNames.server).first { $0.name == name }
        if found == nil { try await control.ask("namespace", "create", name, "--server=\(ServiceNames.server)") }
        if found != wanted {
            try await control.ask(
                "namespace", "set", name, "--server=\(ServiceNames.server)",
                "--active-thread-percentage=\(mine.percent)",
                "--pinned-memory-limit=\(ServiceControl.size(mine.limits.memory))")
            found = try await control.namespaces(of: ServiceNames.server).first { $0.name == name }
        }
        guard found == wanted else {
            await remove(name)
            throw ServiceError(
                "the limits of \(lease) on \(gpu) are not what was set: the control says "
                    + "\(found.map { "\($0)" } ?? "nothing")")
        }
        try files.connect(lease, tenant: mine.tenant, to: gpu)
    }

    /// Removes a namespace; its clients are ended through the control, which harms no other.
    func remove(_ namespace: String) async {
        for client in (try? await clients(in: namespace)) ?? [] {
            _ = try? await control.ask("client", "terminate", "\(client.pid)")
        }
        _ = try? await control.ask(
            "namespace", "delete", namespace, "--server=\(ServiceNames.server)", "--force")
    }

    /// Begins the server anew, with what every lease has; programs that were on it have lost their contexts.
    func renew() async throws(ServiceError) {
        for client in (try? await control.clients(of: ServiceNames.server)) ?? [] {
            _ = try? await control.ask("client", "terminate", "\(client.pid)")
        }
        _ = try? await control.ask("server", "delete", ServiceNames.server, "--force")
        // A control that does not do that goes too.
        let isLeft = (try? await control.servers().contains { $0.name == ServiceNames.server }) ?? true
        if isLeft { await stopControl() }
        server = nil
        try await begin()
        for (lease, mine) in held.sorted(by: { $0.key < $1.key }) { try await put(lease, mine) }
        ailment = nil
    }

    /// Stops server and daemon, and gives the GPU its compute mode back.
    func end() async {
        ailment = nil
        guard let mode = files.mode(of: gpu) else { return }
        await stopControl()
        server = nil
        do throws(DriverControlError) {
            if mode != ComputeMode.exclusiveProcess.rawValue {
                try await driver.setComputeMode(ComputeMode(rawValue: mode) ?? .default, of: gpu)
            }
            files.remove(gpu)
        } catch {
            // What it was stays on disk, so the next start tries again.
            tell(.problem(gpu, "the compute mode could not be put back: \(error)"))
        }
    }

    private func stopControl() async {
        guard let daemon = ServicePeer.listener(at: files.pipes(of: gpu) + "/control").flatMap(ServiceProcess.init)
        else { return }
        let known = (try? await control.servers().first { $0.name == ServiceNames.server }?.pid) ?? server
        let server = known.flatMap(ServiceProcess.init)
        _ = try? await control.ask("server", "delete", ServiceNames.server, "--force")
        _ = try? await control.ask("-q")
        let end = ContinuousClock.now + settings.patience
        while daemon.isRunning || server?.isRunning == true {
            guard ContinuousClock.now < end else {
                server?.end()
                daemon.end()
                return
            }
            try? await Task.sleep(for: .milliseconds(10))
        }
    }
}
