import CSimulatedDriver

/// The device model as this process sees it: where it was found, and the shared memory itself.
///
/// A mapping is never taken away, so a call that runs while another thread shuts the library down reads old numbers at
/// worst, and never memory that is gone.
struct MappedModel {
    let model: UnsafeMutablePointer<DeviceModel>
    /// The open file, by which the locks of processes in other PID namespaces are seen.
    let file: Int32
    /// False where the file may only be read; then this process leaves no trace in it.
    let isWritable: Bool
    /// Whether this process may change modes and limits: root, or who made the machine.
    let mayAdminister: Bool
    /// Whether the pids of the model are pids that this process can look up.
    let sharesPIDs: Bool

    /// Whether the machine's driver is of that branch or newer.
    func knows(_ branch: UInt32) -> Bool { model.pointee.driverBranch >= branch }

    /// A directory's path without a zero at its end, long enough for every path that the kernel takes.
    typealias Path = InlineArray<4096, CChar>

    /// Opens the model of the machine that this library belongs to.
    ///
    /// That is `../dev` seen from the library's own directory, where a control side has put both; or, in a container
    /// that was given the library and the devices of such a machine, `/dev`. The result is nil where neither holds a
    /// model: there is no driver.
    /// - Parameter devices: gets the path of the device directory.
    static func open(devices: inout Path) -> MappedModel? {
        var path = Path(repeating: 0)
        var length = 0
        if ownDirectory(&path, &length), append("/../dev", to: &path, &length),
            let mapped = open(in: path, length)
        {
            devices = path
            return mapped
        }
        length = 0
        guard append("/dev", to: &path, &length), let mapped = open(in: path, length) else { return nil }
        devices = path
        return mapped
    }

    /// Whether this process may use the device: the driver opens the node of each GPU, and so do we. A container or a
    /// device cgroup takes a GPU away by taking the node away.
    static func canOpen(minor: UInt32, in devices: Path) -> Bool {
        var path = devices
        var length = path.textLength
        guard append("/nvidia", to: &path, &length), append(decimal: minor, to: &path, &length) else { return false }
        let file = path.withCString { driver_open($0, true) }
        guard file >= 0 else { return false }
        close(file)
        return true
    }

    private static func open(in devices: Path, _ length: Int) -> MappedModel? {
        var path = devices
        var length = length
        guard append("/nvidiactl", to: &path, &length) else { return nil }
        var isWritable = true
        var file = path.withCString { driver_open($0, true) }
        if file < 0 {
            isWritable = false
            file = path.withCString { driver_open($0, false) }
        }
        guard file >= 0 else { return nil }
        guard let mapped = map(file, isWritable: isWritable) else {
            close(file)
            return nil
        }
        return mapped
    }

    private static func map(_ file: Int32, isWritable: Bool) -> MappedModel? {
        let size = MemoryLayout<DeviceModel>.size
        // A real nvidiactl is a character device and has no size.
        guard lseek(file, 0, SEEK_END) >= size else { return nil }
        let protection = isWritable ? PROT_READ | PROT_WRITE : PROT_READ
        guard let memory = mmap(nil, size, protection, MAP_SHARED, file, 0), memory != driver_map_failed() else {
            return nil
        }
        let model = memory.assumingMemoryBound(to: DeviceModel.self)
        guard model.pointee.magic == MODEL_MAGIC, model.pointee.layout == MODEL_LAYOUT,
            model.pointee.gpuCount <= MODEL_GPU_LIMIT
        else {
            munmap(memory, size)
            return nil
        }
        return MappedModel(
            model: model, file: file, isWritable: isWritable, mayAdminister: isWritable && driver_may_administer(file),
            sharesPIDs: model.pointee.pidNamespace == process_pid_namespace())
    }

    private static func ownDirectory(_ path: inout Path, _ length: inout Int) -> Bool {
        guard path.withMutableCString({ driver_own_path($0, 4096) }) else { return false }
        length = path.textLength
        while length > 0, path[length - 1] != slash { length -= 1 }
        // Loaded by a bare name out of the working directory: the loader then gives no directory at all.
        guard length > 0 else { return append(".", to: &path, &length) }
        length -= 1
        path[length] = 0
        return true
    }

    private static func append(_ text: StaticString, to path: inout Path, _ length: inout Int) -> Bool {
        guard length + text.utf8CodeUnitCount < 4096 else { return false }
        for offset in 0..<text.utf8CodeUnitCount {
            path[length] = CChar(bitPattern: text.utf8Start[offset])
            length += 1
        }
        path[length] = 0
        return true
    }

    private static func append(decimal number: UInt32, to path: inout Path, _ length: inout Int) -> Bool {
        guard length + 10 < 4096 else { return false }
        var divisor: UInt32 = 1
        while number / divisor >= 10 { divisor *= 10 }
        while divisor > 0 {
            path[length] = CChar(truncatingIfNeeded: 48 + number / divisor % 10)
            length += 1
            divisor /= 10
        }
        path[length] = 0
        return true
    }

    private static var slash: CChar { 47 }
}

extension MappedModel.Path {
    /// Bytes before the zero.
    fileprivate var textLength: Int {
        var length = 0
        while length < count - 1, self[length] != 0 { length += 1 }
        return length
    }

    fileprivate func withCString<Result>(_ body: (UnsafePointer<CChar>) -> Result) -> Result {
        withUnsafePointer(to: self) { body(UnsafeRawPointer($0).assumingMemoryBound(to: CChar.self)) }
    }

    fileprivate mutating func withMutableCString<Result>(_ body: (UnsafeMutablePointer<CChar>) -> Result) -> Result {
        withUnsafeMutablePointer(to: &self) { body(UnsafeMutableRawPointer($0).assumingMemoryBound(to: CChar.self)) }
    }
}
