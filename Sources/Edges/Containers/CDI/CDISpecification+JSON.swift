import Engine

extension CDISpecification {
    /// The document as it is written to disk: the same value always gives the same bytes.
    package var json: String {
        var writer = JSONLines()
        writer.object {
            $0.member("cdiVersion", version.rawValue)
            $0.member("kind", kind)
            $0.array("devices", devices) { device, writer in
                writer.member("name", device.name)
                writer.member("containerEdits", device.edits)
            }
            if !commonEdits.isEmpty { $0.member("containerEdits", commonEdits) }
        }
        return writer.text + "\n"
    }
}

/// Writes indented JSON, member by member.
private struct JSONLines {
    private(set) var text = ""
    private var depth = 0
    private var needsComma = false

    mutating func object(_ members: (inout JSONLines) -> Void) { bracket("{", "}", members) }

    mutating func member(_ name: String, _ value: String) {
        key(name)
        text += Self.quoted(value)
    }

    mutating func member(_ name: String, _ values: [String]) {
        guard !values.isEmpty else { return }
        key(name)
        text += "[" + values.map(Self.quoted).joined(separator: ", ") + "]"
    }

    mutating func member(_ name: String, _ edits: ContainerEdits) {
        key(name)
        object {
            $0.member("env", edits.environment)
            $0.array("deviceNodes", edits.deviceNodes) { node, writer in
                writer.member("path", node.path)
                if node.hostPath != node.path { writer.member("hostPath", node.hostPath) }
                writer.member("permissions", "rw")
            }
            $0.array("mounts", edits.mounts) { mount, writer in
                writer.member("hostPath", mount.hostPath)
                writer.member("containerPath", mount.containerPath)
                writer.member("options", mount.options)
            }
            $0.array("hooks", edits.hooks) { hook, writer in
                writer.member("hookName", hook.name)
                writer.member("path", hook.path)
                writer.member("args", hook.arguments)
            }
        }
    }

    mutating func array<Element>(
        _ name: String, _ elements: [Element], _ members: (Element, inout JSONLines) -> Void
    ) {
        guard !elements.isEmpty else { return }
        key(name)
        bracket("[", "]") {
            for element in elements {
                $0.separate()
                $0.object { writer in members(element, &writer) }
                $0.needsComma = true
            }
        }
    }

    private mutating func bracket(_ open: String, _ close: String, _ content: (inout JSONLines) -> Void) {
        text += open
        depth += 1
        needsComma = false
        content(&self)
        depth -= 1
        if needsComma { newLine() }
        text += close
        needsComma = true
    }

    private mutating func key(_ name: String) {
        separate()
        text += Self.quoted(name) + ": "
        needsComma = true
    }

    private mutating func separate() {
        if needsComma { text += "," }
        newLine()
    }

    private mutating func newLine() { text += "\n" + String(repeating: "  ", count: depth) }

    private static func quoted(_ value: String) -> String {
        // Nearly always: nothing of it has to be written in another way.
        if value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x22 && $0 != 0x5C }) { return "\"\(value)\"" }
        var result = "\""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
