extension Request {
    /// Why this release cannot grant the request on any fleet; nil when it can.
    ///
    /// The parser reads these requests all the same, so that what is written today keeps its meaning when they come.
    package func unsupportedToday() -> RequestRefusal? {
        if case .slice(let profiles) = portion {
            return refusal("--slice", "\(profiles.joined(separator: ", ")): slices are not granted yet, shares are")
        }
        if let device = devices.first(where: Self.namesASlice) {
            return refusal("--gpus", "device \(device) is a slice, and slices are not granted yet; name the whole GPU")
        }
        if let driver, driver != "nvidia" {
            return refusal("--gpus", "driver \(driver) is not served yet; only nvidia is")
        }
        if sharing == .mig {
            return refusal("--share", "sharing by mig is not built yet; there are exclusive, mps, limiter and time")
        }
        return nil
    }

    /// A MIG device's UUID, or GPU and MIG device by their indices (`0:1`).
    private static func namesASlice(_ device: String) -> Bool {
        if device.hasPrefix("MIG-") { return true }
        let parts = device.split(separator: ":", omittingEmptySubsequences: false)
        return parts.count == 2 && parts.allSatisfy { !$0.isEmpty && $0.utf8.allSatisfy(\.isDigit) }
    }

    private func refusal(_ option: String, _ message: String) -> RequestRefusal {
        RequestRefusal(option: option, message: message)
    }
}
