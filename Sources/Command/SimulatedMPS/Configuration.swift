import Glibc

/// What a file says that `--apply` names: servers and their namespaces, in the file's order.
struct Configuration {
    struct ServerEntry {
        var name: String
        var devices: String?
        var uid: uid_t?
        /// The default one first; it holds what is set for the server itself.
        var namespaces = [Namespace(name: Namespace.usual)]
    }

    var servers: [ServerEntry] = []

    /// - Throws: `Refusal` with the line, for anything but the keys that are published.
    init(file: String) throws(Refusal) {
        let descriptor = open(file, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Refusal("Error: cannot read \(file): errno \(errno)") }
        defer { close(descriptor) }
        try self.init(text: Detached.readAll(descriptor), file: file)
    }

    init(text: String, file: String) throws(Refusal) {
        var table: [String] = []
        for (index, raw) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let line = Text.trimmed(Self.withoutComment(raw))
            guard !line.isEmpty else { continue }
            do throws(Refusal) {
                if line.hasPrefix("[") {
                    table = try Self.table(line)
                    try enter(table)
                } else {
                    try set(line, in: table)
                }
            } catch {
                throw Refusal("Error: \(file):\(index + 1): \(error.text)")
            }
        }
    }

    private static func withoutComment(_ line: Substring) -> Substring {
        var isQuoted = false
        for index in line.indices {
            if line[index] == "\"" { isQuoted.toggle() }
            if line[index] == "#", !isQuoted { return line[..<index] }
        }
        return line
    }

    /// The names of `[a.b.c]`.
    private static func table(_ line: String) throws(Refusal) -> [String] {
        guard !line.hasPrefix("[[") else { throw Refusal("devices and their SM partitions are not simulated") }
        guard line.hasSuffix("]") else { throw Refusal("a table ends with ]") }
        let names = line.dropFirst().dropLast().split(separator: ".", omittingEmptySubsequences: false)
            .map { Text.trimmed($0).filter { $0 != "\"" } }
        guard names.allSatisfy({ !$0.isEmpty }) else { throw Refusal("a table needs a name") }
        return names
    }

    private mutating func enter(_ table: [String]) throws(Refusal) {
        switch (table.first, table.count) {
        case ("features"?, 2): return
        case ("servers"?, 2), ("servers"?, 4):
            guard table.count == 2 || table[2] == "namespaces" else {
                throw Refusal("unknown table [\(table.joined(separator: "."))]")
            }
            for name in [table[1], table.last ?? ""] { try Names.check(name) }
            if !servers.contains(where: { $0.name == table[1] }) { servers.append(ServerEntry(name: table[1])) }
            guard table.count == 4, let index = servers.firstIndex(where: { $0.name == table[1] }) else { return }
            if !servers[index].namespaces.contains(where: { $0.name == table[3] }) {
                servers[index].namespaces.append(Namespace(name: table[3]))
            }
        default: throw Refusal("unknown table [\(table.joined(separator: "."))]")
        }
    }

    private mutating func set(_ line: String, in table: [String]) throws(Refusal) {
        guard let equals = line.firstIndex(of: "=") else { throw Refusal("expected key = value, got \(line)") }
        let key = Text.trimmed(line[..<equals])
        let value = Text.trimmed(line[line.index(after: equals)...])
        if table.isEmpty, key == "schema_version" {
            guard value == "\"1.0\"" else { throw Refusal("schema_version is \"1.0\", not \(value)") }
            return
        }
        if table.first == "features" { return }
        guard table.count >= 2, let index = servers.firstIndex(where: { $0.name == table[1] }) else {
            throw Refusal("unknown key \(key)")
        }
        if table.count == 2 {
            switch key {
            case "allowed_devices":
                servers[index].devices = try Self.text(value)
                return
            case "uid":
                guard let uid = uid_t(value) else { throw Refusal("uid is a number, not \(value)") }
                servers[index].uid = uid
                return
            case "locality_domains":
                guard value == "false" else { throw Refusal("locality domains are not simulated") }
                return
            default: break
            }
        }
        let name = table.count == 4 ? table[3] : Namespace.usual
        guard let place = servers[index].namespaces.firstIndex(where: { $0.name == name }) else { return }
        try Limit.set(key.replacing("_", with: "-"), Self.text(value), &servers[index].namespaces[place])
    }

    private static func text(_ value: String) throws(Refusal) -> String {
        guard value.count >= 2, value.hasPrefix("\""), value.hasSuffix("\"") else {
            throw Refusal("expected a text in quotation marks, got \(value)")
        }
        return String(value.dropFirst().dropLast())
    }
}

/// What can be set of a namespace, by the names of the command line.
enum Limit {
    static func set(_ key: String, _ value: String, _ namespace: inout Namespace) throws(Refusal) {
        switch key {
        case "pinned-memory-limit":
            guard let limit = MemoryLimit(value, qualifiers: "KMG") else {
                throw Refusal("\(key) is a whole number with K, M or G, not \(value)")
            }
            namespace.pinned = limit
        case "active-thread-percentage":
            guard let percentage = Text.hundredths(value), percentage >= 100 else {
                throw Refusal("\(key) is from 1 to 100, not \(value)")
            }
            namespace.percentage = percentage
        case "client-priority":
            guard value == "0" || value == "1" else { throw Refusal("\(key) is 0 or 1, not \(value)") }
            namespace.priority = value == "1" ? 1 : 0
        default: throw Refusal("unknown key \(key)")
        }
    }
}

/// The names of servers and namespaces.
enum Names {
    static func check(_ name: String) throws(Refusal) {
        let isRight = name.allSatisfy { $0.isASCII && ($0.isNumber || ($0.isLetter && $0.isLowercase) || $0 == "_") }
        guard isRight, !name.isEmpty, name.count <= 64 else {
            throw Refusal("\"\(name)\" is no name: use lowercase letters, digits and underscores, at most 64")
        }
    }
}
