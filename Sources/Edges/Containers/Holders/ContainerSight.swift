import Fleet

/// A container as its engine describes it at one moment.
struct ContainerSight: Hashable {
    enum Life: Hashable {
        /// Made, and never started yet.
        case notYet
        case running
        case over
    }

    let id: String
    let lease: LeaseID
    let life: Life
    /// Its first process, by the engine's word; nil while none runs.
    let pid: Int32?
    /// Whether the engine starts it again when it ends by itself.
    let restarts: Bool

    /// A line for each container, with what is read here and nothing that a tenant can write blanks or lines into.
    static let format = """
        {{.Id}} {{.State.Status}} {{.State.Pid}} {{with .HostConfig.RestartPolicy.Name}}{{.}}{{else}}no{{end}} \
        {{index .Config.Labels "divvy.lease"}}
        """

    /// Reads a line of `format`; nil for a container whose label is no lease's.
    init?(line: some StringProtocol) {
        let words = line.split(separator: " ", omittingEmptySubsequences: false)
        guard words.count == 5, let lease = LeaseID(words[4]), words[0].utf8.count == 64 else { return nil }
        id = String(words[0])
        self.lease = lease
        life =
            switch words[1] {
            case "created", "configured", "initialized": .notYet
            case "exited", "dead", "removing", "stopped": .over
            // "running", "paused", "restarting", "stopping", and whatever a later engine calls it: not over.
            default: .running
            }
        pid = Int32(words[2]).flatMap { $0 > 0 ? $0 : nil }
        restarts = words[3] != "no"
    }

    init(id: String, lease: LeaseID, life: Life, pid: Int32?, restarts: Bool) {
        self.id = id
        self.lease = lease
        self.life = life
        self.pid = pid
        self.restarts = restarts
    }
}
