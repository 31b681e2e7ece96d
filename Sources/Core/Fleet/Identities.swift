/// A GPU's identity: the UUID that its driver reports, never its index.
package struct GPUID: Hashable, Comparable, Sendable, Codable, RawRepresentable, CustomStringConvertible {
    package let rawValue: String

    package init(rawValue: String) { self.rawValue = rawValue }

    package init(_ uuid: String) { rawValue = uuid }

    package var description: String { rawValue }

    package static func < (left: GPUID, right: GPUID) -> Bool { left.rawValue < right.rawValue }
}

/// A lease's identity, given out by the ledger in order and never again.
///
/// It is written `lease-17`, a form that is also a valid CDI device name and container label.
package struct LeaseID: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let number: Int64

    package init(number: Int64) { self.number = number }

    /// Reads `lease-17` or the bare `17`; anything else is no lease id.
    package init?(_ text: some StringProtocol) {
        let digits = text.hasPrefix("lease-") ? text.dropFirst(6)[...] : text[text.startIndex...]
        guard !digits.isEmpty, digits.utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
        guard let number = Int64(digits), number > 0 else { return nil }
        self.number = number
    }

    package var description: String { "lease-\(number)" }

    package static func < (left: LeaseID, right: LeaseID) -> Bool { left.number < right.number }
}

extension LeaseID: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let id = LeaseID(text) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "\"\(text)\" is not a lease id; they look like lease-17")
        }
        self = id
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

/// Whoever asks for a lease and pays for it: a user of the machine, proven by the kernel.
package struct Tenant: Hashable, Sendable, Codable {
    /// The numeric user id on the machine.
    package let uid: UInt32
    /// The user's name when the lease was asked for; for display only.
    package let name: String

    package init(uid: UInt32, name: String) {
        self.uid = uid
        self.name = name
    }
}

/// One process, told apart from a later one with the same pid by when it started.
package struct ProcessIdentity: Hashable, Sendable, Codable {
    package let pid: Int32
    /// Field 22 of `/proc/PID/stat`: clock ticks after boot.
    package let startTicks: UInt64
    /// The machine's boot id, `/proc/sys/kernel/random/boot_id`.
    package let boot: String

    package init(pid: Int32, startTicks: UInt64, boot: String) {
        self.pid = pid
        self.startTicks = startTicks
        self.boot = boot
    }
}
