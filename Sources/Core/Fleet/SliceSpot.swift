/// A hardware partition of a GPU: the driver's profile id, and the memory slice that it begins at.
package struct SliceSpot: Hashable, Sendable, Codable {
    package let profile: Int
    package let start: Int

    package init(profile: Int, start: Int) {
        self.profile = profile
        self.start = start
    }
}
