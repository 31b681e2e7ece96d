import Foundation
import Testing

@testable import Containers

@Suite struct EngineTests {
    @Test(arguments: [
        ("4.3.1", 4, 3, 1), ("v25.0", 25, 0, 0), ("20.10.24+dfsg1", 20, 10, 24), ("5.0.0-rc1", 5, 0, 0),
    ])
    func `versions are read as engines write them`(text: String, major: Int, minor: Int, patch: Int) {
        #expect(EngineVersion(text) == EngineVersion(major: major, minor: minor, patch: patch))
    }

    @Test(arguments: ["", "docker", "28", "x.y"])
    func `what is no version is none`(text: String) { #expect(EngineVersion(text) == nil) }

    @Test func `CDI is used only where the engine reads our directory`() {
        func reads(_ directories: [String], _ specification: String) -> Bool {
            ContainerEngine(
                command: .init(kind: .docker, executable: "/usr/bin/docker"),
                version: EngineVersion(major: 28, minor: 2), specificationDirectories: directories
            ).reads(specification: specification)
        }
        #expect(reads(["/etc/cdi", "/var/run/cdi"], "/run/cdi/divvy.json"))
        #expect(!reads([], "/var/run/cdi/divvy.json"))
        #expect(!reads(["/etc/cdi"], "/home/x/cdi/divvy.json"))
        #expect(!reads(["/etc/cdi"], "/etc/cdi/deeper/divvy.json"))
        #expect(!reads(["/etc/cdi"], "divvy.json"))
        #expect(
            ContainerEngine.podmanSpecificationDirectories(EngineVersion(major: 4, minor: 1)).contains("/var/run/cdi"))
        #expect(ContainerEngine.podmanSpecificationDirectories(EngineVersion(major: 4, minor: 0)).isEmpty)
    }

    /// Makes a program that answers like an engine's command line.
    private func install(_ name: String, in directory: String, _ script: String) throws {
        try "#!/bin/sh\n\(script)\n".write(toFile: "\(directory)/\(name)", atomically: false, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: "\(directory)/\(name)")
    }

    @Test func `docker is preferred when its daemon answers`() async throws {
        try await withDirectory { root in
            try install(
                "docker", in: root, #"echo '{"ServerVersion":"28.3.0","CDISpecDirs":["/etc/cdi","/var/run/cdi"]}'"#)
            try install("podman", in: root, "echo podman version 4.3.1")
            let discovery = EngineDiscovery(path: "/nowhere:\(root)")
            let found = try await discovery.find(.automatic)
            #expect(found.kind == .docker)
            #expect(found.reads(specification: "/var/run/cdi/divvy.json"))
            #expect(found.version == EngineVersion(major: 28, minor: 3))
            #expect(found.command.executable == root + "/docker")
            #expect(try await discovery.find(.named(.podman)).kind == .podman)
        }
    }

    @Test func `docker says which runtimes it has, and whether it has privilege`() async throws {
        try await withDirectory { root in
            try install(
                "docker", in: root,
                #"echo '{"ServerVersion":"28.3.0","Runtimes":{"runc":{"path":"runc"},"divvy":{"path":"/x","runtimeArgs":["a"]}},"#
                    + #""SecurityOptions":["name=seccomp,profile=default","name=rootless"]}'"#)
            let found = try await EngineDiscovery(path: root).find(.named(.docker))
            #expect(found.runtimes == ["runc", "divvy"])
            #expect(found.isRootless)
        }
    }

    @Test func `podman is taken when docker's daemon is down`() async throws {
        try await withDirectory { root in
            try install("docker", in: root, #"echo '{"ServerErrors":["Cannot connect"]}'; exit 1"#)
            try install("podman", in: root, "echo podman version 4.3.1")
            let discovery = EngineDiscovery(path: root)
            let found = try await discovery.find(.automatic)
            #expect(found.kind == .podman)
            #expect(!found.reads(specification: "/home/x/cdi/divvy.json"))
            let error = await #expect(throws: ContainerEngineError.self) { try await discovery.find(.named(.docker)) }
            #expect(error == .noAnswer(.docker, reason: "Cannot connect"))
        }
    }

    @Test func `a program called docker that is something else is not taken for Docker`() async throws {
        try await withDirectory { root in
            try install("docker", in: root, #"echo '{"host":{"arch":"amd64"}}'; echo 'Emulate Docker CLI' >&2"#)
            let error = await #expect(throws: ContainerEngineError.self) {
                try await EngineDiscovery(path: root).find(.named(.docker))
            }
            #expect(error == .noAnswer(.docker, reason: "Emulate Docker CLI"))
        }
    }

    @Test func `without any engine the error tells of each`() async throws {
        let error = await #expect(throws: ContainerEngineError.self) {
            try await EngineDiscovery(path: "/nowhere").find(.automatic)
        }
        #expect(error?.description.contains("docker is not installed") == true)
        #expect(error?.description.contains("podman is not installed") == true)
    }

    @Test func `a choice is docker, podman or auto`() throws {
        #expect(try EngineChoice(option: nil) == .automatic)
        #expect(try EngineChoice(option: "auto") == .automatic)
        #expect(try EngineChoice(option: "podman") == .named(.podman))
        #expect(throws: ContainerEngineError.unknownName("runc")) { try EngineChoice(option: "runc") }
    }

    @Test func `an engine that does not answer is given up`() async throws {
        try await withDirectory { root in
            try install("docker", in: root, "exec sleep 60")
            let command = EngineCommand(kind: .docker, executable: root + "/docker")
            let start = ContinuousClock.now
            await #expect(throws: EngineCallError.tooSlow(root + "/docker", seconds: 0)) {
                try await command.output(of: ["info"], limit: .milliseconds(300))
            }
            #expect(ContinuousClock.now - start < .seconds(50), "the command itself takes 60 s")
        }
    }
}
