import CNVML
import CSimulatedDriver
import Synchronization

/// What the library remembers between calls.
///
/// `nvmlInit` counts: the first call opens the machine, and until the last `nvmlShutdown` everything below stands
/// still. So calls read it without a lock, after they have seen a count above zero.
enum Driver {
    /// How often the library was initialised and not shut down again.
    private static let references = Atomic<UInt32>(0)
    /// Taken by those who initialise and shut down; held for microseconds.
    private static let isChanging = Atomic<Bool>(false)

    // Safe: written only while `isChanging` is held and `references` is zero, and read only after a count above zero
    // was loaded with acquiring order; the count is stored with releasing order after the writes.
    nonisolated(unsafe) private static var mapped: MappedModel?
    nonisolated(unsafe) private static var visible = InlineArray<16, UInt32>(repeating: 0)
    nonisolated(unsafe) private static var visibleCount: UInt32 = 0

    /// The machine; nil before `nvmlInit` and after the last `nvmlShutdown`.
    static var current: MappedModel? {
        references.load(ordering: .acquiring) > 0 ? mapped : nil
    }

    static func initialize() -> nvmlReturn_t {
        guard let opened = openFirst() else { return NVML_ERROR_DRIVER_NOT_LOADED }
        // Not under the lock: a start that is to hang must not hold up those of other threads by it.
        if let failure = meetFault("nvmlInit", in: opened) { return failure }
        lock()
        references.store(references.load(ordering: .relaxed) + 1, ordering: .releasing)
        isChanging.store(false, ordering: .releasing)
        return NVML_SUCCESS
    }

    /// The machine, opened if nobody has started the library; nil where there is none.
    private static func openFirst() -> MappedModel? {
        lock()
        defer { isChanging.store(false, ordering: .releasing) }
        if references.load(ordering: .relaxed) == 0 {
            var devices = MappedModel.Path(repeating: 0)
            guard let opened = MappedModel.open(devices: &devices) else { return nil }
            keep(opened)
            look(at: devices)
        }
        return mapped
    }

    static func shutDown() -> nvmlReturn_t {
        lock()
        defer { isChanging.store(false, ordering: .releasing) }
        let count = references.load(ordering: .relaxed)
        guard count > 0 else { return NVML_ERROR_UNINITIALIZED }
        references.store(count - 1, ordering: .releasing)
        return NVML_SUCCESS
    }

    /// GPUs that this process can open, in the order of their minor numbers.
    static var gpuCount: UInt32 { visibleCount }

    /// The GPU of that index among the visible ones.
    static func gpu(at index: UInt32) -> GPU? {
        guard let mapped = current, index < visibleCount else { return nil }
        return GPU(mapped: mapped, number: visible[Int(index)])
    }

    /// The index among the visible GPUs of a GPU of the model.
    static func index(ofNumber number: UInt32) -> UInt32? {
        for index in 0..<visibleCount where visible[Int(index)] == number { return index }
        return nil
    }

    /// Takes the new mapping, unless it shows what the old one shows: handles then stay what they were.
    private static func keep(_ opened: MappedModel) {
        if let old = mapped, old.model.pointee.instance == opened.model.pointee.instance,
            old.isWritable == opened.isWritable
        {
            munmap(opened.model, MemoryLayout<DeviceModel>.size)
            close(opened.file)
        } else {
            mapped = opened
        }
    }

    private static func look(at devices: MappedModel.Path) {
        visibleCount = 0
        guard let model = mapped?.model else { return }
        for number in 0..<model.pointee.gpuCount {
            guard MappedModel.canOpen(minor: model_gpu(model, number).pointee.minorNumber, in: devices) else {
                continue
            }
            visible[Int(visibleCount)] = number
            visibleCount += 1
        }
    }

    private static func lock() {
        while isChanging.exchange(true, ordering: .acquiring) { sched_yield() }
    }
}
