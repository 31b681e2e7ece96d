import CLimiter
import CLimiterShim

// Starting the driver, and how programs find its functions.

/// Without limits there is no GPU: a program must not run as if it had none.
@c(hook_init) public func hookInit(_ real: UInt32, _ flags: UInt64) -> Int32 {
    guard limiter_place() != nil else { return real1(real, flags) }
    return Limiter.isReady ? real1(real, flags) : Answer.operatingSystem
}

@c(hook_getProcAddress) public func hookGetProcAddress(
    _ real: UInt32, _ name: UInt64, _ result: UInt64, _ version: UInt64, _ flags: UInt64
) -> Int32 {
    let status = real4(real, name, result, version, flags)
    if status == Answer.success { Entries.replace(name, result, version, flags) }
    return status
}

@c(hook_getProcAddress2) public func hookGetProcAddress2(
    _ real: UInt32, _ name: UInt64, _ result: UInt64, _ version: UInt64, _ flags: UInt64, _ symbol: UInt64
) -> Int32 {
    let status = real5(real, name, result, version, flags, symbol)
    if status == Answer.success { Entries.replace(name, result, version, flags) }
    return status
}

/// The functions that the limiter has in the place of the driver's.
enum Entries {
    /// Puts ours where the driver put its own. The driver has decided by name, version and flags what the program gets,
    /// and with its function tells which; only where that is none that it exports is the table asked.
    static func replace(_ name: UInt64, _ result: UInt64, _ version: UInt64, _ flags: UInt64) {
        guard let name: UnsafeMutablePointer<CChar> = place(name),
            let result: UnsafeMutablePointer<UnsafeRawPointer?> = place(result), let found = result.pointee
        else { return }
        let first = Self.first(name)
        var index = first
        while let entry = entry(index, name) {
            if real_address(entry.pointee.real) == found {
                result.pointee = entry.pointee.address
                return
            }
            index += 1
        }
        guard first < limiter_entry_count else { return }
        let wanted = UInt32(clamping: Int32(truncatingIfNeeded: version))
        let known = min(wanted, newest)
        index = first
        var best: UnsafePointer<LimiterEntry>?
        while let entry = entry(index, name) {
            index += 1
            guard entry.pointee.version <= known, entry.pointee.isPerThread == 0 || flags & 2 != 0,
                real_is_there(entry.pointee.real)
            else { continue }
            best = entry
        }
        if let best { result.pointee = best.pointee.address }
    }

    /// The version of the driver.
    private static var newest: UInt32 {
        var version: Int32 = 0
        guard ask1(UInt32(REAL_cuDriverGetVersion), &version) == 0 else { return .max }
        return UInt32(clamping: version)
    }

    private static func entry(_ index: UInt32, _ name: UnsafeMutablePointer<CChar>) -> UnsafePointer<LimiterEntry>? {
        guard index < limiter_entry_count, let entry = limiter_entry(index), strcmp(entry.pointee.name, name) == 0
        else { return nil }
        return entry
    }

    /// The first row of that name, or the end of the table.
    private static func first(_ name: UnsafeMutablePointer<CChar>) -> UInt32 {
        var low: UInt32 = 0
        var high = limiter_entry_count
        while low < high {
            let middle = (low + high) / 2
            if strcmp(limiter_entry(middle).pointee.name, name) < 0 { low = middle + 1 } else { high = middle }
        }
        return low < limiter_entry_count && strcmp(limiter_entry(low).pointee.name, name) == 0
            ? low : limiter_entry_count
    }
}
