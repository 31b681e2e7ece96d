import Fleet
import Glibc
import Presentation

/// Which lease a container has, remembered from its making to its deletion.
struct LeaseRecord: Hashable {
    let lease: LeaseID
    /// The socket of the daemon that granted it.
    let socket: String
    /// The absolute path of the container's config.json.
    let configuration: String

    init(lease: LeaseID, socket: String, configuration: String) {
        self.lease = lease
        self.socket = socket
        self.configuration = configuration
    }

    /// Reads a record; nil where there is none, or it is not one.
    init?(at path: String) {
        guard let text = try? Files.read(path) else { return nil }
        let lines = text.split(separator: "\n", maxSplits: 2)
        guard lines.count == 3, let lease = LeaseID(lines[0]) else { return nil }
        self.lease = lease
        socket = String(lines[1])
        configuration = String(lines[2])
    }

    func write(to path: String) throws {
        let directory = path.split(separator: "/").dropLast().reduce("") { "\($0)/\($1)" }
        try Files.makeDirectory(directory)
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Failure(.cannotCreate, "\(SystemFailure.last("cannot write \(path)"))") }
        defer { close(descriptor) }
        Console.write("\(lease)\n\(socket)\n\(configuration)", to: descriptor)
    }
}
