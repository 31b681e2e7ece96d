package import Engine

/// The files of a driver that a container needs to use GPUs, wherever the host keeps them.
///
/// In the container, libraries stand in the directories that glibc's loader searches by itself, so that no image needs
/// a loader cache made anew, and none loses a search path of its own to `LD_LIBRARY_PATH`. There is one directory for
/// the Debian family and one for all others; an image has the use of one and does not mind the other.
package struct DriverFiles: Hashable, Sendable {
    /// The management library that the daemon itself has loaded; the others are next to it.
    package let library: String
    /// The driver's version, which the files' names end in; nil when it is not known.
    package let version: String?
    /// Where device nodes are: `/dev`, or a simulated driver's directory.
    package let deviceRoot: String
    /// Where the driver's programs may be, first match first.
    package let programDirectories: [String]

    package init(
        library: String, version: String?, deviceRoot: String = "/dev",
        programDirectories: [String] = ["/usr/bin", "/usr/sbin", "/usr/local/bin", "/bin"]
    ) {
        self.library = library
        self.version = version
        self.deviceRoot = deviceRoot
        self.programDirectories = programDirectories
    }

    #if arch(arm64)
        package static let libraryDirectoriesInContainer = ["/usr/lib/aarch64-linux-gnu", "/usr/lib64"]
    #else
        package static let libraryDirectoriesInContainer = ["/usr/lib/x86_64-linux-gnu", "/usr/lib64"]
    #endif

    /// The device nodes that any container with a GPU needs, whichever it is. They are looked for every time: some are
    /// made only when they are first used.
    package func commonNodes(for capabilities: Set<DriverCapability>) throws(PreparationError) -> ContainerEdits {
        var edits = ContainerEdits.none
        guard add(device: "nvidiactl", to: &edits) else { throw missing("nvidiactl") }
        for name in named(\.deviceNodes, capabilities) { add(device: name, to: &edits) }
        return edits
    }

    /// The driver's libraries, programs and configuration as mounts, which stay the same as long as the driver does.
    ///
    /// It reads whole directories, which takes milliseconds.
    package func installation(
        for capabilities: Set<DriverCapability>
    ) throws(PreparationError) -> [ContainerEdits.Mount] {
        var edits = ContainerEdits.none
        let found = libraries(for: capabilities)
        guard !found.isEmpty else {
            throw PreparationError(
                "no library of the driver was found next to \(library); set the path of the libnvidia-ml.so.1 that "
                    + "belongs to the loaded driver")
        }
        for directory in Self.libraryDirectoriesInContainer {
            for file in found { edits.mounts.append(readOnly(file.hostPath, at: "\(directory)/\(file.name)")) }
        }
        for program in named(\.programs, capabilities) {
            let path = programDirectories.lazy.map { "\($0)/\(program)" }.first(where: HostFiles.isExecutable)
            if let path { edits.mounts.append(readOnly(HostFiles.resolved(path) ?? path, at: "/usr/bin/\(program)")) }
        }
        // A simulated driver has no share in what the host has of a real one.
        if deviceRoot == "/dev" {
            for path in named(\.configurations, capabilities) where HostFiles.kind(of: path) == .file {
                edits.mounts.append(readOnly(path, at: path))
            }
        }
        return edits.mounts
    }

    /// What a container needs of one GPU.
    package func edits(forMinor minor: Int) throws(PreparationError) -> ContainerEdits {
        try edits(deviceNamed: "nvidia\(minor)")
    }

    func edits(deviceNamed name: String) throws(PreparationError) -> ContainerEdits {
        var edits = ContainerEdits.none
        guard add(device: name, to: &edits) else { throw missing(name) }
        return edits
    }

    package func devicePath(minor: Int) -> String { "\(deviceRoot)/nvidia\(minor)" }

    /// One name that a library is loaded by, and the file behind it.
    package struct Library: Hashable, Sendable {
        package let name: String
        package let hostPath: String
    }

    /// Every name that the driver's libraries go by: the file's own, its SONAME's link, and the linker's.
    ///
    /// It reads whole directories, which takes milliseconds.
    package func libraries(for capabilities: Set<DriverCapability>) -> [Library] {
        let beside = HostFiles.split(library).directory
        // Distributions that allow several drivers keep the files elsewhere, behind links to links.
        let behind = HostFiles.resolved(library).map { HostFiles.split($0).directory }
        var places: [String: [String]] = [:]
        for directory in Set([beside, behind ?? beside]).sorted() {
            for name in HostFiles.names(in: directory) ?? [] {
                guard let end = name.firstRange(of: ".so") else { continue }
                let rest = name[end.upperBound...]
                guard rest.isEmpty || rest.hasPrefix(".") else { continue }
                places[String(name[..<end.lowerBound]), default: []].append("\(directory)/\(name)")
            }
        }
        return named(\.libraries, capabilities).flatMap { chosen(places[$0] ?? []) }
    }

    /// Of all files with one library's name, those of this driver: of its version, or else what the shortest name,
    /// `libcuda.so.1`, leads to.
    private func chosen(_ paths: [String]) -> [Library] {
        var names: [String: Set<String>] = [:]
        for path in paths {
            guard let real = HostFiles.resolved(path), HostFiles.kind(of: real) == .file else { continue }
            names[real, default: []].insert(HostFiles.split(path).name)
        }
        let versioned = version.map { version in names.keys.filter { $0.hasSuffix(".so.\(version)") } } ?? []
        let reals: [String]
        if versioned.isEmpty {
            let byShortest = names.min { left, right in
                let (a, b) = (left.value.map(\.utf8.count).min() ?? 0, right.value.map(\.utf8.count).min() ?? 0)
                return (a, left.key) < (b, right.key)
            }
            reals = byShortest.map { [$0.key] } ?? []
        } else {
            reals = versioned.sorted()
        }
        var seen: Set<String> = []
        return reals.flatMap { real in
            (names[real] ?? []).sorted().filter { seen.insert($0).inserted }.map { Library(name: $0, hostPath: real) }
        }
    }

    /// Adds a node as `/dev/NAME`, by a mount when it is a plain file that stands for a device; false when it is not
    /// there.
    @discardableResult
    private func add(device name: String, to edits: inout ContainerEdits) -> Bool {
        let path = "\(deviceRoot)/\(name)"
        switch HostFiles.kind(of: path) {
        case .deviceNode:
            edits.deviceNodes.append(.init(path: "/dev/\(name)", hostPath: path))
        case .file:
            edits.mounts.append(
                .init(hostPath: path, containerPath: "/dev/\(name)", options: ["rw", "nosuid", "nodev", "bind"]))
        case .directory, .other, nil: return false
        }
        return true
    }

    private func readOnly(_ path: String, at target: String) -> ContainerEdits.Mount {
        .init(hostPath: path, containerPath: target, options: ["ro", "nosuid", "nodev", "bind"])
    }

    /// What each capability names, each once, in the order of the capabilities.
    private func named(
        _ list: KeyPath<DriverCapability, [String]>, _ capabilities: Set<DriverCapability>
    ) -> [String] {
        var seen: Set<String> = []
        return DriverCapability.allCases.filter(capabilities.contains).flatMap { $0[keyPath: list] }
            .filter { seen.insert($0).inserted }
    }

    private func missing(_ name: String) -> PreparationError {
        PreparationError(
            "\(deviceRoot)/\(name) is not there, so no container can use the GPU; load the driver's module and make "
                + "its nodes, for instance with 'nvidia-modprobe -u -c 0'")
    }
}
