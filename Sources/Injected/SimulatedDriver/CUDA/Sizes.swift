/// Arithmetic with numbers that programs pass: whatever does not fit is no number, and never a trap in their process.
enum Sizes {
    static func product(_ first: Int, _ second: Int) -> Int? {
        let (result, isTooLarge) = first.multipliedReportingOverflow(by: second)
        return isTooLarge ? nil : result
    }

    static func sum(_ first: Int, _ second: Int) -> Int? {
        let (result, isTooLarge) = first.addingReportingOverflow(second)
        return isTooLarge ? nil : result
    }

    static func rounded(_ size: Int, to unit: Int) -> Int? {
        sum(size, unit - 1).map { $0 / unit * unit }
    }

    /// Bytes from the first to the last of rows of that length; nil when there is no such number.
    static func rows(_ count: Int, _ pitch: Int, _ length: Int) -> Int? {
        guard count > 0, pitch >= 0, length >= 0, let before = product(count - 1, pitch) else { return nil }
        return sum(before, length)
    }
}
