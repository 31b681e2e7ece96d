import CSimulatedDriver
import Glibc

/// Servers and namespaces of the third protocol, and their directories.
extension ControlDaemon {
    func apply(_ configuration: Configuration) throws(Refusal) {
        for entry in configuration.servers {
            let uid = entry.uid ?? geteuid()
            guard geteuid() == 0 || uid == geteuid() else {
                throw Refusal("Error: server \(entry.name): only the root user may start a server for user \(uid)")
            }
            try createServer(name: entry.name, uid: uid, devices: entry.devices, namespaces: entry.namespaces)
        }
    }

    /// Starts a named server. It is not known yet then whether there are the devices that it shall have.
    func createServer(name: String, uid: uid_t, devices: String?, namespaces: [Namespace]) throws(Refusal) {
        try Names.check(name)
        guard !servers.contains(where: { $0.name == name }) else { throw Refusal("Error: server '\(name)' exists") }
        guard !isMultiUser || uid == geteuid() else {
            throw Refusal("Error: with many users every server is the root user's")
        }
        let server = try startServer(name: name, uid: uid, devices: devices, namespaces: namespaces)
        mkdir(directory(of: server), 0o755)
        listeners.append(try .open("\(directory(of: server))/control", server: name, namespace: Namespace.usual))
        for namespace in namespaces { try listen(server, namespace.name) }
    }

    func addNamespace(_ namespace: String, to server: Server) throws(Refusal) {
        try Names.check(namespace)
        guard server.namespace(namespace) == nil else { throw Refusal("Error: namespace '\(namespace)' exists") }
        try listen(server, namespace)
        server.namespaces.append(Namespace(name: namespace))
    }

    private func listen(_ server: Server, _ namespace: String) throws(Refusal) {
        mkdir(directory(of: server, namespace), 0o755)
        listeners.append(
            try .open("\(directory(of: server, namespace))/control", server: server.name, namespace: namespace))
    }

    func removeNamespace(_ namespace: String, of server: Server) {
        for client in server.clients where client.namespace == namespace { terminate(client, of: server) }
        unlisten { $0.server == server.name && $0.namespace == namespace && $0.path.hasSuffix("/\(namespace)/control") }
        rmdir(directory(of: server, namespace))
        server.namespaces.removeAll { $0.name == namespace }
    }

    /// A server that is gone has no directory: who looks for it computes without one.
    func removeDirectory(of server: Server) {
        unlisten { $0.server == server.name }
        for namespace in server.namespaces { rmdir(directory(of: server, namespace.name)) }
        rmdir(directory(of: server))
    }

    private func unlisten(_ isMeant: (Listener) -> Bool) {
        for listener in listeners where isMeant(listener) { listener.end() }
        listeners.removeAll(where: isMeant)
    }

    func directory(of server: Server, _ namespace: String? = nil) -> String {
        "\(places.pipe)/\(server.name)" + (namespace.map { "/\($0)" } ?? "")
    }
}
