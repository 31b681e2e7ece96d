import CSimulatedDriver
import Glibc

/// The commands of the second protocol. Answers, and what is no error, are those of NVIDIA's program.
extension ControlDaemon {
    /// The answer to a line; nil when it comes with the daemon's end.
    func legacyCommand(_ line: String, _ caller: Caller) -> Reply? {
        let words = Text.words(line)
        let rest = Array(words.dropFirst())
        switch words.first {
        case "get_server_list":
            return Reply(text: servers.map { String($0.pid) }.joined(separator: "\n"))
        case "get_server_status":
            guard rest.count > 0 else { return Reply(text: "A server PID is required") }
            return withServer(rest) { status(of: $0) }
        case "start_server": return Reply(text: startServer(rest, caller))
        case "shutdown_server": return Reply(text: shutDown(rest, caller))
        case "get_client_list":
            return withServer(rest) { $0.clients.map { String($0.pid) }.joined(separator: "\n") }
        case "get_device_client_list":
            let meant = rest.isEmpty ? servers : servers.filter { String($0.pid) == rest[0] }
            if !rest.isEmpty, meant.isEmpty { return Reply(text: "Server \(rest[0]) not found") }
            return Reply(text: meant.flatMap(deviceLines).joined(separator: "\n"))
        case "ps": return Reply(text: processes(rest))
        case "terminate_client": return Reply(text: terminate(rest, caller))
        case "quit":
            guard caller.mayChangeDaemon else { return Reply(text: "Not enough privilege to execute quit command") }
            quit(after: rest.first == "-t" ? rest.dropFirst().first.flatMap { Int64($0) } ?? 0 : nil)
            return nil
        default: return setting(words, rest, caller)
        }
    }

    func server(_ word: String?) -> Server? {
        guard let word else { return nil }
        return servers.first { String($0.pid) == word }
    }

    private func withServer(_ words: [String], _ body: (Server) -> String) -> Reply {
        guard let server = server(words.first) else {
            return Reply(text: "Server \(words.first.flatMap { Int($0) } ?? 0) not found")
        }
        return Reply(text: body(server))
    }

    private func status(of server: Server) -> String {
        server.state == .initializing ? "INITIALIZING" : isFaulty(server) ? "FAULT" : "ACTIVE"
    }

    private func startServer(_ words: [String], _ caller: Caller) -> String {
        guard words.count >= 2, words[0] == "-uid", let uid = uid_t(words[1]) else {
            return "A user id (UID) is required to start a new server"
        }
        guard caller.isSuperuser || caller.credentials.uid == uid else {
            return
                "Insufficient privileges for UID \(caller.credentials.uid). Only the root user may start server for another user."
        }
        guard geteuid() == 0 || uid == geteuid() else {
            return "Failed to start server using uid \(uid). The daemon is not the root user's"
        }
        let wanted = isMultiUser ? geteuid() : uid
        if let active = servers.first {
            if active.uid == wanted { return "" }
            return "Failed to start server using uid \(uid). Server \(active.pid) of user \(active.uid) is active"
        }
        return startLegacyServer(wanted) ? "" : "Failed to start server using uid \(uid)."
    }

    private func shutDown(_ words: [String], _ caller: Caller) -> String {
        guard let server = server(words.first { $0 != "-f" }) else {
            return "Server \(words.first.flatMap { Int($0) } ?? 0) not found"
        }
        guard caller.mayChange(server) else {
            return
                "Insufficient privileges for UID \(caller.credentials.uid). Only the root user may shutdown another user's server."
        }
        if words.contains("-f") { stop(server, isForced: true) } else { stopWhenIdle(server) }
        return ""
    }

    private func deviceLines(_ server: Server) -> [String] {
        server.gpus.map { gpu in
            model.uuid(gpu) + ":" + server.clients.map { " \($0.pid)" }.joined()
        }
    }

    private func processes(_ words: [String]) -> String {
        let meant = words.first == "-p" ? servers.filter { String($0.pid) == words.dropFirst().first } : servers
        guard !meant.isEmpty else {
            return words.first == "-p" ? "Server \(words.dropFirst().first ?? "0") not found" : "Server not found"
        }
        func row(_ columns: [String]) -> String {
            zip(columns, [10, 10, 15, 15, 15, 15]).map { Text.padded($0, $1) }.joined()
        }
        var lines = [row(["PID", "ID", "SERVER", "DEVICE", "NAMESPACE", "COMMAND"])]
        for server in meant {
            for client in server.clients {
                let device = server.gpus.first.map { String(model.uuid($0).prefix(12)) } ?? "-"
                lines.append(
                    row([
                        String(client.pid), String(client.number), String(server.pid), device,
                        Processes.pidNamespace(client.pid), Processes.command(client.pid),
                    ]))
            }
        }
        return lines.joined(separator: "\n")
    }

    private func terminate(_ words: [String], _ caller: Caller) -> String {
        guard let server = server(words.first) else {
            let number = words.first.flatMap { Int($0) } ?? 0
            return "Server \(number) not found\nServer \(number) not found!\n1"
        }
        guard caller.mayChange(server) else {
            return
                "Insufficient privileges for UID \(caller.credentials.uid). Only the root user may terminate clients on another user's server."
        }
        let meant = server.clients.filter { String($0.pid) == words.dropFirst().first }
        guard !meant.isEmpty else { return "Invalid process \(words.dropFirst().first ?? "0")!\n1" }
        for client in meant { terminate(client, of: server) }
        return "0"
    }

    // MARK: Settings

    private func setting(_ words: [String], _ rest: [String], _ caller: Caller) -> Reply {
        let refusal =
            "Insufficient privileges for UID \(caller.credentials.uid). Control deamon settings can only be modified by the user started it or by the root user."
        switch words.first {
        case "get_default_active_thread_percentage":
            return Reply(text: Text.oneDecimal(hundredths: percentage))
        case "set_default_active_thread_percentage":
            guard caller.mayChangeDaemon else { return Reply(text: refusal) }
            if let value = rest.first.flatMap(Text.hundredths) { percentage = value }
            return Reply(text: Text.oneDecimal(hundredths: percentage))
        case "get_active_thread_percentage", "set_active_thread_percentage":
            return serverPercentage(words, rest, caller)
        case "get_default_device_pinned_mem_limit":
            return Reply(text: pinned.last { $0.device == rest.first }?.limit.text ?? "")
        case "set_default_device_pinned_mem_limit":
            guard caller.mayChangeDaemon else { return Reply(text: refusal) }
            guard let device = rest.first else { return Reply() }
            pinned.removeAll { $0.device == device }
            if rest.count > 1, let limit = MemoryLimit(rest[1], qualifiers: "MG") { pinned.append((device, limit)) }
            return Reply()
        case "get_device_pinned_mem_limit", "set_device_pinned_mem_limit":
            return serverLimit(words, rest, caller)
        case "get_default_client_priority": return Reply(text: String(priority))
        case "set_default_client_priority":
            guard caller.mayChangeDaemon else { return Reply(text: refusal) }
            let value = rest.first ?? "0"
            guard value == "0" || value == "1" else {
                return Reply(text: "Invalid priority value - must be 0 or 1!")
            }
            priority = value == "1" ? 1 : 0
            return Reply()
        default: return Reply(text: "Unknown command \"\(words.first ?? "")\"")
        }
    }

    private func serverPercentage(_ words: [String], _ rest: [String], _ caller: Caller) -> Reply {
        guard let server = server(rest.first) else { return withServer(rest) { _ in "" } }
        if words[0].hasPrefix("set") {
            guard caller.mayChange(server) else { return refused(caller) }
            if let value = rest.dropFirst().first.flatMap(Text.hundredths) {
                server.change(Namespace.usual) { $0.percentage = value }
            }
        }
        return Reply(text: Text.oneDecimal(hundredths: server.namespaces.first?.percentage ?? 10_000))
    }

    private func serverLimit(_ words: [String], _ rest: [String], _ caller: Caller) -> Reply {
        guard let server = server(rest.first) else { return withServer(rest) { _ in "" } }
        guard rest.count > 1, let gpu = model.find(rest[1], among: server.gpus) else {
            return Reply(text: "Invalid device ordinal!")
        }
        if words[0].hasPrefix("get") {
            return Reply(text: server.namespaces.first?.pinnedOnGPU[gpu]?.text ?? "")
        }
        guard caller.mayChange(server) else { return refused(caller) }
        if rest.count > 2, let limit = MemoryLimit(rest[2], qualifiers: "MG") {
            server.change(Namespace.usual) { $0.pinnedOnGPU[gpu] = limit }
        }
        return Reply()
    }

    private func refused(_ caller: Caller) -> Reply {
        Reply(
            text:
                "Insufficient privileges for UID \(caller.credentials.uid). Only the root user may change settings for another user's server."
        )
    }
}
