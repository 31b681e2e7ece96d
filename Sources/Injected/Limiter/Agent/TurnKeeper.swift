import CLimiter
import Glibc
import Synchronization

/// Keeps the turns of the containers on one GPU: a thread that opens and closes their gates.
///
/// When it ends, or its process dies, containers with a cap go by the clock and all others are free.
package final class TurnKeeper: Sendable {
    private let members = Mutex<[Tenancy]>([])
    private let version = Atomic<UInt32>(0)
    private let isStopped = Atomic<Bool>(false)
    private let ids = Atomic<Int>(0)
    private let memory = Mutex(DriverMemory())

    /// Starts without containers. Throws when there can be no thread.
    package init() throws(LimiterError) {
        var thread = pthread_t()
        let argument = Unmanaged.passRetained(self).toOpaque()
        let status = pthread_create(
            &thread, nil,
            { argument in
                if let argument {
                    let keeper = Unmanaged<TurnKeeper>.fromOpaque(argument).takeRetainedValue()
                    var round = TurnRound(keeper)
                    round.run()
                }
                return nil
            }, argument)
        guard status == 0 else {
            Unmanaged<TurnKeeper>.fromOpaque(argument).release()
            throw LimiterError("cannot start a thread: \(String(cString: strerror(status)))")
        }
        pthread_detach(thread)
    }

    /// Takes a container in; `part` is the GPU's place among its parts. The result names it for `remove`.
    package func add(_ container: LimitedContainer, part: Int) -> Int {
        let id = ids.add(1, ordering: .relaxed).newValue
        let member = Tenancy(id: id, container: container, part: part)
        memory.withLock { $0.welcome(member) }
        members.withLock { $0.append(member) }
        version.add(1, ordering: .releasing)
        return id
    }

    /// Leaves a container out from now on; its gate opens.
    package func remove(_ id: Int) {
        let gone = members.withLock { members in
            let gone = members.first { $0.id == id }
            members.removeAll { $0.id == id }
            return gone
        }
        gone?.setMode(turns: false, period: 0)
        gone?.setHad(nil)
        memory.withLock { $0.forget(id) }
        version.add(1, ordering: .releasing)
    }

    /// Charges the containers for what they hold beyond their books, and learns what a context takes.
    ///
    /// It is to be called each second. `ask` asks the driver which processes have memory of the GPU: bytes by the pid
    /// that they have here. Containers know their own; what is none of theirs is left alone.
    package func settleMemory<Failure: Error>(_ ask: () throws(Failure) -> [Int32: UInt64]) throws(Failure) {
        let containers = members.withLock { $0 }
        let before = containers.map { $0.container.memoryHeld(part: $0.part) }
        let found = try ask()
        memory.withLock { $0.note(found, containers, heldBefore: before) }
    }

    /// Ends the thread, soon.
    package func stop() { isStopped.store(true, ordering: .releasing) }

    var isEnding: Bool { isStopped.load(ordering: .acquiring) }
    /// The containers, when they are others than those of that version.
    func members(since seen: inout UInt32?) -> [Tenancy]? {
        let now = version.load(ordering: .acquiring)
        guard seen != now else { return nil }
        seen = now
        return members.withLock { $0 }
    }
}

func monotonicNow() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}
