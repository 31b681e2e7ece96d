import Engine
import Fleet
import Presentation

/// The `config.json` of the OCI runtime specification, of which only what a lease needs is understood; all else stays
/// as it is and where it is.
struct BundleDocument: Hashable {
    private(set) var json: JSONValue

    static let leaseAnnotation = "divvy.dev/lease"

    init(_ json: JSONValue) { self.json = json }

    /// `process.env`: `NAME=value`, in order.
    var environment: [String] { (json["process"]?["env"]?.items ?? []).compactMap(\.text) }

    /// By name; of two with the same name the last.
    var variables: [String: String] {
        Dictionary(environment.map(Self.split)) { _, last in last }
    }

    var annotations: [String: String] {
        guard case .object(let members)? = json["annotations"] else { return [:] }
        return Dictionary(members.compactMap { member in member.value.text.map { (member.key, $0) } }) { _, last in last
        }
    }

    private static func split(_ entry: String) -> (name: String, value: String) {
        guard let equals = entry.firstIndex(of: "=") else { return (entry, "") }
        return (String(entry[..<equals]), String(entry[entry.index(after: equals)...]))
    }

    /// Puts what a lease needs into the container, over whatever it has of the same names and places.
    ///
    /// - Parameter device: type and numbers of a device node of the machine; nil when the path is none.
    mutating func apply(
        _ edits: ContainerEdits, of lease: LeaseID, device: (_ path: String) -> DeviceNumbers?
    ) throws(BundleError) {
        let names = Set(edits.environment.map { Self.split($0).name })
        change("process", "env") { entries in
            entries.filter { !names.contains(Self.split($0.text ?? "").name) } + edits.environment.map { .string($0) }
        }
        for node in edits.deviceNodes {
            guard let numbers = device(node.hostPath) else { throw .noDevice(node.hostPath) }
            let others = { (devices: [JSONValue]) in devices.filter { $0["path"]?.text != node.path } }
            if hasUserNamespace {
                // No device can be made in there, and runtimes look for the machine's under the container's name.
                change("linux", "devices", list: others)
                change("mounts") { $0 + [Self.mount(node)] }
            } else {
                change("linux", "devices") { others($0) + [numbers.node(at: node.path)] }
            }
            change("linux", "resources", "devices") { rules in
                rules.contains(numbers.rule) ? rules : rules + [numbers.rule]
            }
        }
        if !edits.mounts.isEmpty {
            // The last of two mounts at one place is the one that is seen.
            change("mounts") { $0 + edits.mounts.map(Self.mount) }
        }
        addHooks(edits.hooks)
        json.change(["annotations"]) { annotations in
            (annotations ?? .object([])).setting(Self.leaseAnnotation, to: .string(lease.description))
        }
    }

    /// Adds hooks that are not there yet.
    mutating func addHooks(_ hooks: [ContainerEdits.Hook]) {
        for hook in hooks {
            let value = JSONValue.object([
                .init("path", .string(hook.path)), .init("args", .array(hook.arguments.map { .string($0) })),
            ])
            change("hooks", hook.name) { hooks in
                let isThere = hooks.contains { $0["path"] == value["path"] && $0["args"] == value["args"] }
                return isThere ? hooks : hooks + [value]
            }
        }
    }

    private var hasUserNamespace: Bool {
        (json["linux"]?["namespaces"]?.items ?? []).contains { $0["type"]?.text == "user" }
    }

    private static func mount(_ node: ContainerEdits.DeviceNode) -> JSONValue {
        mount(.init(hostPath: node.hostPath, containerPath: node.path, options: ["rw", "nosuid", "noexec", "bind"]))
    }

    private static func mount(_ mount: ContainerEdits.Mount) -> JSONValue {
        var options = mount.options
        if !options.contains(where: { $0 == "bind" || $0 == "rbind" }) { options.append("rbind") }
        return .object([
            .init("destination", .string(mount.containerPath)), .init("type", .string("bind")),
            .init("source", .string(mount.hostPath)), .init("options", .array(options.map { .string($0) })),
        ])
    }

    private mutating func change(_ path: String..., list: ([JSONValue]) -> [JSONValue]) {
        json.change(path[...]) { .array(list($0?.items ?? [])) }
    }
}

/// What a device node is, whatever it is called.
struct DeviceNumbers: Hashable {
    let isBlock: Bool
    let major: UInt32
    let minor: UInt32

    private var kind: JSONValue { .string(isBlock ? "b" : "c") }

    fileprivate func node(at path: String) -> JSONValue {
        .object([
            .init("path", .string(path)), .init("type", kind), .init("major", .number("\(major)")),
            .init("minor", .number("\(minor)")), .init("fileMode", .number("438")), .init("uid", .number("0")),
            .init("gid", .number("0")),
        ])
    }

    fileprivate var rule: JSONValue {
        .object([
            .init("allow", .bool(true)), .init("type", kind), .init("major", .number("\(major)")),
            .init("minor", .number("\(minor)")), .init("access", .string("rwm")),
        ])
    }
}

/// Why a lease's edits cannot be put into a container.
enum BundleError: Error, Hashable, CustomStringConvertible {
    case noDevice(String)

    var description: String {
        switch self {
        case .noDevice(let path): "\(path) is no device node any more; see whether the driver is loaded"
        }
    }
}

extension JSONValue {
    fileprivate var text: String? { if case .string(let text) = self { text } else { nil } }
    fileprivate var items: [JSONValue]? { if case .array(let items) = self { items } else { nil } }

    /// The object with a member's value replaced, or with the member at its end.
    fileprivate func setting(_ key: String, to value: JSONValue) -> JSONValue {
        guard case .object(var members) = self else { return .object([Member(key, value)]) }
        if let place = members.firstIndex(where: { $0.key == key }) {
            members[place] = Member(key, value)
        } else {
            members.append(Member(key, value))
        }
        return .object(members)
    }

    /// Replaces what is at a path, making the objects on the way that are missing.
    fileprivate mutating func change(_ path: ArraySlice<String>, _ body: (JSONValue?) -> JSONValue) {
        guard let key = path.first else {
            self = body(self)
            return
        }
        if path.count == 1 {
            self = setting(key, to: body(self[key]))
            return
        }
        var inner = self[key] ?? .object([])
        inner.change(path.dropFirst(), body)
        self = setting(key, to: inner)
    }
}
