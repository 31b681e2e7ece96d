import CSimulatedDriver
import Glibc

extension ControlDaemon {
    /// Starts a server; it is ready when its process says so.
    /// - Throws: `Refusal` when there can be no process or no place for it.
    @discardableResult
    func startServer(
        name: String, uid: uid_t, devices: String?, namespaces: [Namespace]
    ) throws(Refusal) -> Server {
        guard let slot = freeSlot(), let place = model_server(model.memory, slot) else {
            throw Refusal("Failed to start server using uid \(uid). Too many servers")
        }
        let serial = model.newNumber()
        var (input, output): ([Int32], [Int32]) = ([-1, -1], [-1, -1])
        guard service_pipe(&input), service_pipe(&output) else {
            throw Refusal("Failed to start server using uid \(uid). No pipe")
        }
        let pid = Detached.spawn(
            [
                "nvidia-cuda-mps-server", model.devices, String(slot), String(serial), String(uid),
                devices ?? Environment.value("CUDA_VISIBLE_DEVICES") ?? "all",
            ], input: input[0], output: output[1], isSession: false)
        Glibc.close(input[0])
        Glibc.close(output[1])
        guard pid > 0 else {
            Glibc.close(input[1])
            Glibc.close(output[0])
            throw Refusal("Failed to start server using uid \(uid).")
        }
        model_clear_server(place)
        place.pointee.pid = UInt32(pid)
        place.pointee.startTime = process_start_time(UInt32(pid))
        model_store_64(&place.pointee.serial, serial)
        let server = Server(
            name: name, uid: uid, devices: devices, slot: slot, serial: serial, pid: pid, input: input[1],
            output: output[0], namespaces: namespaces)
        servers.append(server)
        log.write("Starting new server \(pid) for user \(uid)")
        return server
    }

    /// A place in the device model that no living server has.
    private func freeSlot() -> UInt32? {
        (0..<UInt32(MODEL_SERVER_LIMIT)).first { slot in
            guard let place = model_server(model.memory, slot) else { return false }
            let serial = model_load_64(&place.pointee.serial)
            if serial == 0 { return !servers.contains { $0.slot == slot } }
            // One that died together with its daemon.
            return process_start_time(place.pointee.pid) != place.pointee.startTime
        }
    }

    func place(of server: Server) -> UnsafeMutablePointer<ModelServer>? { model_server(model.memory, server.slot) }

    /// Whether a client made the server's GPUs fail, and those that it hit are not all gone.
    func isFaulty(_ server: Server) -> Bool {
        guard let place = place(of: server) else { return false }
        return model_load_32(&place.pointee.fault) != 0
    }

    func serverLog(_ server: Server) -> Log {
        guard isThird else { return Log(path: places.log + "/server.log") }
        Places.make("\(places.log)/\(server.name)")
        return Log(path: "\(places.log)/\(server.name)/server.log")
    }

    func note(_ text: String, _ server: Server) { serverLog(server).write(text, from: "Server", pid: server.pid) }

    /// Reads what a server says: that it is ready, or why it is not.
    func hear(_ server: Server) {
        guard server.state != .gone else { return }
        var buffer = [UInt8](repeating: 0, count: 1024)
        let count = read(server.output, &buffer, buffer.count)
        if count < 0, errno == EINTR { return }
        guard count > 0 else {
            reap(server)
            return
        }
        server.said += String(decoding: buffer[..<count], as: UTF8.self)
        while let end = server.said.firstIndex(of: "\n") {
            let line = String(server.said[..<end])
            server.said.removeSubrange(...end)
            if line.hasPrefix("ready ") {
                server.gpus = line.dropFirst(6).split(separator: ",").compactMap { UInt32($0) }
                if !isThird { applyDefaults(to: server) }
                if server.state == .initializing { server.state = .ready }
                log.write("NEW SERVER \(server.pid): Ready")
                note("Start", server)
            } else if line.hasPrefix("failed ") {
                note("MPS server failed to start: \(line.dropFirst(7))", server)
            }
        }
    }

    /// Takes out what a server's process left, which is gone or about to be.
    private func reap(_ server: Server) {
        let isInitializing = server.state == .initializing
        server.state = .gone
        if let place = place(of: server) { _ = model_exchange_64(&place.pointee.serial, server.serial, 0) }
        for client in server.clients { Glibc.close(client.file) }
        server.clients = []
        // This ends it, if it lives.
        Glibc.close(server.input)
        let status = waitForEnd(of: server.pid)
        Glibc.close(server.output)
        log.write("Server \(server.pid) exited with status \(status)")
        note("Exit", server)
        if status != 0 || server.wasForced { exitStatus = 1 }
        servers.removeAll { $0 === server }
        if isThird { removeDirectory(of: server) }
        if isInitializing { refuseWaiting(for: server) }
    }

    /// The exit status of a server that was told to end, which takes it no time, or the signal that it died of.
    private func waitForEnd(of pid: pid_t) -> Int32 {
        var status: Int32 = 0
        let end = monotonicMilliseconds() + 2000
        while waitpid(pid, &status, WNOHANG) == 0 {
            if monotonicMilliseconds() > end { kill(pid, SIGKILL) }
            usleep(500)
        }
        return status & 0x7F == 0 ? status >> 8 & 0xFF : status & 0x7F
    }

    /// Ends a server now. Its clients get errors from then on.
    func stop(_ server: Server, isForced: Bool) {
        guard server.state != .gone else { return }
        if isForced {
            if !server.clients.isEmpty { server.wasForced = true }
            log.write("Force shutting down server \(server.pid)")
        }
        reap(server)
    }

    func stopWhenIdle(_ server: Server) {
        server.goesWhenIdle = true
        if server.clients.isEmpty { stop(server, isForced: false) }
    }

    /// What the second protocol sets for servers before they are started.
    private func applyDefaults(to server: Server) {
        server.change(Namespace.usual) { namespace in
            for (device, limit) in pinned {
                if let gpu = model.find(device, among: server.gpus) { namespace.pinnedOnGPU[gpu] = limit }
            }
        }
    }
}
