import Glibc

/// A limit of pinned memory, as somebody wrote it.
struct MemoryLimit {
    var text: String
    var bytes: UInt64

    init?(_ text: String, qualifiers: String) {
        guard let bytes = Text.bytes(text, qualifiers: qualifiers) else { return nil }
        self.text = text
        self.bytes = bytes
    }
}

/// What clients that come by one socket get. The second protocol has one of these for each server.
struct Namespace {
    static let usual = "default"

    var name: String
    /// In hundredths; nil when nobody set it.
    var percentage: UInt32?
    /// For all GPUs (third protocol).
    var pinned: MemoryLimit?
    /// For GPUs by their places in the model (second protocol).
    var pinnedOnGPU: [UInt32: MemoryLimit] = [:]
    var priority: UInt32?

    func pinnedBytes(gpu: UInt32) -> UInt64 { (pinnedOnGPU[gpu] ?? pinned)?.bytes ?? .max }
}

/// A process that computes through a server, by its connection.
struct Client {
    var file: Int32
    var pid: pid_t
    var uid: uid_t
    /// Its place at the server, and its number in it.
    var slot: UInt32
    var number: UInt64
    var namespace: String
}

/// A server that the daemon started, until its process is gone.
final class Server {
    enum State {
        case initializing, ready, gone
    }

    /// Its name in the third protocol.
    let name: String
    let uid: uid_t
    /// The GPUs that it was given, as a list of what was asked for; nil is all.
    let devices: String?
    /// Its place in the device model, and what tells it from others that had that place.
    let slot: UInt32
    let serial: UInt64
    let pid: pid_t
    /// The server ends when this is closed, and what it says comes from the other.
    let input: Int32
    let output: Int32
    var said = ""
    var state = State.initializing
    /// It goes when its last client does.
    var goesWhenIdle = false
    var wasForced = false
    /// By their places in the model, once it is ready.
    var gpus: [UInt32] = []
    var namespaces: [Namespace]
    var clients: [Client] = []

    init(
        name: String, uid: uid_t, devices: String?, slot: UInt32, serial: UInt64, pid: pid_t, input: Int32,
        output: Int32, namespaces: [Namespace]
    ) {
        self.name = name
        self.uid = uid
        self.devices = devices
        self.slot = slot
        self.serial = serial
        self.pid = pid
        self.input = input
        self.output = output
        self.namespaces = namespaces
    }

    func namespace(_ name: String) -> Namespace? { namespaces.first { $0.name == name } }

    /// Changes a namespace; the first one is the default.
    func change(_ name: String, _ body: (inout Namespace) -> Void) {
        guard let index = namespaces.firstIndex(where: { $0.name == name }) else { return }
        body(&namespaces[index])
    }
}
