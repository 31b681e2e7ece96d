import Engine
import Fleet

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

extension DriverFiles {
    /// What a container needs of a GPU or of a slice of one: of a slice, beside the GPU's node, those that stand for the
    /// right to its GPU instance and to its compute instance, and nothing of other slices.
    func edits(for device: LeasedDevice) throws(PreparationError) -> ContainerEdits {
        var edits = try edits(forMinor: device.gpu.minor)
        for minor in device.slice?.minors ?? [] {
            try makeCapability(minor)
            let node = try self.edits(deviceNamed: Self.capability(minor))
            edits.deviceNodes += node.deviceNodes
            edits.mounts += node.mounts
        }
        return edits
    }

    /// What a plain process must not open: the nodes of GPUs that it has nothing of, and of slices that are not its own.
    func hidden(from mine: [LeasedDevice], on node: Node) -> [String] {
        var hidden: [String] = []
        for gpu in node.gpus {
            let own = mine.filter { $0.gpu.id == gpu.id }
            if own.isEmpty { hidden.append(devicePath(minor: gpu.minor)) }
            let needed = Set(own.flatMap { $0.slice?.minors ?? [] })
            let others = Set((gpu.slices ?? []).flatMap(\.minors)).subtracting(needed)
            for minor in others.sorted() {
                // One that is made later would not be covered.
                try? makeCapability(minor)
                hidden.append("\(deviceRoot)/\(Self.capability(minor))")
            }
        }
        return hidden
    }

    /// The node's name under the device root.
    static func capability(_ minor: Int) -> String { "nvidia-caps/nvidia-cap\(minor)" }

    /// The number that the kernel has given a driver's character devices: lines such as `235 nvidia-caps`.
    static func major(of driver: String, in devices: String) -> Int? {
        // Block devices follow, with numbers of their own.
        for line in devices.prefix(upTo: devices.firstRange(of: "Block")?.lowerBound ?? devices.endIndex)
            .split(separator: "\n")
        {
            let words = line.split(separator: " ")
            if words.count == 2, words[1] == driver { return Int(words[0]) }
        }
        return nil
    }

    /// A device's number as the kernel packs it: glibc's `makedev`.
    static func device(_ major: Int, _ minor: Int) -> dev_t {
        let (major, minor) = (UInt64(major), UInt64(minor))
        return dev_t((major & ~0xFFF) << 32 | (major & 0xFFF) << 8 | (minor & ~0xFF) << 12 | minor & 0xFF)
    }

    /// Makes a capability's node where nobody has made it yet: the driver's tools do that only when they use the slice.
    ///
    /// Beside nodes that are plain files and stand for devices, as a simulated driver's, it is a file, too.
    private func makeCapability(_ minor: Int) throws(PreparationError) {
        let path = "\(deviceRoot)/\(Self.capability(minor))"
        guard HostFiles.kind(of: path) == nil else { return }
        mkdir("\(deviceRoot)/nvidia-caps", 0o755)
        let failed: Bool
        if HostFiles.kind(of: "\(deviceRoot)/nvidiactl") == .file {
            let file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o666)
            failed = file < 0
            if file >= 0 { close(file) }
        } else {
            guard let major = Self.major(of: "nvidia-caps", in: HostFiles.text("/proc/devices") ?? "") else {
                throw PreparationError(
                    "\(path) is not there, and /proc/devices has no nvidia-caps to make it of; make it with "
                        + "'nvidia-modprobe -f' and the slice's file under /proc/driver/nvidia/capabilities")
            }
            // What the driver's own tools give it: whoever can open it has the right.
            failed = mknod(path, S_IFCHR | 0o444, Self.device(major, minor)) != 0
        }
        guard !failed || HostFiles.kind(of: path) != nil else {
            throw PreparationError(
                "\(path) is not there and cannot be made: \(String(cString: strerror(errno))); run divvy as root, or "
                    + "make it with 'nvidia-modprobe -f' and the slice's file under /proc/driver/nvidia/capabilities")
        }
    }
}

extension ExistingSlice {
    /// The numbers of the nodes that whoever uses it must be able to open.
    fileprivate var minors: [Int] { [gpuInstanceMinor, computeInstanceMinor].compactMap { $0 } }
}
