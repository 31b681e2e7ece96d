import CSimulatedDriver
import Glibc

/// The other side of a daemon: sends commands and prints what comes back.
struct FrontEnd {
    let places: Places

    /// - Throws: `Refusal` when no daemon answers.
    func run(_ options: Options) throws(Refusal) -> Int32 {
        // Nothing is said of standard input before there is somebody to say it to.
        let first = Connection(path: places.control, instance: 0)
        guard let first else { throw Refusal("Cannot find MPS control daemon process") }
        if options.action == .quit { return try send("quit", first).status }
        if first.isThird {
            guard !options.words.isEmpty else {
                print(Options.help)
                return 1
            }
            let reply = try send(options.words.joined(separator: "\u{1F}"), first)
            if reply.status == 0 {
                if !reply.text.isEmpty { print(reply.text) }
            } else {
                Text.complain(reply.text)
            }
            return reply.status
        }
        while let line = readLine() {
            let reply = try send(line, first)
            if !reply.text.isEmpty { print(reply.text) }
            if reply.isLast { return reply.status }
        }
        return 0
    }

    private func send(_ line: String, _ connection: Connection) throws(Refusal) -> Reply {
        guard connection.send(line), let reply = connection.receive() else {
            throw Refusal("Cannot send command to MPS control daemon process")
        }
        return reply
    }
}

/// What a daemon answers to a command.
struct Reply {
    var text = ""
    var status: Int32 = 0
    /// The daemon ends with this.
    var isLast = false

    /// Status, whether it is the last one, the text's length, and the text.
    var bytes: [UInt8] {
        let text = Array(text.utf8)
        return [UInt8(truncatingIfNeeded: status), isLast ? 1 : 0]
            + (0..<4).map { UInt8(truncatingIfNeeded: text.count >> (8 * $0)) } + text
    }
}

/// A connection of a front end to a daemon.
final class Connection {
    private let file: Int32
    let isThird: Bool

    init?(path: String, instance: UInt64) {
        file = service_connect(path)
        guard file >= 0 else { return nil }
        var hello = ServiceHello(magic: UInt32(SERVICE_MAGIC), kind: UInt32(SERVICE_COMMANDS), instance: instance)
        var version: UInt8 = 0
        guard service_send(file, &hello, MemoryLayout<ServiceHello>.size), service_receive(file, &version, 1) else {
            close(file)
            return nil
        }
        isThird = version == 3
    }

    deinit { close(file) }

    func send(_ line: String) -> Bool {
        let bytes = Array(line.utf8) + [10]
        return service_send(file, bytes, bytes.count)
    }

    func receive() -> Reply? {
        var head = [UInt8](repeating: 0, count: 6)
        guard service_receive(file, &head, 6) else { return nil }
        let count = (0..<4).reduce(0) { $0 | Int(head[2 + $1]) << (8 * $1) }
        var text = [UInt8](repeating: 0, count: count)
        guard count == 0 || service_receive(file, &text, count) else { return nil }
        return Reply(text: String(decoding: text, as: UTF8.self), status: Int32(head[0]), isLast: head[1] != 0)
    }
}
