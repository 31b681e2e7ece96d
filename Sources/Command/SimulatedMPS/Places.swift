import CSimulatedDriver
import Glibc

/// The directories of a daemon.
struct Places {
    var pipe: String
    var log: String

    init(isThird: Bool) {
        let usual = isThird && geteuid() == 0 ? "/run/nvidia-mps" : "/tmp/nvidia-mps"
        pipe = Environment.value("CUDA_MPS_PIPE_DIRECTORY") ?? usual
        log = Environment.value("CUDA_MPS_LOG_DIRECTORY") ?? "/var/log/nvidia-mps"
    }

    var control: String { pipe + "/control" }
    var lock: String { pipe + "/control_lock" }
    var pidFile: String { pipe + "/nvidia-cuda-mps-control.pid" }

    /// Makes a directory and those above it that are missing.
    static func make(_ directory: String) {
        var path = directory.hasPrefix("/") ? "" : "."
        for part in directory.split(separator: "/") {
            path += "/" + part
            mkdir(path, 0o755)
        }
    }
}

/// The simulated machine whose GPUs are served.
enum Machine {
    /// Where the devices of the machine lie: `../dev` seen from this program, as the machine installed it, or what
    /// `DIVVY_SIMULATED_MACHINE` names, or `/dev`.
    static var devices: String? {
        var candidates: [String] = []
        if let named = Environment.value("DIVVY_SIMULATED_MACHINE") { candidates.append(named + "/dev") }
        if let slash = executable.lastIndex(of: "/") {
            candidates.append(executable[..<slash] + "/../dev")
        }
        candidates.append("/dev")
        return candidates.first { access($0 + "/nvidiactl", R_OK | W_OK) == 0 && SharedModel.isThere($0) }
    }

    static var driverVersion: String? {
        guard let devices, let model = SharedModel(devices) else { return nil }
        return String(cString: model_driver_version(model.memory))
    }

    /// This program's file.
    static var executable: String {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 4096) { buffer in
            guard let start = buffer.baseAddress else { return "" }
            let length = readlink("/proc/self/exe", start, 4095)
            guard length > 0 else { return "" }
            start[length] = 0
            return String(cString: start)
        }
    }
}

/// The device model of a machine, mapped for as long as the process lives.
struct SharedModel {
    let memory: UnsafeMutablePointer<DeviceModel>
    let devices: String

    static func isThere(_ devices: String) -> Bool { SharedModel(devices) != nil }

    /// Nil when there is no model of this layout.
    init?(_ devices: String) {
        let file = open(devices + "/nvidiactl", O_RDWR | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var found = stat()
        let size = MemoryLayout<DeviceModel>.size
        guard fstat(file, &found) == 0, found.st_mode & S_IFMT == S_IFREG, found.st_size >= size,
            let mapped = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0), mapped != MAP_FAILED
        else { return nil }
        memory = mapped.assumingMemoryBound(to: DeviceModel.self)
        guard memory.pointee.magic == MODEL_MAGIC, memory.pointee.layout == MODEL_LAYOUT,
            memory.pointee.gpuCount <= UInt32(MODEL_GPU_LIMIT)
        else {
            munmap(mapped, size)
            return nil
        }
        self.devices = devices
    }

    var gpuCount: UInt32 { memory.pointee.gpuCount }

    func gpu(_ index: UInt32) -> UnsafeMutablePointer<ModelGPU>? { model_gpu(memory, index) }

    func uuid(_ index: UInt32) -> String { gpu(index).map { String(cString: model_uuid($0)) } ?? "" }

    /// The GPUs whose nodes this process can open.
    var visible: [UInt32] {
        (0..<gpuCount).filter { index in
            guard let gpu = gpu(index) else { return false }
            return access("\(devices)/nvidia\(gpu.pointee.minorNumber)", R_OK | W_OK) == 0
        }
    }

    /// The GPUs that a list of ordinals and beginnings of UUIDs names, among these.
    /// - Throws: `Refusal` when an entry names none.
    func choose(_ list: String, among gpus: [UInt32]) throws(Refusal) -> [UInt32] {
        var chosen: [UInt32] = []
        for entry in list.split(separator: ",") {
            let name = Text.trimmed(entry)
            guard let gpu = find(name, among: gpus) else { throw Refusal("no CUDA-capable device is detected") }
            if !chosen.contains(gpu) { chosen.append(gpu) }
        }
        return chosen
    }

    /// The GPU that an ordinal or the beginning of a UUID means; nil when it is none, or more than one.
    func find(_ name: String, among gpus: [UInt32]) -> UInt32? {
        if let ordinal = Int(name) { return gpus.indices.contains(ordinal) ? gpus[ordinal] : nil }
        guard name.hasPrefix("GPU-"), name.utf8.count > 4 else { return nil }
        let meant = gpus.filter { uuid($0).hasPrefix(name) }
        return meant.count == 1 ? meant[0] : nil
    }

    /// A number that no other server or client of the machine has or had.
    func newNumber() -> UInt64 {
        withUnsafeMutablePointer(to: &memory.pointee.newestNumber) { number in
            while true {
                let before = model_load_64(number)
                if model_exchange_64(number, before, before + 1) { return before + 1 }
            }
        }
    }
}
