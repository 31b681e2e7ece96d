extension Request {
    /// Why this release cannot grant the request on any fleet; nil when it can.
    ///
    /// The parser reads these requests all the same, so that what is written today keeps its meaning when they come.
    package func unsupportedToday() -> RequestRefusal? {
        if let refusal = sliceContradiction() { return refusal }
        if let driver, driver != "nvidia" {
            return refusal("--gpus", "driver \(driver) is not served yet; only nvidia is")
        }
        if let grade = minimumGrade, grade == .enforced, sliceWish == nil {
            return refusal(
                "--grade",
                "no \(grade.rawValue) fence is built yet; there are unfenced, cooperative, partitioned and exclusive")
        }
        if minimumGrade == .partitioned, portion != .whole, sliceWish == nil {
            return refusal(
                "--grade", "a share is never partitioned: ask for a slice (--slice 3g.20gb), or for --share mig")
        }
        if let sharing, sharing == .mps {
            return refusal(
                "--share", "sharing by \(sharing.rawValue) is not built yet; there are exclusive, mig and time")
        }
        return nil
    }

    private func refusal(_ option: String, _ message: String) -> RequestRefusal {
        RequestRefusal(option: option, message: message)
    }
}
