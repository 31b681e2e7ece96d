import Engine
import Testing

@testable import Containers

@Suite struct CDISpecificationTests {
    private func edits(
        environment: [String] = [], nodes: [(String, String)] = [], mounts: [ContainerEdits.Mount] = [],
        hooks: [ContainerEdits.Hook] = []
    ) -> ContainerEdits {
        ContainerEdits(
            environment: environment, deviceNodes: nodes.map { .init(path: $0.0, hostPath: $0.1) }, mounts: mounts,
            hooks: hooks)
    }

    private func specification(
        _ edits: ContainerEdits, device: String = "lease-1", kind: String = "divvy.dev/gpu"
    ) throws(CDIError) -> CDISpecification {
        try CDISpecification(kind: kind, devices: [.init(name: device, edits: edits)])
    }

    @Test func `a document is written the same way every time and holds every field`() throws {
        let whole = try CDISpecification(
            kind: "divvy.dev/gpu",
            devices: [
                .init(
                    name: "lease-17",
                    edits: edits(
                        environment: ["A=\"b\\"], nodes: [("/dev/nvidia0", "/sim/nvidia0"), ("/dev/x", "/dev/x")],
                        mounts: [.init(hostPath: "/a", containerPath: "/b", options: ["ro", "bind"])]))
            ], commonEdits: edits(hooks: [.init(name: "createRuntime", path: "/h", arguments: ["h", "go"])]))
        let expected = #"""
            {
              "cdiVersion": "0.5.0",
              "kind": "divvy.dev/gpu",
              "devices": [
                {
                  "name": "lease-17",
                  "containerEdits": {
                    "env": ["A=\"b\\"],
                    "deviceNodes": [
                      {
                        "path": "/dev/nvidia0",
                        "hostPath": "/sim/nvidia0",
                        "permissions": "rw"
                      },
                      {
                        "path": "/dev/x",
                        "permissions": "rw"
                      }
                    ],
                    "mounts": [
                      {
                        "hostPath": "/a",
                        "containerPath": "/b",
                        "options": ["ro", "bind"]
                      }
                    ]
                  }
                }
              ],
              "containerEdits": {
                "hooks": [
                  {
                    "hookName": "createRuntime",
                    "path": "/h",
                    "args": ["h", "go"]
                  }
                ]
              }
            }

            """#
        #expect(whole.json == expected)
    }

    @Test func `the version is the lowest that the content needs`() throws {
        #expect(try specification(edits(environment: ["A=1"])).version.rawValue == "0.3.0")
        #expect(try specification(edits(nodes: [("/dev/a", "/dev/a")])).version.rawValue == "0.3.0")
        #expect(try specification(edits(nodes: [("/dev/a", "/x/a")])).version.rawValue == "0.5.0")
        #expect(try specification(edits(environment: ["A=1"]), device: "0").version.rawValue == "0.5.0")
        #expect(try specification(edits(environment: ["A=1"]), kind: "divvy.dev/g.pu").version.rawValue == "0.6.0")
    }

    @Test(arguments: [
        "", "gpu", "divvy.dev/", "/gpu", "divvy.dev/gpu/x", "1v/gpu", "v/-gpu", "v/gpu.", "v\n/gpu", "ä/gpu",
    ])
    func `a kind that engines refuse is refused`(kind: String) {
        #expect(throws: CDIError.kind(kind)) { try specification(edits(environment: ["A=1"]), kind: kind) }
    }

    @Test(arguments: ["", "-a", "a-", "a/b", "../../etc/cron.d/x", "a b", "$(reboot)", "a\0", "a\u{2024}b"])
    func `a device name that engines refuse is refused`(name: String) {
        #expect(throws: CDIError.deviceName(name)) { try specification(edits(environment: ["A=1"]), device: name) }
    }

    @Test(arguments: ["A", "=x", "1A=x", "A B=x", "A=x\nB=y", "A=x\0", "A=\(String(repeating: "x", count: 9000))"])
    func `an environment entry that could be read as something else is refused`(entry: String) {
        #expect(throws: CDIError.environment(entry)) { try specification(edits(environment: [entry])) }
    }

    @Test(arguments: ["dev/nvidia0", "", "/", "/dev/../etc/shadow", "/dev/a\nb"])
    func `a path that is not absolute and plain is refused`(path: String) {
        #expect(throws: CDIError.path(path, what: "a device node on the host")) {
            try specification(edits(nodes: [("/dev/nvidia0", path)]))
        }
        #expect(throws: CDIError.path(path, what: "the source of a mount")) {
            try specification(edits(mounts: [.init(hostPath: path, containerPath: "/a", options: [])]))
        }
    }

    @Test func `what an engine would refuse as a whole is refused`() {
        #expect(throws: CDIError.noDevices) { try CDISpecification(kind: "a/b", devices: []) }
        #expect(throws: CDIError.emptyDevice("lease-1")) { try specification(.none) }
        #expect(throws: CDIError.hookName("onlyMine")) {
            try specification(edits(hooks: [.init(name: "onlyMine", path: "/h", arguments: [])]))
        }
        #expect(throws: CDIError.mountOption("ro,exec")) {
            try specification(edits(mounts: [.init(hostPath: "/a", containerPath: "/b", options: ["ro,exec"])]))
        }
        let one = CDISpecification.Device(name: "a", edits: edits(environment: ["A=1"]))
        #expect(throws: CDIError.sameDeviceTwice("a")) { try CDISpecification(kind: "a/b", devices: [one, one]) }
    }
}
