import Glibc

extension SimulatedInstance {
    /// Where the machine has what a kernel module tells under `/proc`.
    package var kernelFiles: String { Self.kernelFiles(beside: devicePath) }

    /// The same for whoever knows only where the device nodes are: beside them, or the system's own.
    package static func kernelFiles(beside devices: String) -> String {
        devices == "/dev" ? "/proc" : "\(devices)/../proc"
    }

    /// Writes the table of the device nodes that stand for the right to use MIG devices.
    ///
    /// It names all that there can be, numbered as the kernel module does it: two for administration, then for each GPU
    /// fifteen GPU instances with eight compute instances each (MIG User Guide, "Device Nodes and Capabilities").
    static func writeCapabilities(of profile: SimulatedProfile, in directory: String) throws(SimulationError) {
        let gpus = profile.seats.indices.filter { profile.seats[$0].board.hasMIG }
        guard !gpus.isEmpty else { return }
        var lines = ["config 1", "monitor 2"]
        for gpu in gpus {
            for instance in 0..<15 {
                let first = 3 + (gpu * 15 + instance) * 9
                lines.append("gpu\(gpu)/gi\(instance)/access \(first)")
                lines += (0..<8).map { "gpu\(gpu)/gi\(instance)/ci\($0)/access \(first + 1 + $0)" }
            }
        }
        for part in ["", "/driver", "/driver/nvidia-caps"] {
            let path = "\(directory)/proc\(part)"
            guard mkdir(path, 0o755) == 0 else { throw .system(operation: "make", path: path, code: errno) }
        }
        let path = "\(directory)/proc/driver/nvidia-caps/mig-minors"
        let text = lines.joined(separator: "\n") + "\n"
        let file = Glibc.open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard file >= 0 else { throw .system(operation: "make", path: path, code: errno) }
        defer { close(file) }
        let bytes = Array(text.utf8)
        guard write(file, bytes, bytes.count) == bytes.count else {
            throw .system(operation: "write", path: path, code: errno)
        }
    }
}
