import Engine
import Fleet
import Foundation
import Presentation
import Testing

@testable import divvy

@Suite struct BundleDocumentTests {
    private let lease = LeaseID(number: 17)
    private let edits = ContainerEdits(
        environment: ["CUDA_VISIBLE_DEVICES=0", "DIVVY_LEASE=lease-17"],
        deviceNodes: [.init(path: "/dev/nvidia0", hostPath: "/host/nvidia3")],
        mounts: [.init(hostPath: "/host/lib", containerPath: "/lib/x", options: ["ro", "nosuid", "bind"])],
        hooks: [.init(name: "createRuntime", path: "/bin/divvy", arguments: ["divvy", "hook", "lease-17"])])

    private func document(_ text: String) throws -> BundleDocument {
        BundleDocument(try JSONValue(parsing: Array(text.utf8)))
    }

    private func edited(_ text: String) throws -> BundleDocument {
        var document = try document(text)
        try document.apply(edits, of: lease) { path in
            path == "/host/nvidia3" ? DeviceNumbers(isBlock: false, major: 195, minor: 3) : nil
        }
        return document
    }

    @Test func `a lease's edits go over what the container has, and all else stays`() throws {
        let before = """
            {"ociVersion":"1.0.2","later":{"unknown":[1.50,null,true,"\\u00e9"]},
            "process":{"args":["x"],"env":["PATH=/bin","CUDA_VISIBLE_DEVICES=7","DIVVY_GPUS=1"],"cwd":"/"},
            "mounts":[{"destination":"/proc","type":"proc","source":"proc"}],
            "annotations":{"a":"b"},
            "linux":{"resources":{"devices":[{"allow":false,"access":"rwm"}],"memory":{"limit":9223372036854771712}},
            "devices":[{"path":"/dev/nvidia0","type":"c","major":1,"minor":1}],"namespaces":[{"type":"pid"}]}}
            """
        let after = """
            {"ociVersion":"1.0.2","later":{"unknown":[1.50,null,true,"é"]},
            "process":{"args":["x"],"env":["PATH=/bin","DIVVY_GPUS=1","CUDA_VISIBLE_DEVICES=0","DIVVY_LEASE=lease-17"],
            "cwd":"/"},
            "mounts":[{"destination":"/proc","type":"proc","source":"proc"},
            {"destination":"/lib/x","type":"bind","source":"/host/lib","options":["ro","nosuid","bind"]}],
            "annotations":{"a":"b","divvy.dev/lease":"lease-17"},
            "linux":{"resources":{"devices":[{"allow":false,"access":"rwm"},
            {"allow":true,"type":"c","major":195,"minor":3,"access":"rwm"}],"memory":{"limit":9223372036854771712}},
            "devices":[{"path":"/dev/nvidia0","type":"c","major":195,"minor":3,"fileMode":438,"uid":0,"gid":0}],
            "namespaces":[{"type":"pid"}]},
            "hooks":{"createRuntime":[{"path":"/bin/divvy","args":["divvy","hook","lease-17"]}]}}
            """
        #expect(try edited(before).json.compact == document(after).json.compact)
    }

    @Test func `a device is mounted where none can be made`() throws {
        let after = try edited(#"{"linux":{"namespaces":[{"type":"user"}],"devices":[{"path":"/dev/nvidia0"}]}}"#)
        #expect(after.json["linux"]?["devices"] == .array([]))
        #expect(
            after.json["mounts"]?.compact.contains(
                #"{"destination":"/dev/nvidia0","type":"bind","source":"/host/nvidia3","#) == true)
    }

    @Test func `what a container lacks is made`() throws {
        let after = try edited("{}")
        #expect(after.environment == edits.environment)
        #expect(after.annotations == [BundleDocument.leaseAnnotation: "lease-17"])
        #expect(after.json["linux"]?["devices"] != nil && after.json["mounts"] != nil)
    }

    @Test func `hooks are there once, beside those of others`() throws {
        var document = try document(#"{"hooks":{"createRuntime":[{"path":"/other"}],"prestart":[{"path":"/p"}]}}"#)
        document.addHooks(edits.hooks)
        document.addHooks(edits.hooks)
        #expect(
            document.json.compact
                == #"{"hooks":{"createRuntime":[{"path":"/other"},{"path":"/bin/divvy","args":["divvy","hook","lease-17"]}],"#
                + #""prestart":[{"path":"/p"}]}}"#)
    }

    @Test func `a mount is a bind whatever its options say`() throws {
        var document = try document("{}")
        let edits = ContainerEdits(
            environment: [], deviceNodes: [], mounts: [.init(hostPath: "/a", containerPath: "/b", options: ["rw"])],
            hooks: [])
        try document.apply(edits, of: lease) { _ in nil }
        #expect(document.json["mounts"]?.compact.contains(#""options":["rw","rbind"]"#) == true)
    }

    @Test func `a device that is gone is an error`() throws {
        var document = try document("{}")
        #expect(throws: BundleError.noDevice("/host/nvidia3")) { try document.apply(edits, of: lease) { _ in nil } }
    }

    @Test func `a large file is read, written in one go, and put back as it was`() throws {
        let directory = FileManager.default.temporaryDirectory.path + "/divvy-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let file = "\(directory)/config.json"
        let many = (0..<40_000).map { #""NAME\#($0)=a \"quoted\" value of some length""# }.joined(separator: ",")
        let text = #"{"process":{"env":[\#(many)]}}"#
        try text.write(toFile: file, atomically: false, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: file)

        var bundle = try Bundle(configuration: file)
        try bundle.document.apply(edits, of: lease) { _ in DeviceNumbers(isBlock: false, major: 1, minor: 3) }
        try bundle.write()
        let written = try Bundle(configuration: file)
        #expect(written.document.environment.count == 40_000, "who makes it again starts from the file as it was")
        let seen = try document(try String(contentsOfFile: file, encoding: .utf8))
        #expect(seen.environment.count == 40_002)
        let mode = try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions] as? Int
        #expect(mode == 0o640)

        // A second time, without having been put back: the file as it was is still the first one.
        try bundle.write()
        Bundle.restore(file)
        #expect(try String(contentsOfFile: file, encoding: .utf8) == text)
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory) == ["config.json"])
    }

    @Test func `what is no JSON is said with its place`() throws {
        let file = FileManager.default.temporaryDirectory.path + "/divvy-\(UUID().uuidString.prefix(8)).json"
        try "{".write(toFile: file, atomically: false, encoding: .utf8)
        defer { try? FileManager.default.removeItem(atPath: file) }
        let failure = #expect(throws: Failure.self) { try Bundle(configuration: file) }
        #expect(failure?.message.hasPrefix("\(file) is not JSON: ") == true)
        #expect(throws: Failure.self) { try Bundle(configuration: "/no/such/config.json") }
    }
}
