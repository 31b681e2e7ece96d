import Fleet

/// The fleet as it is now: `divvy.v1/Fleet`.
package struct FleetView: Hashable, Sendable, Codable {
    package private(set) var schema = "divvy.v1/Fleet"
    package var node: String
    @Nullable package var driver: DriverView?
    /// Why there is no GPU to give; null when there is one.
    @Nullable package var whyEmpty: String?
    /// How many leases wait.
    package var waiting: Int
    package var gpus: [GPUView]
    /// `NV12`, `PIX`, ... from GPU to GPU, in the order of `gpus`; `X` on the diagonal.
    package var links: [[String]]
    /// CPUs near each GPU, in the order of `gpus`: `0-15,64-79`.
    package var cpuAffinity: [String]
    package var requestable: [RequestableView]

    package init(
        node: String, driver: DriverView?, whyEmpty: String?, waiting: Int, gpus: [GPUView], links: [[String]],
        cpuAffinity: [String], requestable: [RequestableView]
    ) {
        self.node = node
        self.driver = driver
        self.whyEmpty = whyEmpty
        self.waiting = waiting
        self.gpus = gpus
        self.links = links
        self.cpuAffinity = cpuAffinity
        self.requestable = requestable
    }
}

/// How many requests of one size would be granted at once, right now.
package struct RequestableView: Hashable, Sendable, Codable {
    /// As `--gpus` takes it: `1`, `0.5`.
    package var request: String
    package var count: Int

    package init(request: String, count: Int) {
        self.request = request
        self.count = count
    }
}
