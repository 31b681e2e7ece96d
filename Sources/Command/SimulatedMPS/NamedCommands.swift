import CSimulatedDriver
import Glibc

/// A command of the third protocol: `<module> <verb> [positional] [--key=value] [--flag]`.
struct NamedCommand {
    var module: String
    var verb: String
    var positional: [String] = []
    var options: [String: String] = [:]
    var flags: Set<String> = []

    init(_ line: String) {
        let words = line.split(separator: "\u{1F}").map(String.init)
        module = words.first ?? ""
        verb = words.count > 1 ? words[1] : ""
        for word in words.dropFirst(2) {
            let bare = word.hasPrefix("--") ? String(word.dropFirst(2)) : word
            if let equals = bare.firstIndex(of: "=") {
                options[String(bare[..<equals])] = String(bare[bare.index(after: equals)...])
            } else if word.hasPrefix("--") {
                flags.insert(bare)
            } else {
                positional.append(word)
            }
        }
    }

    func check(options known: [String], flags knownFlags: [String] = []) throws(Refusal) {
        if let unknown = options.keys.sorted().first(where: { !known.contains($0) }) {
            throw Refusal("Error: unknown option --\(unknown)")
        }
        if let unknown = flags.sorted().first(where: { !knownFlags.contains($0) }) {
            throw Refusal("Error: unknown option --\(unknown)")
        }
    }
}

extension ControlDaemon {
    /// The answer to a command; nil when it comes with the daemon's end.
    func namedCommand(_ line: String, _ caller: Caller) -> Reply? {
        let command = NamedCommand(line)
        do throws(Refusal) {
            if command.module == "quit" {
                guard caller.mayChangeDaemon else { throw Refusal("Error: not enough privilege to quit") }
                quit(after: 0)
                return nil
            }
            return Reply(text: try answer(command, caller))
        } catch {
            return Reply(text: error.text, status: 1)
        }
    }

    private func answer(_ command: NamedCommand, _ caller: Caller) throws(Refusal) -> String {
        switch (command.module, command.verb) {
        case ("server", "create"): return try create(command, caller)
        case ("server", "delete"): return try deleteServer(command, caller)
        case ("server", "list"): return try listServers(command)
        case ("server", "set"):
            return try set(try namedServer(command.positional.first), Namespace.usual, command, caller)
        case ("server", "get"):
            return try field(try namedServer(command.positional.first), command.positional.dropFirst().first)
        case ("namespace", "create"):
            let server = try changeable(command.options["server"], caller)
            try command.check(options: ["server"])
            try addNamespace(command.positional.first ?? "", to: server)
            return ""
        case ("namespace", "delete"): return try deleteNamespace(command, caller)
        case ("namespace", "list"): return try listNamespaces(command)
        case ("namespace", "set"):
            let server = try namedServer(command.options["server"])
            return try set(server, command.positional.first ?? "", command, caller)
        case ("namespace", "get"):
            guard command.positional.count == 3 else {
                throw Refusal("Error: usage: namespace get <name> <server> <field>")
            }
            let server = try namedServer(command.positional[1])
            let namespace = try known(command.positional[0], of: server)
            return try value(command.positional[2], Self.namespaceFields, row(namespace, of: server))
        case ("client", "list"): return try listClients(command)
        case ("client", "get"): return try clientField(command)
        case ("client", "terminate"):
            let (server, client) = try client(command.positional.first)
            guard caller.mayChange(server) else { throw Refusal("Error: not enough privilege") }
            terminate(client, of: server)
            return ""
        case ("device", "list"): return try listDevices(command)
        case ("server", "help"), ("namespace", "help"), ("client", "help"), ("device", "help"): return Options.help
        case ("sm-partition", _), ("feature", _), ("memacct", _), ("context-share", _):
            throw Refusal("Error: \(command.module) is not simulated")
        default: throw Refusal("Error: unknown command '\(command.module) \(command.verb)'")
        }
    }

    // MARK: What is meant

    func namedServer(_ name: String?) throws(Refusal) -> Server {
        guard let name else { throw Refusal("Error: a server is required") }
        guard let server = servers.first(where: { $0.name == name }) else {
            throw Refusal("Error: server '\(name)' not found")
        }
        return server
    }

    private func changeable(_ name: String?, _ caller: Caller) throws(Refusal) -> Server {
        let server = try namedServer(name)
        guard caller.mayChange(server) else { throw Refusal("Error: not enough privilege") }
        return server
    }

    private func known(_ name: String, of server: Server) throws(Refusal) -> Namespace {
        guard let namespace = server.namespace(name) else { throw Refusal("Error: namespace '\(name)' not found") }
        return namespace
    }

    func client(_ pid: String?) throws(Refusal) -> (Server, Client) {
        for server in servers {
            if let client = server.clients.first(where: { String($0.pid) == pid }) { return (server, client) }
        }
        throw Refusal("Error: client '\(pid ?? "")' not found")
    }

    // MARK: Changes

    private func create(_ command: NamedCommand, _ caller: Caller) throws(Refusal) -> String {
        try command.check(options: ["uid", "allowed-devices", "locality-domains"])
        var uid = isMultiUser ? geteuid() : caller.credentials.uid
        if let text = command.options["uid"] {
            guard let number = uid_t(text) else { throw Refusal("Error: --uid is a number") }
            uid = number
        }
        guard let name = command.positional.first ?? (command.options["uid"] == nil ? nil : "uid_\(uid)") else {
            throw Refusal("Error: a name or --uid is required")
        }
        guard command.options["locality-domains"] ?? "false" == "false" else {
            throw Refusal("Error: locality domains are not simulated")
        }
        guard caller.isSuperuser || caller.credentials.uid == uid, geteuid() == 0 || uid == geteuid() else {
            throw Refusal("Error: only the root user may start a server for another user")
        }
        try createServer(
            name: name, uid: uid, devices: command.options["allowed-devices"],
            namespaces: [Namespace(name: Namespace.usual)])
        return ""
    }

    private func deleteServer(_ command: NamedCommand, _ caller: Caller) throws(Refusal) -> String {
        try command.check(options: [], flags: ["force"])
        let server = try changeable(command.positional.first, caller)
        if !server.clients.isEmpty {
            guard command.flags.contains("force") else {
                throw Refusal("Error: server '\(server.name)' has \(server.clients.count) active clients")
            }
            for client in server.clients { terminate(client, of: server) }
        }
        stop(server, isForced: command.flags.contains("force"))
        return ""
    }

    private func deleteNamespace(_ command: NamedCommand, _ caller: Caller) throws(Refusal) -> String {
        try command.check(options: ["server"], flags: ["force"])
        let server = try changeable(command.options["server"], caller)
        let namespace = try known(command.positional.first ?? "", of: server)
        guard namespace.name != Namespace.usual else { throw Refusal("Error: the default namespace stays") }
        let count = server.clients.count { $0.namespace == namespace.name }
        guard count == 0 || command.flags.contains("force") else {
            throw Refusal("Error: namespace '\(namespace.name)' has \(count) active clients")
        }
        removeNamespace(namespace.name, of: server)
        return ""
    }

    private func set(
        _ server: Server, _ name: String, _ command: NamedCommand, _ caller: Caller
    ) throws(Refusal) -> String {
        guard caller.mayChange(server) else { throw Refusal("Error: not enough privilege") }
        try command.check(
            options: ["server", "pinned-memory-limit", "active-thread-percentage", "client-priority"])
        var changed = try known(name, of: server)
        let settings = command.options.filter { $0.key != "server" }
        guard !settings.isEmpty else { throw Refusal("Error: at least one option is required") }
        for (key, value) in settings.sorted(by: { $0.key < $1.key }) {
            do throws(Refusal) { try Limit.set(key, value, &changed) } catch { throw Refusal("Error: \(error.text)") }
        }
        server.change(name) { $0 = changed }
        return ""
    }
}
