/// The device nodes that stand for the right to use a MIG device: `/dev/nvidia-caps/nvidia-capN`.
///
/// Whoever can open those of a GPU instance and of a compute instance can use the MIG device that they make. Which
/// number is whose the kernel module tells, for each instance in a file of its own, and for all that there can be in one
/// table (MIG User Guide, "Device Nodes and Capabilities").
struct MIGCapabilities: Sendable {
    /// Where the kernel tells: `/proc`.
    let directory: String

    /// The n of the GPU instance's node; nil where the kernel tells of none.
    func minor(gpu: Int, gpuInstance: Int) -> Int? { minor("gpu\(gpu)", "gi\(gpuInstance)") }

    /// The n of the compute instance's node; nil where the kernel tells of none.
    func minor(gpu: Int, gpuInstance: Int, computeInstance: Int) -> Int? {
        minor("gpu\(gpu)", "gi\(gpuInstance)/ci\(computeInstance)")
    }

    /// - Parameter gpu: with the n of `/dev/nvidiaN`.
    private func minor(_ gpu: String, _ instance: String) -> Int? {
        let file = "\(directory)/driver/nvidia/capabilities/\(gpu)/mig/\(instance)/access"
        if let text = HostFiles.text(file) { return Self.deviceMinor(text) }
        guard let table = HostFiles.text("\(directory)/driver/nvidia-caps/mig-minors", limit: 1 << 20) else {
            return nil
        }
        return Self.minor("\(gpu)/\(instance)/access", in: table)
    }

    /// `DeviceFileMinor: 21`.
    static func deviceMinor(_ text: String) -> Int? {
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: ":")
            guard parts.count == 2, parts[0] == "DeviceFileMinor" else { continue }
            return Int(parts[1].drop { $0 == " " || $0 == "\t" })
        }
        return nil
    }

    /// Lines such as `gpu0/gi1/ci0/access 13`.
    static func minor(_ name: String, in table: String) -> Int? {
        for line in table.split(separator: "\n") {
            let parts = line.split(separator: " ")
            if parts.count == 2, parts[0] == name { return Int(parts[1]) }
        }
        return nil
    }
}
