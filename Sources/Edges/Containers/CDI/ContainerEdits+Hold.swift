import Engine
import Fleet

extension ContainerEdits {
    /// Puts what makes a share hold wherever the driver's libraries stand.
    ///
    /// Throws when the CUDA driver's library stands nowhere: a container must not run without its limits.
    mutating func put(_ hold: ShareHold, _ lease: LeaseID) throws(PreparationError) {
        var found: Set<String> = []
        mounts = mounts.map { mount in
            let name = HostFiles.split(mount.containerPath).name
            guard let library = hold.libraries.first(where: { name.hasPrefix($0.name) }) else { return mount }
            found.insert(library.name)
            return Mount(hostPath: library.path, containerPath: mount.containerPath, options: mount.options)
        }
        if let missing = hold.libraries.first(where: { $0.isFence && !found.contains($0.name) }) {
            throw PreparationError(
                "\(lease) cannot be limited: no \(missing.name) was found among the driver's libraries, in front of "
                    + "which the limiter would stand")
        }
        mounts += hold.mounts
        environment += hold.environment
    }
}
