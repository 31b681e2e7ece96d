extension Request {
    /// Why this release cannot grant the request on any fleet; nil when it can.
    ///
    /// The parser reads these requests all the same, so that what is written today keeps its meaning when they come.
    package func unsupportedToday() -> RequestRefusal? {
        if let refusal = sliceContradiction() { return refusal }
        if let driver, driver != "nvidia" {
            return refusal("--gpus", "driver \(driver) is not served yet; only nvidia is")
        }
        if minimumGrade == .partitioned, portion != .whole, sliceWish == nil {
            return refusal(
                "--grade", "a share is never partitioned: ask for a slice (--slice 3g.20gb), or for --share mig")
        }
        return nil
    }

    private func refusal(_ option: String, _ message: String) -> RequestRefusal {
        RequestRefusal(option: option, message: message)
    }
}
