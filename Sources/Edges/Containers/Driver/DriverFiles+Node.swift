package import Fleet

extension DriverFiles {
    /// A library of a node's driver by its name before `.so`, without links in its path; nil when there is none.
    ///
    /// It reads whole directories, which takes milliseconds.
    package static func library(_ name: String, of node: Node) -> String? {
        guard let driver = node.driver else { return nil }
        let files = DriverFiles(library: CDILeasePreparer.absolute(driver.library), version: driver.version)
        return files.libraries(for: [.compute, .utility]).first { $0.name.hasPrefix(name + ".so") }?.hostPath
    }
}
