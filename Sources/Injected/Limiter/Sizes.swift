/// Arithmetic with sizes that programs pass: what does not fit is more than any limit, and never a trap.
enum Sizes {
    static func product(_ first: UInt64, _ second: UInt64) -> UInt64 {
        let (result, isTooLarge) = first.multipliedReportingOverflow(by: second)
        return isTooLarge ? .max : result
    }

    static func sum(_ first: UInt64, _ second: UInt64) -> UInt64 {
        let (result, isTooLarge) = first.addingReportingOverflow(second)
        return isTooLarge ? .max : result
    }

    static func rounded(_ size: UInt64, to unit: UInt64) -> UInt64 {
        let above = sum(size, unit - 1)
        return above - above % unit
    }
}
