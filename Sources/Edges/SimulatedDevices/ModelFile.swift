import CSimulatedDriver
import Glibc

/// The shared file that is a simulated machine, mapped into this process for as long as this object lives.
///
/// Safe to share: the pointer never changes, fixed fields are only read, and live ones go through the atomic functions
/// of `device_model_access.h`.
final class ModelFile: Sendable {
    nonisolated(unsafe) let model: UnsafeMutablePointer<DeviceModel>

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
        defer { close(file) }
        let size = MemoryLayout<DeviceModel>.size
        guard lseek(file, 0, SEEK_END) >= size else {
            throw .notAnInstance(path: path, reason: "the file is too short to be a device model")
        }
        guard let memory = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0), memory != MAP_FAILED else {
            throw .system(operation: "map", path: path, code: errno)
        }
        let mapped = memory.assumingMemoryBound(to: DeviceModel.self)
        guard mapped.pointee.magic == MODEL_MAGIC, mapped.pointee.layout == MODEL_LAYOUT else {
            let isModel = mapped.pointee.magic == MODEL_MAGIC
            let layout = mapped.pointee.layout
            munmap(memory, size)
            throw .notAnInstance(
                path: path,
                reason: isModel
                    ? "its layout is \(layout), and this version of Divvy knows \(MODEL_LAYOUT); make it anew"
                    : "the file is not a device model")
        }
        model = mapped
    }

    deinit {
        munmap(model, MemoryLayout<DeviceModel>.size)
    }
}

/// What the operating system calls an error.
func errorText(_ code: Int32) -> String {
    guard let text = strerror(code) else { return "error \(code)" }
    return String(cString: text)
}
