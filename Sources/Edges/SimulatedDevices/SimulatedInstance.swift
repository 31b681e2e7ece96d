import CSimulatedDriver
import FoundationEssentials
import Glibc

/// A simulated machine in a directory: a driver library, the device nodes, and the model behind both.
///
///     DIRECTORY/lib/libnvidia-ml.so.1   the library; it finds `../dev` by itself
///     DIRECTORY/lib/libcuda.so.1        the CUDA driver's, where it was built
///     DIRECTORY/bin/nvidia-cuda-mps-control   the control of its multi-process servers, where it was built
///     DIRECTORY/dev/nvidiactl           the device model, which every process that loads the library maps
///     DIRECTORY/dev/nvidia0 ...         one node for each GPU: who cannot open it does not see the GPU
///
/// The machine runs as long as the directory is there: there is no process behind it.
package final class SimulatedInstance: Sendable {
    /// Where the machine lies.
    package let directory: String
    let file: ModelFile

    /// The driver's library, to be loaded instead of the system's.
    package var libraryPath: String { directory + "/lib/libnvidia-ml.so.1" }
    /// The program that controls its multi-process servers; nil where it was not built.
    package var mpsControlPath: String? {
        let path = "\(directory)/bin/nvidia-cuda-mps-control"
        return access(path, X_OK) == 0 ? path : nil
    }
    /// The directory that takes the place of `/dev`.
    package var devicePath: String { directory + "/dev" }
    package var gpuCount: Int { Int(file.model.pointee.gpuCount) }
    /// The name of the profile that the machine was made from.
    package var profileName: String {
        withUnsafeBytes(of: file.model.pointee.profile) { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
    }

    private init(directory: String, file: ModelFile) {
        self.directory = directory
        self.file = file
    }

    /// Makes a machine, whole or not at all: it is put together beside its place and then renamed into it.
    ///
    /// It needs no privileges. Device nodes are made where that is allowed and useful, and plain files elsewhere.
    /// - Parameters:
    ///   - directory: must not exist; the directory above it must.
    ///   - library: the built simulated `libnvidia-ml.so.1`, which is copied, and with it the `libcuda` beside it.
    ///   - host: tells machines of one profile apart: their GPUs get other UUIDs.
    package static func create(
        profile: SimulatedProfile, at directory: String, library: String, host: String = ""
    ) throws(SimulationError) -> SimulatedInstance {
        guard access(directory, F_OK) != 0 else { throw .alreadyExists(path: directory) }
        let draft = "\(directory).new-\(getpid())-\(UInt32.random(in: 0 ... .max))"
        do throws(SimulationError) {
            try make(draft)
            try make(draft + "/lib")
            try make(draft + "/dev")
            try make(draft + "/bin")
            for (source, name) in parts(beside: library) { try copy(source, to: "\(draft)/\(name)") }
            for index in profile.seats.indices { try makeNode(draft + "/dev/nvidia\(index)") }
            try makeNode(draft + "/dev/nvidia-uvm")
            try ModelFile.create(at: draft + "/dev/nvidiactl", ModelWriter(profile: profile, host: host))
            guard rename(draft, directory) == 0 else {
                let code = errno
                throw code == EEXIST || code == ENOTEMPTY
                    ? .alreadyExists(path: directory) : .system(operation: "rename to", path: directory, code: code)
            }
        } catch {
            try? FileManager.default.removeItem(atPath: draft)
            throw error
        }
        return try open(at: directory)
    }

    /// Opens a machine that was made before.
    package static func open(at directory: String) throws(SimulationError) -> SimulatedInstance {
        let path = directory + "/dev/nvidiactl"
        guard access(path, F_OK) == 0 else {
            throw .notAnInstance(path: directory, reason: "it has no dev/nvidiactl")
        }
        return SimulatedInstance(directory: directory, file: try ModelFile(openAt: path))
    }

    /// Opens a machine that was made before, and gives it the libraries and programs of this build where it has others.
    ///
    /// Who has loaded an old one keeps it; each is replaced at once. A machine whose model another build laid out
    /// cannot be kept, and the error says what to do.
    /// - Parameter library: the built simulated `libnvidia-ml.so.1`.
    package static func open(
        at directory: String, library: String
    ) throws(SimulationError) -> SimulatedInstance {
        let instance = try open(at: directory)
        if access(directory + "/bin", F_OK) != 0 { try make(directory + "/bin") }
        for (source, name) in parts(beside: library) {
            let path = "\(directory)/\(name)"
            guard !FileManager.default.contentsEqual(atPath: source, andPath: path) else { continue }
            let draft = "\(path).new-\(getpid())-\(UInt32.random(in: 0 ... .max))"
            do throws(SimulationError) {
                try copy(source, to: draft)
                guard rename(draft, path) == 0 else {
                    throw .system(operation: "replace", path: path, code: errno)
                }
            } catch {
                unlink(draft)
                throw error
            }
        }
        return instance
    }

    /// What was built and where it lies in a machine: all but the first lies beside that, or was not built.
    private static func parts(beside library: String) -> [(source: String, name: String)] {
        let directory = library.split(separator: "/", omittingEmptySubsequences: false).dropLast()
            .joined(separator: "/")
        let prefix = directory.isEmpty && !library.hasPrefix("/") ? "" : directory + "/"
        let others: [(candidates: [String], name: String)] = [
            (["\(prefix)libcuda.so.1", "\(prefix)libcuda.so"], "lib/libcuda.so.1"),
            (["\(prefix)nvidia-cuda-mps-control"], "bin/nvidia-cuda-mps-control"),
        ]
        return [(library, "lib/libnvidia-ml.so.1")]
            + others.compactMap { other in
                other.candidates.first { access($0, R_OK) == 0 }.map { ($0, other.name) }
            }
    }

    /// The machines that lie in a directory, by name; anything else in it is passed over.
    package static func list(in directory: String) -> [SimulatedInstance] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        return names.sorted().compactMap { name in try? open(at: directory + "/" + name) }
    }

    /// The names of machines in a directory that another version of Divvy made, so that they cannot be opened.
    package static func unreadable(in directory: String) -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        return names.sorted().filter { name in
            let path = directory + "/" + name
            return ModelFile.isModel(at: path + "/dev/nvidiactl") && (try? open(at: path)) == nil
        }
    }

    /// Takes the machine away. Processes that have its library loaded keep what they see; nobody can load it anew.
    package func remove() throws(SimulationError) {
        try Self.remove(at: directory)
    }

    /// Takes away what lies in a directory if it is a machine, one of another build too.
    package static func remove(at directory: String) throws(SimulationError) {
        let path = directory + "/dev/nvidiactl"
        guard ModelFile.isModel(at: path) else {
            throw .notAnInstance(path: directory, reason: "it has no device model in dev/nvidiactl")
        }
        let doomed = "\(directory).gone-\(getpid())-\(UInt32.random(in: 0 ... .max))"
        guard rename(directory, doomed) == 0 else {
            throw .system(operation: "remove", path: directory, code: errno)
        }
        // What is left now has no name that anybody looks for.
        try? FileManager.default.removeItem(atPath: doomed)
    }

    private static func make(_ directory: String) throws(SimulationError) {
        guard mkdir(directory, 0o755) == 0 else { throw .system(operation: "make", path: directory, code: errno) }
    }

    private static func copy(_ library: String, to path: String) throws(SimulationError) {
        guard let contents = FileManager.default.contents(atPath: library) else {
            throw .system(operation: "read", path: library, code: errno == 0 ? ENOENT : errno)
        }
        guard FileManager.default.createFile(atPath: path, contents: contents), chmod(path, 0o755) == 0 else {
            throw .system(operation: "write", path: path, code: errno)
        }
    }

    /// A node that can be opened by everybody: `/dev/null` by another name, or a plain file.
    private static func makeNode(_ path: String) throws(SimulationError) {
        // Major 1, minor 3, as makedev(3) packs them; it is a macro that Swift does not import.
        if mknod(path, S_IFCHR | 0o666, 1 << 8 | 3) == 0 {
            // A file system that takes nodes may still refuse to open them.
            let file = Glibc.open(path, O_RDWR | O_CLOEXEC)
            if file >= 0 {
                close(file)
                guard chmod(path, 0o666) == 0 else { throw .system(operation: "make", path: path, code: errno) }
                return
            }
            unlink(path)
        }
        let file = Glibc.open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
        guard file >= 0 else { throw .system(operation: "make", path: path, code: errno) }
        defer { close(file) }
        guard fchmod(file, 0o666) == 0 else { throw .system(operation: "make", path: path, code: errno) }
    }
}
