import CSimulatedDriver
import Glibc

/// What the third protocol tells: tables, lists with commas, and single fields.
extension ControlDaemon {
    static let serverFields = [
        "name", "uid", "pid", "status", "pipe-directory", "allowed-devices", "context-ids",
    ]
    static let namespaceFields = [
        "name", "server", "server-status", "pinned-memory-limit", "active-thread-percentage", "client-priority",
        "pipe-directory",
    ]
    static let clientFields = ["pid", "server", "device", "namespace", "command"]
    static let deviceFields = [
        "ordinal", "server", "pci-id", "device-uuid", "name", "total-sms", "total-chunks", "attributes",
    ]

    func row(_ server: Server) -> [String] {
        [
            server.name, String(server.uid), String(server.pid), status(server), directory(of: server),
            server.devices ?? server.gpus.map(model.uuid).joined(separator: ","), "-",
        ]
    }

    private func status(_ server: Server) -> String {
        switch server.state {
        case .initializing: "Initializing"
        case .gone: "Gone"
        case .ready: isFaulty(server) ? "Fault" : "Ready"
        }
    }

    func row(_ namespace: Namespace, of server: Server) -> [String] {
        [
            namespace.name, server.name, status(server), namespace.pinned?.text ?? "-",
            namespace.percentage.map(Text.twoDecimals) ?? "-", namespace.priority.map { String($0) } ?? "-",
            directory(of: server, namespace.name),
        ]
    }

    private func row(_ client: Client, of server: Server) -> [String] {
        [
            String(client.pid), server.name, server.gpus.indices.map { String($0) }.joined(separator: "+"),
            client.namespace, Processes.command(client.pid),
        ]
    }

    func field(_ server: Server, _ name: String?) throws(Refusal) -> String {
        try value(name ?? "", Array(Self.serverFields.dropLast()), row(server))
    }

    func value(_ name: String, _ fields: [String], _ row: [String]) throws(Refusal) -> String {
        guard let index = fields.firstIndex(of: name) else {
            throw Refusal("Error: unknown field '\(name)'; there are \(fields.joined(separator: ", "))")
        }
        return row[index]
    }

    func listServers(_ command: NamedCommand) throws(Refusal) -> String {
        try command.check(options: ["format"])
        let meant = try command.positional.first.map { name throws(Refusal) in [try namedServer(name)] } ?? servers
        return try list(Self.serverFields, meant.map(row), command)
    }

    func listNamespaces(_ command: NamedCommand) throws(Refusal) -> String {
        try command.check(options: ["format", "server"])
        let meant = try command.options["server"].map { name throws(Refusal) in [try namedServer(name)] } ?? servers
        let rows = meant.flatMap { server in
            server.namespaces.filter { command.positional.isEmpty || $0.name == command.positional[0] }
                .map { row($0, of: server) }
        }
        return try list(Self.namespaceFields, rows, command)
    }

    func listClients(_ command: NamedCommand) throws(Refusal) -> String {
        try command.check(options: ["format", "server"], flags: ["all"])
        let meant = try command.options["server"].map { name throws(Refusal) in [try namedServer(name)] } ?? servers
        return try list(
            Self.clientFields, meant.flatMap { server in server.clients.map { row($0, of: server) } }, command)
    }

    func listDevices(_ command: NamedCommand) throws(Refusal) -> String {
        try command.check(options: ["format", "server"])
        let meant = try command.options["server"].map { name throws(Refusal) in [try namedServer(name)] } ?? servers
        let rows = meant.flatMap { server in
            server.gpus.enumerated().compactMap { ordinal, number -> [String]? in
                guard let gpu = model.gpu(number) else { return nil }
                let processors = gpu.pointee.multiprocessors
                return [
                    String(ordinal), server.name, busID(gpu), model.uuid(number), String(cString: model_name(gpu)),
                    String(processors), String(processors / 8), "-",
                ]
            }
        }
        return try list(Self.deviceFields, rows, command)
    }

    func clientField(_ command: NamedCommand) throws(Refusal) -> String {
        let (server, client) = try client(command.positional.first)
        let first = server.gpus.first.flatMap { model.gpu($0) }
        return try value(
            command.positional.dropFirst().first ?? "",
            ["pid", "server", "device", "pci-id", "linux-ns", "maws-ns", "cmd"],
            [
                String(client.pid), server.name, server.gpus.indices.map { String($0) }.joined(separator: "+"),
                first.map { busID($0) } ?? "-", Processes.pidNamespace(client.pid), client.namespace,
                Processes.command(client.pid),
            ])
    }

    private func busID(_ gpu: UnsafeMutablePointer<ModelGPU>) -> String {
        func hexadecimal(_ number: UInt32, _ digits: Int) -> String {
            let text = String(number, radix: 16, uppercase: true)
            return String(repeating: "0", count: max(0, digits - text.count)) + text
        }
        let pci = gpu.pointee.pci
        return "\(hexadecimal(pci.domain, 8)):\(hexadecimal(pci.bus, 2)):\(hexadecimal(pci.device, 2)).0"
    }

    private func list(_ fields: [String], _ rows: [[String]], _ command: NamedCommand) throws(Refusal) -> String {
        let format = (command.options["format"] ?? "table").split(separator: ",").map(String.init)
        guard let kind = format.first, kind == "table" || kind == "csv",
            format.count == 1 || format == [kind, "noheader"]
        else { throw Refusal("Error: --format is table or csv, with ,noheader behind it if wanted") }
        let hasHead = format.count == 1
        if kind == "csv" {
            return ((hasHead ? [fields] : []) + rows).map { $0.joined(separator: ",") }.joined(separator: "\n")
        }
        let head = fields.map { $0.uppercased().replacing("-", with: " ") }
        let lines = (hasHead ? [head] : []) + rows
        let widths = fields.indices.map { column in (lines.map { $0[column].count }.max() ?? 0) + 2 }
        return lines.map { line in
            Text.trimmed(line.indices.map { Text.padded(line[$0], widths[$0]) }.joined())
        }.joined(separator: "\n")
    }
}
