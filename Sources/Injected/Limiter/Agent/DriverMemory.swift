import CLimiter
import Glibc

/// What the driver says that processes hold of a GPU, against what the containers' books say.
///
/// The driver counts all that a process has: its contexts, its code, what libraries set aside. What it counts beyond a
/// container's books is charged to the container. Neither is a moment's picture of the other, so only what was there in
/// three looks in a row is believed.
struct DriverMemory {
    private static let looks = 3
    /// A context takes more than this, and what is less is noise.
    private static let smallest: UInt64 = 1 << 20

    /// What was found beyond the books, by container, newest last.
    private var excess: [Int: [UInt64]] = [:]
    /// What each context of a process seemed to take, by the process's serial.
    private var overheads: [Int: [UInt64: [UInt64]]] = [:]
    /// The least that a context of a container was seen to take, by container.
    private var learned: [Int: UInt64] = [:]
    /// The least of all that there ever were; 0 when none was seen.
    private var least: UInt64 = 0

    /// Tells a container what is known of contexts, or learns it: another agent may have been here before.
    ///
    /// Until one of its own was seen, its contexts are taken for what others' were, which is for others to say: a
    /// quarter of its limit is the most that they can take from it by lying.
    mutating func welcome(_ member: Tenancy) {
        let limits = member.container.gpuLimits(member.part)
        if limits.pointee.measured > 0 {
            learn(limits.pointee.measured, member)
        } else {
            expect(member)
        }
    }

    private func expect(_ member: Tenancy) {
        let limits = member.container.gpuLimits(member.part)
        limits.pointee.measured = min(least, limits.pointee.memory / 4)
    }

    mutating func forget(_ id: Int) {
        excess[id] = nil
        overheads[id] = nil
        learned[id] = nil
    }

    mutating func note(_ driver: [Int32: UInt64], _ members: [Tenancy], heldBefore: [UInt64]) {
        let processes = driver.compactMap { pid, bytes in ProcessIdentity(pid).map { (identity: $0, bytes: bytes) } }
        for (member, before) in zip(members, heldBefore) {
            let held = member.container.memoryHeld(part: member.part)
            var sum: UInt64 = 0
            var seen: [UInt64: [UInt64]] = [:]
            for (slot, process) in member.container.processes {
                guard let bytes = processes.first(where: { $0.identity.is(process) })?.bytes else { continue }
                sum += bytes
                guard held == before, let overhead = overhead(of: process, slot, member, bytes) else { continue }
                seen[process.serial] = (overheads[member.id]?[process.serial] ?? []).suffix(Self.looks - 1) + [overhead]
            }
            if held == before { overheads[member.id] = seen }
            let beyond = sum - min(sum, max(held, before))
            excess[member.id] = (excess[member.id] ?? []).suffix(Self.looks - 1) + [beyond]
            let believed = excess[member.id].flatMap { $0.count == Self.looks ? $0.min() : 0 } ?? 0
            member.container.setUnaccounted(believed, part: member.part)
            learn(member)
        }
        for member in members where learned[member.id] == nil { expect(member) }
    }

    /// What each context of a process takes, if there is nothing else that the books do not know.
    private func overhead(
        of process: LimiterProcess, _ slot: Int, _ member: Tenancy, _ bytes: UInt64
    ) -> UInt64? {
        guard let detail = member.container.detail(part: member.part, slot: slot), detail.contexts > 0,
            let held = member.container.memoryHeld(part: member.part, slot: slot)
        else { return nil }
        let besides = held - min(detail.contextBytes, held)
        let overhead = (bytes - min(besides, bytes)) / detail.contexts
        return overhead >= Self.smallest ? overhead : nil
    }

    /// Learns from all processes of a container that were there long enough.
    private mutating func learn(_ member: Tenancy) {
        let complete = overheads[member.id, default: [:]].values.filter { $0.count == Self.looks }
        if let found = complete.compactMap({ $0.min() }).min() { learn(found, member) }
    }

    private mutating func learn(_ found: UInt64, _ member: Tenancy) {
        let own = min(found, learned[member.id] ?? found)
        learned[member.id] = own
        member.container.gpuLimits(member.part).pointee.measured = own
        least = least == 0 ? own : min(least, own)
    }
}

/// What tells a process apart, seen from here as from inside its container.
private struct ProcessIdentity {
    private let pid: UInt64
    private let namespace: UInt64
    private let startTime: UInt64

    /// Nil when there is no such process, or when it is not for us to know.
    init?(_ pid: Int32) {
        var place = stat()
        guard stat("/proc/\(pid)/ns/pid", &place) == 0, let text = Self.read("/proc/\(pid)/stat"),
            // The name, in parentheses, may hold anything; what is the 22nd field is the 20th behind it.
            let end = text.lastIndex(of: ")")
        else { return nil }
        let fields = text[end...].split(separator: " ")
        guard fields.count > 20, let startTime = UInt64(fields[20]), let status = Self.read("/proc/\(pid)/status"),
            let line = status.split(separator: "\n").first(where: { $0.hasPrefix("NSpid:") }),
            let own = line.split(whereSeparator: { $0 == "\t" || $0 == " " }).last.flatMap({ UInt64($0) })
        else { return nil }
        self.pid = own
        self.startTime = startTime
        namespace = UInt64(place.st_ino)
    }

    func `is`(_ process: LimiterProcess) -> Bool {
        process.pid == pid && process.pidNamespace == namespace && process.startTime == startTime
    }

    private static func read(_ path: String) -> String? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: 8192)
        let count = bytes.withUnsafeMutableBytes { Glibc.read(file, $0.baseAddress, $0.count) }
        return count > 0 ? String(decoding: bytes.prefix(count), as: UTF8.self) : nil
    }
}
