import Fleet

/// What a daemon says of itself: `divvy.v1/VersionInfo`.
package struct VersionInfo: Hashable, Sendable, Codable {
    package private(set) var schema = "divvy.v1/VersionInfo"
    /// The release: `0.1.0`.
    package var version: String
    /// `v1`.
    package var apiVersion: String
    @Nullable package var driver: DriverView?
    package var node: String
    /// The daemon's process.
    package var pid: Int32
    /// The path that the daemon listens on.
    package var socket: String
    /// The directory that holds the journal.
    package var state: String

    package init(
        version: String, apiVersion: String = "v1", driver: DriverView?, node: String, pid: Int32, socket: String,
        state: String
    ) {
        self.version = version
        self.apiVersion = apiVersion
        self.driver = driver
        self.node = node
        self.pid = pid
        self.socket = socket
        self.state = state
    }
}

/// The driver that GPUs were found through.
package struct DriverView: Hashable, Sendable, Codable {
    package var version: String
    @Nullable package var cudaVersion: String?
    package var library: String
    /// Says so when the driver is no hardware: `simulated (dgx-a100)`.
    @Nullable package var note: String?

    package init(version: String, cudaVersion: String?, library: String, note: String?) {
        self.version = version
        self.cudaVersion = cudaVersion
        self.library = library
        self.note = note
    }
}
