/// Where things lie when nobody says otherwise: for root where the system has them, for anybody else in the user's own
/// directories.
package struct StandardPaths: Hashable, Sendable {
    package let socket: String
    package let stateDirectory: String
    package let cdiDirectory: String
    /// Simulated drivers, one directory each.
    package let simulationDirectory: String
    /// A directory of the user's own in the world-writable /tmp, to be made with mode 0700 and to be refused when it
    /// is somebody else's; nil where there is a runtime directory.
    package let privateDirectory: String?

    package static let systemSocket = "/run/divvy/divvy.sock"

    package init(uid: UInt32, environment: [String: String]) {
        if uid == 0 {
            socket = Self.systemSocket
            stateDirectory = "/var/lib/divvy"
            cdiDirectory = "/var/run/cdi"
            simulationDirectory = "/run/divvy/sim"
            privateDirectory = nil
            return
        }
        func directory(_ name: String) -> String? {
            environment[name].flatMap { $0.hasPrefix("/") ? $0 : nil }
        }
        let fallback = "/tmp/divvy-\(uid)"
        let runtime = directory("XDG_RUNTIME_DIR")
        let state = directory("XDG_STATE_HOME") ?? directory("HOME").map { "\($0)/.local/state" }
        privateDirectory = runtime == nil ? fallback : nil
        let own = runtime.map { "\($0)/divvy" } ?? fallback
        socket = "\(own)/divvy.sock"
        simulationDirectory = "\(own)/sim"
        cdiDirectory = runtime.map { "\($0)/cdi" } ?? "\(fallback)/cdi"
        stateDirectory = state.map { "\($0)/divvy" } ?? "\(fallback)/state"
    }

    /// The sockets where a client looks for a daemon, in this order: the user's own, then the machine's.
    package var clientSockets: [String] { socket == Self.systemSocket ? [socket] : [socket, Self.systemSocket] }
}
