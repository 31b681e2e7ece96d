import CSimulatedDriver
import Glibc

/// Results of the CUDA driver that a daemon gives to clients.
enum ClientResult: UInt32 {
    case granted = 0
    case notPermitted = 800
    case connectionFailed = 805
    case serverNotReady = 807
    case maximumReached = 808
}

extension ControlDaemon {
    /// Answers the clients that can be answered now.
    func serveWaiting() {
        for visitor in visitors where visitor.isWaiting {
            guard let result = serve(visitor) else { continue }
            if result != .granted { answer(visitor, result) }
            visitors.removeAll { $0.file == visitor.file }
        }
    }

    /// Lets a client in, or tells why not; nil when it has to wait.
    private func serve(_ visitor: Visitor) -> ClientResult? {
        guard visitor.isOfThisMachine, !isQuitting else { return .connectionFailed }
        return isThird ? serveNamed(visitor) : serveLegacy(visitor)
    }

    /// One server at a time, for one user at a time: who is of another user waits until all others are gone.
    private func serveLegacy(_ visitor: Visitor) -> ClientResult? {
        let uid = isMultiUser ? geteuid() : visitor.credentials.uid
        if let server = servers.first {
            if server.uid == uid { return admit(visitor, to: server, Namespace.usual) }
            if server.state == .ready { stopWhenIdle(server) }
        }
        guard servers.isEmpty else { return nil }
        guard geteuid() == 0 || uid == geteuid() else { return .connectionFailed }
        return startLegacyServer(uid) ? nil : .connectionFailed
    }

    /// Starts the one server of the second protocol; whether that could be done.
    func startLegacyServer(_ uid: uid_t) -> Bool {
        do throws(Refusal) {
            var namespace = Namespace(name: Namespace.usual)
            namespace.percentage = percentage
            try startServer(name: "", uid: uid, devices: nil, namespaces: [namespace])
            return true
        } catch {
            log.write(error.text)
            return false
        }
    }

    private func serveNamed(_ visitor: Visitor) -> ClientResult? {
        let uid = isMultiUser ? geteuid() : visitor.credentials.uid
        let name = visitor.server ?? "uid_\(uid)"
        guard let server = servers.first(where: { $0.name == name }) else {
            // A server that was named and is gone takes nobody; one for the user is made when it is wanted.
            guard visitor.server == nil else { return .connectionFailed }
            guard geteuid() == 0 || uid == geteuid() else { return .notPermitted }
            do throws(Refusal) {
                try createServer(name: name, uid: uid, devices: nil, namespaces: [Namespace(name: Namespace.usual)])
                return nil
            } catch {
                log.write(error.text)
                return .connectionFailed
            }
        }
        guard isMultiUser || visitor.credentials.uid == server.uid else { return .notPermitted }
        return admit(visitor, to: server, visitor.namespace ?? Namespace.usual)
    }

    private func admit(_ visitor: Visitor, to server: Server, _ name: String) -> ClientResult? {
        switch server.state {
        case .initializing, .gone: return nil
        case .ready: break
        }
        if isFaulty(server) { return .serverNotReady }
        guard let namespace = server.namespace(name) else { return .connectionFailed }
        guard let place = place(of: server), server.clients.count < Int(MODEL_CLIENT_LIMIT) else {
            return .maximumReached
        }
        let number = model.newNumber()
        let slot = model_add_client(place, number)
        guard slot < UInt32(MODEL_CLIENT_LIMIT) else { return .maximumReached }
        var welcome = ServiceWelcome()
        welcome.magic = UInt32(SERVICE_MAGIC)
        welcome.server = server.slot
        welcome.client = slot
        welcome.serial = server.serial
        welcome.number = number
        welcome.percentage = namespace.percentage ?? 10_000
        welcome.percentageOverrides = isThird && namespace.percentage != nil ? 1 : 0
        welcome.priority = namespace.priority ?? priority
        welcome.gpuCount = UInt32(server.gpus.count)
        for (index, gpu) in server.gpus.enumerated() {
            service_gpu(&welcome, UInt32(index)).pointee = gpu
            service_pinned(&welcome, UInt32(index)).pointee = namespace.pinnedBytes(gpu: gpu)
        }
        _ = service_send(visitor.file, &welcome, MemoryLayout<ServiceWelcome>.size)
        server.clients.append(
            Client(
                file: visitor.file, pid: visitor.credentials.pid, uid: visitor.credentials.uid, slot: slot,
                number: number, namespace: name))
        note("New client \(visitor.credentials.pid) connected", server)
        return .granted
    }

    private func answer(_ visitor: Visitor, _ result: ClientResult) {
        var welcome = ServiceWelcome()
        welcome.magic = UInt32(SERVICE_MAGIC)
        welcome.result = result.rawValue
        _ = service_send(visitor.file, &welcome, MemoryLayout<ServiceWelcome>.size)
        Glibc.close(visitor.file)
    }

    /// Refuses those who wait for a server that could not be started.
    func refuseWaiting(for server: Server) {
        for visitor in visitors where visitor.isWaiting {
            let uid = isMultiUser ? geteuid() : visitor.credentials.uid
            let isMeant =
                isThird ? (visitor.server ?? "uid_\(uid)") == server.name : uid == server.uid
            guard isMeant else { continue }
            answer(visitor, .connectionFailed)
            visitors.removeAll { $0.file == visitor.file }
        }
    }

    // MARK: Clients that leave

    /// A client says nothing: what comes from it is its end.
    func hear(_ client: Client, of server: Server) {
        guard server.clients.contains(where: { $0.number == client.number }) else { return }
        var byte: UInt8 = 0
        if recv(client.file, &byte, 1, Int32(MSG_DONTWAIT)) > 0 { return }
        Glibc.close(client.file)
        server.clients.removeAll { $0.number == client.number }
        note("Client \(client.pid) disconnected", server)
        if let place = place(of: server), let left = model_client(place, client.slot) {
            // Who dies with work in flight leaves it behind, and nothing works there any more. Nobody says so.
            if model_load_32(&left.pointee.isTerminated) == 0, !isFaulty(server) {
                model_set_bits(&place.pointee.wedged, model_gpus_in_flight(left))
            }
            _ = model_exchange_64(&left.pointee.number, client.number, 0)
            if server.clients.isEmpty { model_store_32(&place.pointee.fault, 0) }
        }
        if server.goesWhenIdle, server.clients.isEmpty { stop(server, isForced: false) }
    }

    /// Ends the work of a client, which may go on living but computes no more.
    func terminate(_ client: Client, of server: Server) {
        guard let place = place(of: server), let entry = model_client(place, client.slot) else { return }
        model_store_32(&entry.pointee.isTerminated, 1)
        note("Client \(client.pid) terminated", server)
    }
}
