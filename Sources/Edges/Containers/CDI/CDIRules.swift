import Engine

/// Why a CDI document would not be loaded, or should not be.
package enum CDIError: Error, Hashable, Sendable, CustomStringConvertible {
    case kind(String)
    case deviceName(String)
    case sameDeviceTwice(String)
    case noDevices
    case emptyDevice(String)
    case environment(String)
    case path(String, what: String)
    case mountOption(String)
    case hookName(String)

    package var description: String {
        switch self {
        case .kind(let text):
            "\(quoted(text)) is no CDI kind; a kind is a vendor and a class such as divvy.dev/gpu: both start with a "
                + "letter, end with a letter or digit, have at most 63 characters in the class and 253 in the vendor, "
                + "and hold only letters, digits, '.', '_' and '-'"
        case .deviceName(let text):
            "\(quoted(text)) is no CDI device name; it starts and ends with a letter or digit and holds only letters, "
                + "digits, '.', '_', ':' and '-'"
        case .sameDeviceTwice(let text): "the device \(quoted(text)) is described twice; give each its own name"
        case .noDevices: "the document describes no device; an engine would refuse it"
        case .emptyDevice(let text):
            "the device \(quoted(text)) changes nothing in a container; an engine would refuse it"
        case .environment(let text):
            "\(quoted(text)) is no environment entry; it must be NAME=value, the name of letters, digits and '_', the "
                + "value without line breaks and at most \(CDIRules.longestValue) bytes long"
        case .path(let text, let what):
            "\(quoted(text)) is no path for \(what); it must be absolute, without '..' and without control characters"
        case .mountOption(let text): "\(quoted(text)) is no mount option; it must be a word such as ro or nosuid"
        case .hookName(let text):
            "\(quoted(text)) is no hook; the hooks are \(CDIRules.hookNames.joined(separator: ", "))"
        }
    }

    private func quoted(_ text: String) -> String {
        text.utf8.count <= 200 ? text.debugDescription : String(text.prefix(200)).debugDescription + "…"
    }
}

/// The rules of the CDI specification, and stricter ones where text could be misread by something down the line.
enum CDIRules {
    static let hookNames = [
        "prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop",
    ]
    /// In bytes; longer than any value that Divvy writes, far below what execve takes.
    static let longestValue = 8192

    static func check(_ specification: CDISpecification) throws(CDIError) {
        let parts = specification.kind.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, isName(parts[0], limit: 253, extra: "._-"), isName(parts[1], limit: 63, extra: "._-")
        else { throw .kind(specification.kind) }
        guard !specification.devices.isEmpty else { throw .noDevices }
        var seen: Set<String> = []
        for device in specification.devices {
            guard isName(device.name[...], limit: 253, extra: "._:-", digitFirst: true) else {
                throw .deviceName(device.name)
            }
            guard seen.insert(device.name).inserted else { throw .sameDeviceTwice(device.name) }
            guard !device.edits.isEmpty else { throw .emptyDevice(device.name) }
            try check(device.edits)
        }
        try check(specification.commonEdits)
    }

    static func check(_ edits: ContainerEdits) throws(CDIError) {
        for entry in edits.environment where !isEnvironmentEntry(entry) { throw .environment(entry) }
        for node in edits.deviceNodes {
            try checkPath(node.path, "a device node")
            try checkPath(node.hostPath, "a device node on the host")
        }
        for mount in edits.mounts {
            try checkPath(mount.hostPath, "the source of a mount")
            try checkPath(mount.containerPath, "the target of a mount")
            for option in mount.options {
                let isWord = option.utf8.allSatisfy { isLetterOrDigit($0) || $0 == 0x2D || $0 == 0x3D }
                guard isWord, !option.isEmpty else { throw .mountOption(option) }
            }
        }
        for hook in edits.hooks {
            guard hookNames.contains(hook.name) else { throw .hookName(hook.name) }
            try checkPath(hook.path, "a hook")
        }
    }

    static func isEnvironmentEntry(_ entry: String) -> Bool {
        guard let equals = entry.firstIndex(of: "="), entry.utf8.count <= longestValue else { return false }
        let name = entry[..<equals]
        guard let first = name.utf8.first, !isDigit(first) else { return false }
        return name.utf8.allSatisfy { isLetterOrDigit($0) || $0 == 0x5F } && !hasControlCharacter(entry)
    }

    static func checkPath(_ path: String, _ what: String) throws(CDIError) {
        let isFine =
            path.hasPrefix("/") && path.utf8.count > 1 && path.utf8.count < 4096 && !hasControlCharacter(path)
            && !goesUp(path)
        if !isFine { throw .path(path, what: what) }
    }

    /// Whether `..` is a part of the path. Every mount of every lease is looked at, so nothing is split or copied.
    private static func goesUp(_ path: String) -> Bool {
        var length = 0
        var dots = 0
        for byte in path.utf8 {
            if byte == 0x2F {
                if length == 2, dots == 2 { return true }
                (length, dots) = (0, 0)
            } else {
                length += 1
                if byte == 0x2E { dots += 1 }
            }
        }
        return length == 2 && dots == 2
    }

    private static func isName(_ text: Substring, limit: Int, extra: String, digitFirst: Bool = false) -> Bool {
        guard let first = text.utf8.first, let last = text.utf8.last, text.utf8.count <= limit else { return false }
        guard isLetterOrDigit(first), digitFirst || !isDigit(first), isLetterOrDigit(last) else { return false }
        return text.utf8.allSatisfy { isLetterOrDigit($0) || extra.utf8.contains($0) }
    }

    private static func hasControlCharacter(_ text: String) -> Bool { text.utf8.contains { $0 < 0x20 || $0 == 0x7F } }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        isDigit(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
    }
}
