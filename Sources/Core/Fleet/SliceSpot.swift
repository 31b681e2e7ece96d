/// A hardware partition of a GPU: the driver's profile id, and the memory slice that it begins at.
package struct SliceSpot: Hashable, Sendable, Codable {
    package let profile: Int
    package let start: Int
    /// The MIG device that it is, where it exists already; nil where it is cut as needed.
    package let uuid: String?

    package init(profile: Int, start: Int, uuid: String? = nil) {
        self.profile = profile
        self.start = start
        self.uuid = uuid
    }
}
