/// What a request wants of slices.
package enum SliceWish: Hashable, Sendable {
    /// These profiles, by name or by the driver's number, all on each GPU.
    case profiles([String])
    /// These MIG devices: by UUID, the beginning of one, or GPU and MIG device by their indices (`0:1`).
    case devices([String])
    /// One on each GPU, the smallest that has at least so much compute and memory.
    case atLeast(Share, Bytes)
}

extension Request {
    /// What it wants of slices; nil where it is for whole GPUs or for shares of them.
    package var sliceWish: SliceWish? {
        if case .slice(let profiles) = portion { return .profiles(profiles) }
        if devices.contains(where: Self.namesASlice) { return .devices(devices) }
        guard sharing == .mig else { return nil }
        let memory = memory?.lower ?? .zero
        return switch portion {
        case .share(let share): .atLeast(share, memory)
        case .whole, .memory, .slice, .compute: .atLeast(.zero, memory)
        }
    }

    /// A MIG device's UUID, or GPU and MIG device by their indices (`0:1`).
    static func namesASlice(_ device: String) -> Bool {
        if device.uppercased().hasPrefix("MIG-") { return true }
        let parts = device.split(separator: ":", omittingEmptySubsequences: false)
        return parts.count == 2 && parts.allSatisfy { !$0.isEmpty && $0.utf8.allSatisfy(\.isDigit) }
    }

    /// Why what it says of slices contradicts itself; nil where it does not.
    func sliceContradiction() -> RequestRefusal? {
        guard let named = devices.first(where: Self.namesASlice) else {
            if sharing == .mig, case .compute = portion {
                return RequestRefusal(
                    option: "--share",
                    message: "an amount of compute is not had by slices: ask for a share, for memory or for --slice")
            }
            return nil
        }
        if let whole = devices.first(where: { !Self.namesASlice($0) }) {
            return RequestRefusal(
                option: "--gpus", message: "device \(named) is a slice and \(whole) is a GPU: name the one or the other"
            )
        }
        guard portion == .whole else {
            return RequestRefusal(
                option: "--gpus",
                message: "device \(named) is a slice, which is given as it is: leave the amount and --slice out")
        }
        if let sharing, sharing != .mig {
            return RequestRefusal(
                option: "--share", message: "device \(named) is a slice, which is shared by mig only: leave it out")
        }
        return nil
    }
}
