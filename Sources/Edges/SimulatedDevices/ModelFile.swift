import CSimulatedDriver
import Glibc

/// The shared file that is a simulated machine, mapped into this process for as long as this object lives.
///
/// Safe to share: the pointer never changes, fixed fields are only read, and live ones go through the atomic functions
/// of `device_model_access.h`.
final class ModelFile: Sendable {
    nonisolated(unsafe) let model: UnsafeMutablePointer<DeviceModel>
    /// Open as long as this object lives, to see the locks of processes in other PID namespaces.
    private let file: Int32

    /// Writes a new model into a file that must not exist, readable and writable for everybody as a driver's node is.
    static func create(at path: String, _ writer: ModelWriter) throws(SimulationError) {
        let model = UnsafeMutablePointer<DeviceModel>.allocate(capacity: 1)
        defer { model.deallocate() }
        memset(model, 0, MemoryLayout<DeviceModel>.size)
        writer.write(to: model)
        let file = Glibc.open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
        guard file >= 0 else { throw .system(operation: "create", path: path, code: errno) }
        defer { close(file) }
        guard write(file, model, MemoryLayout<DeviceModel>.size) == MemoryLayout<DeviceModel>.size,
            fchmod(file, 0o666) == 0
        else { throw .system(operation: "write", path: path, code: errno) }
    }

    /// Maps the model of a machine that somebody made.
    init(openAt path: String) throws(SimulationError) {
        let file = Glibc.open(path, O_RDWR | O_CLOEXEC)
        guard file >= 0 else { throw .system(operation: "open", path: path, code: errno) }
        do throws(SimulationError) {
            model = try Self.map(file, path)
        } catch {
            close(file)
            throw error
        }
        self.file = file
    }

    private static func map(
        _ file: Int32, _ path: String
    ) throws(SimulationError) -> UnsafeMutablePointer<DeviceModel> {
        // The magic number and the layout come first in every layout, however long the rest is.
        var magic: UInt64 = 0
        var layout: UInt32 = 0
        guard pread(file, &magic, 8, 0) == 8, magic == MODEL_MAGIC, pread(file, &layout, 4, 8) == 4 else {
            throw .notAnInstance(path: path, reason: "the file is not a device model")
        }
        guard layout == MODEL_LAYOUT else {
            throw .notAnInstance(
                path: path,
                reason: "another version of Divvy made it (layout \(layout), here \(MODEL_LAYOUT)); take it away and "
                    + "make it anew: divvy sim stop, divvy sim start")
        }
        let size = MemoryLayout<DeviceModel>.size
        guard lseek(file, 0, SEEK_END) >= size else {
            throw .notAnInstance(path: path, reason: "the file is too short to be a device model")
        }
        guard let memory = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0), memory != MAP_FAILED else {
            throw .system(operation: "map", path: path, code: errno)
        }
        return memory.assumingMemoryBound(to: DeviceModel.self)
    }

    /// Whether the process of an entry lives.
    func isAlive(_ process: ModelProcess) -> Bool {
        var process = process
        return listed_process_lives(file, &process)
    }

    /// Whether there is a device model at the path, of whatever layout.
    static func isModel(at path: String) -> Bool {
        let file = Glibc.open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return false }
        defer { close(file) }
        var magic: UInt64 = 0
        return read(file, &magic, 8) == 8 && magic == MODEL_MAGIC
    }

    deinit {
        munmap(model, MemoryLayout<DeviceModel>.size)
        close(file)
    }
}

/// What the operating system calls an error.
func errorText(_ code: Int32) -> String {
    guard let text = strerror(code) else { return "error \(code)" }
    return String(cString: text)
}
