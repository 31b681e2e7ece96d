import CLimiter
import Glibc

/// The two files of a container, as the agent has them: the limits, which it writes, and the books, which it reads.
///
/// The books are the container's, which may do to them what it likes, so they are read by system calls: a file that
/// was cut short is an error there, where memory of it would end the agent.
package final class LimitedContainer: Sendable {
    package let parts: [LimitedPart]
    package let limitsPath: String
    package let booksPath: String
    // Safe to pass between threads: the address never changes, and what is there is shared memory whose words change
    // one by one.
    nonisolated(unsafe) let limits: UnsafeMutablePointer<LimiterLimits>
    // Safe in the same way. It is for waiting on the bells only, which the kernel does, and is never read.
    nonisolated(unsafe) let bells: UnsafeMutableRawPointer
    private let file: Int32

    /// Makes both files anew in a directory, which becomes what a container finds in `LimiterLibrary.place`.
    package init(directory: String, parts: [LimitedPart]) throws(LimiterError) {
        guard !parts.isEmpty, parts.count <= Int(LIMITER_GPUS) else {
            throw LimiterError("a container is limited on 1 to \(LIMITER_GPUS) GPUs, not on \(parts.count)")
        }
        for part in parts where part.uuid.count != 16 {
            throw LimiterError("a GPU's UUID has 16 bytes, not \(part.uuid.count)")
        }
        self.parts = parts
        limitsPath = directory + "/limits"
        booksPath = directory + "/books"
        let (limitsFile, limitsMemory) = try Self.make(limitsPath, MemoryLayout<LimiterLimits>.size, mode: 0o644)
        close(limitsFile)
        limits = limitsMemory.assumingMemoryBound(to: LimiterLimits.self)
        (file, bells) = try Self.make(booksPath, MemoryLayout<LimiterBooks>.size, mode: 0o666)
        write()
    }

    /// Takes up again what another agent, which is gone, has made in a directory: programs may have been running all
    /// the while. Throws when there is nothing that can be taken up.
    package init(resuming directory: String) throws(LimiterError) {
        limitsPath = directory + "/limits"
        booksPath = directory + "/books"
        let (limitsFile, limitsMemory) = try Self.map(limitsPath, MemoryLayout<LimiterLimits>.size)
        close(limitsFile)
        let page = limitsMemory.assumingMemoryBound(to: LimiterLimits.self)
        guard page.pointee.magic == LIMITER_MAGIC, page.pointee.layout == UInt32(LIMITER_LAYOUT),
            (1...UInt32(LIMITER_GPUS)).contains(page.pointee.gpuCount)
        else {
            munmap(limitsMemory, MemoryLayout<LimiterLimits>.size)
            throw LimiterError("\(limitsPath) is not a page of limits of layout \(LIMITER_LAYOUT)")
        }
        limits = page
        parts = (0..<Int(page.pointee.gpuCount)).map { index in
            let gpu = Self.gpuLimits(page, index).pointee
            let policy: LimitedPart.Policy =
                switch Int(gpu.policy) {
                case LIMITER_CAP: .cap
                case LIMITER_BURST: .burst(gpu.burst)
                default: .share
                }
            return LimitedPart(
                uuid: withUnsafeBytes(of: gpu.uuid) { Array($0) }, memory: gpu.memory, contextCharge: gpu.context,
                milli: gpu.milli, policy: policy, spill: gpu.spill)
        }
        (file, bells) = try Self.map(booksPath, MemoryLayout<LimiterBooks>.size)
    }

    deinit {
        munmap(limits, MemoryLayout<LimiterLimits>.size)
        munmap(bells, MemoryLayout<LimiterBooks>.size)
        close(file)
    }

    private static func make(
        _ path: String, _ size: Int, mode: mode_t
    ) throws(LimiterError) -> (Int32, UnsafeMutableRawPointer) {
        unlink(path)
        let file = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, mode)
        guard file >= 0 else { throw LimiterError("cannot make \(path): \(reason())") }
        // Whatever the process's mask says: the container's programs run as anybody.
        fchmod(file, mode)
        guard ftruncate(file, off_t(size)) == 0 else {
            let text = reason()
            close(file)
            throw LimiterError("cannot make \(path): \(text)")
        }
        close(file)
        return try map(path, size)
    }

    private static func map(_ path: String, _ size: Int) throws(LimiterError) -> (Int32, UnsafeMutableRawPointer) {
        let file = open(path, O_RDWR | O_CLOEXEC)
        guard file >= 0 else { throw LimiterError("cannot open \(path): \(reason())") }
        // What an older version has made is shorter, and zeros are the first state of what it did not know.
        var status = stat()
        if fstat(file, &status) == 0, status.st_size > 0, status.st_size < size { ftruncate(file, off_t(size)) }
        guard let memory = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0), memory != MAP_FAILED else {
            let text = reason()
            close(file)
            throw LimiterError("cannot map \(path): \(text)")
        }
        return (file, memory)
    }

    private func write() {
        limits.pointee.layout = UInt32(LIMITER_LAYOUT)
        limits.pointee.gpuCount = UInt32(parts.count)
        for (index, part) in parts.enumerated() {
            let gpu = gpuLimits(index)
            withUnsafeMutableBytes(of: &gpu.pointee.uuid) { $0.copyBytes(from: part.uuid) }
            gpu.pointee.memory = part.memory
            gpu.pointee.context = part.contextCharge
            gpu.pointee.milli = part.milli
            gpu.pointee.spill = part.spill
            switch part.policy {
            case .share: gpu.pointee.policy = UInt32(LIMITER_SHARE)
            case .cap: gpu.pointee.policy = UInt32(LIMITER_CAP)
            case .burst(let most):
                gpu.pointee.policy = UInt32(LIMITER_BURST)
                gpu.pointee.burst = most
            }
        }
        limits.pointee.magic = LIMITER_MAGIC
    }

    /// What is kept of a GPU, by its place among `parts`.
    func gpuLimits(_ index: Int) -> UnsafeMutablePointer<LimiterGPU> { Self.gpuLimits(limits, index) }

    private static func gpuLimits(
        _ limits: UnsafeMutablePointer<LimiterLimits>, _ index: Int
    ) -> UnsafeMutablePointer<LimiterGPU> {
        let offset = 64 + index * MemoryLayout<LimiterGPU>.stride
        return (UnsafeMutableRawPointer(limits) + offset).assumingMemoryBound(to: LimiterGPU.self)
    }

    // MARK: The books

    /// Reads a value of the books; nil when the container has cut them short.
    func read<Value: BitwiseCopyable>(_ offset: Int, as type: Value.Type) -> Value? {
        withUnsafeTemporaryAllocation(of: Value.self, capacity: 1) { buffer in
            let size = MemoryLayout<Value>.size
            guard pread(file, buffer.baseAddress, size, off_t(offset)) == size else { return nil }
            return buffer[0]
        }
    }

    /// Reads values that follow one another.
    func read<Value: BitwiseCopyable>(_ offset: Int, _ count: Int, into values: inout [Value]) -> Bool {
        let size = count * MemoryLayout<Value>.stride
        return values.withUnsafeMutableBytes { pread(file, $0.baseAddress, min(size, $0.count), off_t(offset)) == size }
    }

    /// How many of the slots for processes were ever used.
    var slots: Int { min(Int(read(8, as: UInt32.self) ?? 0), Int(LIMITER_PROCESSES)) }

    /// Whether the process of a slot lives: it holds the lock on the slot's byte.
    func isAlive(slot: Int) -> Bool {
        var lock = flock()
        lock.l_type = Int16(F_WRLCK)
        lock.l_whence = Int16(SEEK_SET)
        lock.l_start = off_t(LIMITER_LOCK_OFFSET) + off_t(slot)
        lock.l_len = 1
        return fcntl(file, 36, &lock) != 0 || lock.l_type != Int16(F_UNLCK)
    }

    /// What the processes of the container hold of a GPU together, as they say: those that are dead hold nothing.
    package func memoryHeld(part index: Int) -> UInt64 {
        (0..<slots).reduce(0) { sum, slot in
            guard let process = process(slot), process.serial != 0, let held = memoryHeld(part: index, slot: slot),
                held > 0, isAlive(slot: slot)
            else { return sum }
            return sum &+ held
        }
    }

    func memoryHeld(part index: Int, slot: Int) -> UInt64? {
        read(Layout.processes + slot * MemoryLayout<LimiterProcess>.stride + 32 + index * 8, as: UInt64.self)
    }

    private func process(_ slot: Int) -> LimiterProcess? {
        read(Layout.processes + slot * MemoryLayout<LimiterProcess>.stride, as: LimiterProcess.self)
    }

    /// The living processes, by their slots.
    var processes: [(slot: Int, process: LimiterProcess)] {
        (0..<slots).compactMap { slot in
            guard let process = process(slot), process.serial != 0, isAlive(slot: slot) else { return nil }
            return (slot, process)
        }
    }

    /// What stands in for a GPU's memory on the host, in bytes, as the living processes say.
    package func memorySpilled(part index: Int) -> UInt64 {
        (0..<slots).reduce(0) { sum, slot in
            guard let detail = detail(part: index, slot: slot), detail.spilled > 0, isAlive(slot: slot) else {
                return sum
            }
            return sum &+ detail.spilled
        }
    }

    func detail(part index: Int, slot: Int) -> LimiterDetail? {
        read(Layout.details(index) + slot * MemoryLayout<LimiterDetail>.stride, as: LimiterDetail.self)
    }

    /// What the account of a GPU says: bytes, the most there ever were, and allocations that were refused.
    package func account(part index: Int) -> (used: UInt64, peak: UInt64, refused: UInt64)? {
        read(64 + index * MemoryLayout<LimiterBook>.stride, as: LimiterBook.self).map { ($0.used, $0.peak, $0.refused) }
    }

    /// Charges the container for what the driver says it holds beyond its books.
    package func setUnaccounted(_ bytes: UInt64, part index: Int) { gpuLimits(index).pointee.unaccounted = bytes }

    /// Holds the container back, or lets it go again: whatever its part is, it has a twentieth of each GPU's time.
    ///
    /// It is no standstill: a program that waits for the GPU may hold what others wait for, and comes to an end this
    /// way. It holds for launches to come, within a tenth of a second, and over the death of the one who keeps turns.
    package func setThrottled(_ isThrottled: Bool) {
        for index in parts.indices { gpuLimits(index).pointee.flags = isThrottled ? UInt32(LIMITER_THROTTLED) : 0 }
    }

    package var isThrottled: Bool { gpuLimits(0).pointee.flags & UInt32(LIMITER_THROTTLED) != 0 }

    enum Layout {
        static let processes = 64 + Int(LIMITER_GPUS) * MemoryLayout<LimiterBook>.stride
        static let activities = processes + Int(LIMITER_PROCESSES) * MemoryLayout<LimiterProcess>.stride

        static func bell(_ gpu: Int) -> Int { 64 + gpu * MemoryLayout<LimiterBook>.stride + 32 }
        static func activities(_ gpu: Int) -> Int {
            activities + gpu * Int(LIMITER_PROCESSES) * MemoryLayout<LimiterActivity>.stride
        }
        static func details(_ gpu: Int) -> Int {
            activities(Int(LIMITER_GPUS)) + gpu * Int(LIMITER_PROCESSES) * MemoryLayout<LimiterDetail>.stride
        }
    }
}
