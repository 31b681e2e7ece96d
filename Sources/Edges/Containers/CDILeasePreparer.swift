package import Engine
package import Fleet
import Synchronization

/// Makes leases hold with the Container Device Interface, and says the same in mounts, devices and environment for
/// engines and processes without it.
package final class CDILeasePreparer: LeasePreparer {
    package struct Settings: Sendable {
        /// Where specifications are written; nil writes none, and engines get the edits themselves.
        package var directory: CDIDirectory?
        /// The management library of the driver in use; what the node says it loaded unless told otherwise.
        package var library: @Sendable (Node) -> String?
        /// Where device nodes are: `/dev`, or a simulated driver's directory.
        package var deviceRoot: String
        /// The program that asks for a container's admission, and what it needs to reach the daemon.
        package var admission: [String]
        /// What makes shares hold; nil where nothing does.
        package var isolation: (any LeaseIsolation)?

        package init(
            directory: CDIDirectory?, library: @escaping @Sendable (Node) -> String? = { $0.driver?.library },
            deviceRoot: String = "/dev", admission: [String] = ["/usr/local/bin/divvy", "hook"],
            isolation: (any LeaseIsolation)? = nil
        ) {
            self.admission = admission
            self.isolation = isolation
            self.directory = directory
            self.library = library
            self.deviceRoot = deviceRoot
        }

        /// Run by the engine's runtime once the container's cgroup is there and before its program starts.
        fileprivate func admissionHook(_ lease: LeaseID) -> ContainerEdits.Hook {
            .init(name: "createRuntime", path: admission.first ?? "", arguments: admission + [lease.description])
        }
    }

    private struct CacheKey: Hashable {
        let files: DriverFiles
        let realLibrary: String
        let capabilities: Set<DriverCapability>
    }

    private let settings: Settings
    /// The driver's files as mounts, which stay the same until another driver is installed.
    private let cache = Mutex<[CacheKey: [ContainerEdits.Mount]]>([:])

    package init(_ settings: Settings) { self.settings = settings }

    package func prepare(_ lease: Lease, on node: Node) async throws(PreparationError) -> Preparation {
        let hold = try await settings.isolation?.hold(lease, on: node)
        let edits = try edits(of: lease, on: node, hold)
        let name = lease.id.description
        if let directory = settings.directory {
            do {
                try directory.write(specification(name, edits), of: lease.id)
            } catch let error as CDIDirectoryError {
                throw PreparationError(error.description)
            } catch {
                throw PreparationError("\(error)")
            }
        } else {
            do { try CDIRules.check(edits) } catch { throw PreparationError(error.description) }
        }
        let mine = try devices(of: lease, on: node)
        let uuids = mine.map(\.uuid).joined(separator: ",")
        let environment =
            [
                "CUDA_VISIBLE_DEVICES=\(uuids)", "NVIDIA_VISIBLE_DEVICES=\(uuids)", "CUDA_DEVICE_ORDER=PCI_BUS_ID",
                "DIVVY_LEASE=\(name)",
            ] + (hold?.processEnvironment ?? [])
        return Preparation(
            cdiDevice: CDISpecification.qualifiedName(name), cdiSpecification: settings.directory?.file(of: lease.id),
            edits: edits, processEnvironment: environment,
            hiddenDevices: try driverFiles(node).hidden(from: mine, on: node),
            processMounts: hold?.processMounts ?? [], needsAdmission: hold?.needsAdmission ?? false)
    }

    package func dismiss(_ lease: LeaseID) async {
        // A file that cannot be removed now is removed by the next reconciliation.
        try? settings.directory?.remove(lease)
        await settings.isolation?.release(lease)
    }

    package func admit(_ arrival: Arrival, of lease: Lease, on node: Node) async throws(PreparationError) {
        try await settings.isolation?.admit(arrival, of: lease, on: node)
    }

    package func readings(of lease: LeaseID) async -> [FenceReading] {
        await settings.isolation?.readings(of: lease) ?? []
    }

    package func note(_ memory: [GPUID: [Int32: Bytes]]) async { await settings.isolation?.note(memory) }

    package func throttle(_ lease: LeaseID, _ isThrottled: Bool) async -> Bool {
        await settings.isolation?.throttle(lease, isThrottled) ?? false
    }

    package func drain(_ lease: LeaseID) async { await settings.isolation?.drain(lease) }

    package func ownProcesses() async -> [Int32] { await settings.isolation?.ownProcesses() ?? [] }

    package func reconcile(_ leases: [Lease], on node: Node) async throws(PreparationError) {
        var problems: [String] = []
        let placed = leases.filter { $0.placement != nil }
        do { try await settings.isolation?.reconcile(placed, on: node) } catch { problems.append(error.description) }
        guard let directory = settings.directory else {
            guard problems.isEmpty else { throw PreparationError(problems.joined(separator: "; ")) }
            return
        }
        for lease in placed {
            do {
                let hold = try await settings.isolation?.hold(lease, on: node)
                try directory.write(specification(lease.id.description, edits(of: lease, on: node, hold)), of: lease.id)
            } catch {
                problems.append("\(lease.id): \(error)")
            }
        }
        do {
            let living = Set(placed.map(\.id))
            for lease in try directory.leases() where !living.contains(lease) { try directory.remove(lease) }
            try directory.removeUnfinished()
        } catch {
            problems.append("\(error)")
        }
        guard problems.isEmpty else { throw PreparationError(problems.joined(separator: "; ")) }
    }

    /// A specification of every GPU of the node by its UUID, without leases, for whoever gives out whole GPUs by hand.
    package func wholeGPUs(of node: Node) throws(PreparationError) -> CDISpecification {
        let files = try driverFiles(node)
        var devices: [CDISpecification.Device] = []
        for gpu in node.gpus {
            devices.append(.init(name: gpu.id.rawValue, edits: try files.edits(forMinor: gpu.minor)))
        }
        let common = try commonEdits(files, DriverCapability.named([]))
        do {
            return try CDISpecification(kind: CDISpecification.gpuKind, devices: devices, commonEdits: common)
        } catch {
            throw PreparationError(error.description)
        }
    }

    private func specification(_ name: String, _ edits: ContainerEdits) throws(CDIError) -> CDISpecification {
        try CDISpecification(kind: CDISpecification.gpuKind, devices: [.init(name: name, edits: edits)])
    }

    private func edits(
        of lease: Lease, on node: Node, _ hold: ShareHold?
    ) throws(PreparationError) -> ContainerEdits {
        let files = try driverFiles(node)
        let capabilities = DriverCapability.named(lease.request.capabilities)
        var edits = try commonEdits(files, capabilities)
        edits.environment.append("DIVVY_LEASE=\(lease.id)")
        let own = try devices(of: lease, on: node)
        // By number: in there CUDA counts only the GPUs whose nodes it finds. It stands here so that an image or a file
        // of variables cannot say otherwise; numbers, because not every framework reads UUIDs. Slices have no numbers.
        let names = own.enumerated().map { $1.slice?.uuid ?? String($0) }
        edits.environment.append("CUDA_VISIBLE_DEVICES=\(names.joined(separator: ","))")
        for device in own {
            let own = try files.edits(for: device)
            edits.deviceNodes += own.deviceNodes.filter { !edits.deviceNodes.contains($0) }
            edits.mounts += own.mounts.filter { !edits.mounts.contains($0) }
        }
        if let hold, capabilities.contains(.compute) {
            try edits.put(hold, lease.id)
            if hold.needsAdmission { edits.hooks.append(settings.admissionHook(lease.id)) }
        }
        return edits
    }

    private func commonEdits(
        _ files: DriverFiles, _ capabilities: Set<DriverCapability>
    ) throws(PreparationError) -> ContainerEdits {
        let key = CacheKey(
            files: files, realLibrary: HostFiles.resolved(files.library) ?? "", capabilities: capabilities)
        var edits = try files.commonNodes(for: capabilities)
        if let known = cache.withLock({ $0[key] }) {
            edits.mounts += known
        } else {
            let mounts = try files.installation(for: capabilities)
            cache.withLock { $0[key] = mounts }
            edits.mounts += mounts
        }
        // "void" keeps NVIDIA's own runtime hook out where it is installed; CUDA numbers GPUs as NVML does.
        edits.environment = ["NVIDIA_VISIBLE_DEVICES=void", "CUDA_DEVICE_ORDER=PCI_BUS_ID"]
        return edits
    }

    private func driverFiles(_ node: Node) throws(PreparationError) -> DriverFiles {
        guard let library = settings.library(node) else {
            throw PreparationError(
                "the node \(node.name) has no driver: \(node.whyEmpty ?? "none was found"); install the NVIDIA driver, "
                    + "or start the daemon with a simulated one")
        }
        return DriverFiles(
            library: Self.absolute(library), version: node.driver?.version, deviceRoot: settings.deviceRoot)
    }

    private func devices(of lease: Lease, on node: Node) throws(PreparationError) -> [LeasedDevice] {
        guard let placement = lease.placement else {
            throw PreparationError("\(lease.id) has no GPU, so nothing can be prepared for it")
        }
        var found: [LeasedDevice] = []
        for grant in placement.grants { found.append(try LeasedDevice(grant, of: lease.id, on: node)) }
        return found
    }

    /// A library that was loaded by its bare name, where the loader would have found it.
    static func absolute(_ library: String) -> String {
        guard !library.hasPrefix("/") else { return library }
        let directories = DriverFiles.libraryDirectoriesInContainer + ["/usr/lib", "/usr/lib/wsl/lib"]
        return directories.lazy.map { "\($0)/\(library)" }.first { HostFiles.kind(of: $0) == .file } ?? library
    }
}
