package import Fleet

/// Where the limiter finds what it needs on this node.
package struct LimiterSettings: Sendable {
    /// A directory of the limiter's own, in memory rather than on a disk: programs write there all the time.
    package let directory: String
    /// The limiter's library as it was built; nil where there is none.
    package let builtLibrary: String?
    /// The one beside it that shows tools a lease's own memory; nil where there is none, and tools see the whole GPU.
    package let builtView: String?
    /// Where device nodes are: `/dev`, or a simulated driver's directory.
    package let deviceRoot: String
    /// Of a node's driver, a library by its name before `.so`, without links in its path; nil where there is none.
    package let driverLibrary: @Sendable (Node, String) -> String?

    package init(
        directory: String, builtLibrary: String?, builtView: String? = nil, deviceRoot: String = "/dev",
        driverLibrary: @escaping @Sendable (Node, String) -> String?
    ) {
        self.directory = directory
        self.builtLibrary = builtLibrary
        self.builtView = builtView
        self.deviceRoot = deviceRoot
        self.driverLibrary = driverLibrary
    }
}
