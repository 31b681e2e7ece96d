package import Fleet

/// Where the multi-process service's things are, and how long they may take.
package struct MultiProcessSettings: Sendable {
    /// Everything of it lies in here, in memory where the system has such a place: `/run/divvy/mps`.
    ///
    /// Sockets lie deep in it, and their paths have an end: see `ServiceFiles.longestDirectory`.
    package var directory: String
    /// The control program for a node; nil where there is none.
    package var program: @Sendable (Node) -> String?
    /// A program and its arguments that asks a server for a context as any client does, and ends with 0 once it has one;
    /// nil where there is none to try with.
    package var probe: @Sendable (Node) -> [String]?
    /// The user that the daemon runs as; only root can serve several users.
    package var uid: UInt32
    /// Where a control daemon of somebody else's would be found by programs that are told nothing.
    package var foreignDirectories = ["/tmp/nvidia-mps", "/run/nvidia-mps"]
    /// How often servers with clients are looked at.
    package var period = Duration.seconds(5)
    /// How long a command to the control may take, and a server to get ready or to end.
    package var patience = Duration.seconds(10)
    /// A probe that has no context after so long hangs.
    package var probeLimit = Duration.seconds(5)
    /// What is still on a wedged server after so long hangs or has lost its context.
    package var hungAfter = Duration.seconds(30)

    package init(
        directory: String, program: @escaping @Sendable (Node) -> String?,
        probe: @escaping @Sendable (Node) -> [String]?, uid: UInt32
    ) {
        self.directory = directory
        self.program = program
        self.probe = probe
        self.uid = uid
    }
}

/// What happened to a server, for whoever keeps a record.
package enum ServiceNews: Hashable, Sendable, CustomStringConvertible {
    /// Its clients have lost their contexts, and it lets nobody in.
    case wedged(GPUID, hit: [LeaseID])
    /// A client's fault took the contexts of all.
    case faulted(GPUID, hit: [LeaseID])
    /// It ended by itself.
    case gone(GPUID, hit: [LeaseID])
    /// It was begun anew, or got well: programs that start now run.
    case well(GPUID)
    /// Something could not be done, in one sentence.
    case problem(GPUID, String)

    package var description: String {
        switch self {
        case .wedged(let gpu, let hit):
            "the multi-process server of \(gpu) hangs, which a program that was killed at work does to it; hit: "
                + "\(Self.words(hit)); programs of theirs must be started again"
        case .faulted(let gpu, let hit):
            "a program on the multi-process server of \(gpu) made a fault, which hits all of its clients: "
                + "\(Self.words(hit)); programs of theirs must be started again"
        case .gone(let gpu, let hit):
            "the multi-process server of \(gpu) was gone and was begun anew; hit: \(Self.words(hit)); programs of "
                + "theirs must be started again"
        case .well(let gpu): "the multi-process server of \(gpu) serves again"
        case .problem(let gpu, let what): "the multi-process server of \(gpu): \(what)"
        }
    }

    private static func words(_ leases: [LeaseID]) -> String {
        leases.isEmpty ? "no lease" : leases.map(\.description).joined(separator: ", ")
    }
}
