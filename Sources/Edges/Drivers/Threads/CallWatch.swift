import Synchronization

/// Which driver call a job is in, for whoever waits for the job.
final class CallWatch: Sendable {
    /// The address of a literal's text, which lives as long as the program; 0 between calls.
    private let current = Atomic<UInt>(0)

    func entered(_ call: StaticString) {
        current.store(UInt(bitPattern: call.utf8Start), ordering: .relaxed)
    }

    func left() {
        current.store(0, ordering: .relaxed)
    }

    /// The call that has not returned yet.
    var call: String? {
        guard let text = UnsafePointer<CChar>(bitPattern: current.load(ordering: .relaxed)) else { return nil }
        return String(cString: text)
    }
}
