import Fleet

/// What `/proc/PID/stat` tells of a process.
struct ProcessFacts: Hashable, Sendable {
    let parent: Int32
    /// Clock ticks after boot.
    let startTicks: UInt64

    /// The machine's boot id: with it, a pid and a start time mean one process for ever.
    static let boot = (SmallFile.text("/proc/sys/kernel/random/boot_id") ?? "").filter { !$0.isWhitespace }

    /// nil when there is no such process.
    init?(of pid: Int32) {
        // The second field is the program's name in parentheses and may hold anything.
        guard let text = SmallFile.text("/proc/\(pid)/stat"), let name = text.lastIndex(of: ")") else { return nil }
        let fields = text[text.index(after: name)...].split(separator: " ")
        guard fields.count > 19, let parent = Int32(fields[1]), let ticks = UInt64(fields[19]) else { return nil }
        self.parent = parent
        startTicks = ticks
    }

    /// Whether the process itself, and not a later one with its pid, is there.
    static func isThere(_ process: ProcessIdentity) -> Bool {
        ProcessFacts(of: process.pid)?.startTicks == process.startTicks
    }

    /// Whether a process is `ancestor` itself, or descends from it.
    static func isDescendant(_ pid: Int32, of ancestor: Int32) -> Bool {
        var pid = pid
        for _ in 0..<256 {
            if pid == ancestor { return true }
            guard pid > 1, let facts = ProcessFacts(of: pid) else { return false }
            pid = facts.parent
        }
        return false
    }
}
