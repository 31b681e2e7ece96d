import Engine
import Fleet
import Foundation
import Testing

@testable import Containers

extension WithEngines {
    /// Prepared leases in real containers.
    @Suite struct ContainerLaunchTests {
        private static let script = """
            ls /dev | grep nvidia; echo model=$(cat /dev/nvidiactl); cat /usr/lib64/libnvidia-ml.so.1; echo; env | sort; \
            id -u >/dev/nvidiactl && echo written; echo x 2>/dev/null >/usr/lib64/libnvidia-ml.so.1 || echo read-only; \
            [ -c /dev/nvidia1 ] && echo node
            """

        private func layout(in root: String) throws -> DriverLayout {
            let layout = try DriverLayout(in: root, plain: ["libnvidia-ml"], gpus: 1)
            try "simulated".write(toFile: layout.devices + "/nvidiactl", atomically: false, encoding: .utf8)
            for minor in 1...2 {
                try #require(mknod(layout.devices + "/nvidia\(minor)", S_IFCHR | 0o666, 0x103) == 0)
            }
            return layout
        }

        @Test(arguments: [(EngineKind.docker, false), (.podman, false), (.podman, true)])
        func `a container sees its lease's GPUs and no others`(kind: EngineKind, withCDI: Bool) async throws {
            let command = try #require(TestEngines.current?.commands[kind])
            try await withDirectory { root in
                let layout = try layout(in: root)
                let directory = withCDI ? CDIDirectory(path: "/var/run/cdi") : nil
                let preparer = CDILeasePreparer(
                    .init(directory: directory, library: { _ in layout.library }, deviceRoot: layout.devices))
                let lease = makeLease(Int64.random(in: 1_000_000...9_000_000), gpus: [1])
                let preparation = try await preparer.prepare(lease, on: makeNode(gpus: 3))
                let engine = ContainerEngine(
                    command: command, version: EngineVersion(major: 4, minor: 3),
                    specificationDirectories: withCDI ? ["/var/run/cdi"] : [])
                var options = [
                    "--rm", "--network", "none", "-e", "NVIDIA_VISIBLE_DEVICES=all", "--device", "/dev/nvidia0",
                ]
                if kind == .podman { options += ["--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1000:1000"] }
                let parsed = try RunArguments(
                    ["--gpus", "1"] + options + ["divvy-test", "/bin/sh", "-c", Self.script])
                guard case .container(let given, let image, let inside) = parsed.work else { return }
                let (kept, notes) = RunArguments.overruled(given)
                #expect(notes.count == 2)
                let words = try RunArguments.launch(
                    engine, lease: lease.id, preparation: preparation, options: kept, image: image, command: inside)
                #expect(words.contains(preparation.cdiDevice) == withCDI)
                let output = try run(words).output
                await preparer.dismiss(lease.id)
                #expect(output.contains("nvidia1\nnvidiactl\nmodel=simulated"), "\(output)")
                #expect(!output.contains("nvidia0") && !output.contains("nvidia2"))
                #expect(output.contains("libnvidia-ml\n"))
                #expect(output.contains("\nread-only"))
                #expect(output.contains("\nwritten") && output.contains("\nnode"))
                #expect(output.contains("\nNVIDIA_VISIBLE_DEVICES=void\n"))
                #expect(output.contains("\nDIVVY_LEASE=\(lease.id)\n"))
                #expect(output.contains("\nCUDA_VISIBLE_DEVICES=0\n"), "whatever the file of variables says")
                #expect(try contents(layout.devices + "/nvidiactl").hasPrefix("0\n"))
            }
        }

        @Test func `the engines that are installed are found`() async throws {
            let engines = try #require(TestEngines.current?.commands)
            let arguments = engines.mapValues(\.globalArguments)
            let discovery = EngineDiscovery(
                path: ProcessInfo.processInfo.environment["PATH"] ?? "",
                globalArguments: arguments)
            let docker = try await discovery.find(.automatic)
            #expect(docker.kind == .docker)
            #expect(docker.version.major >= 20)
            #expect(try await discovery.find(.named(.podman)).reads(specification: "/run/cdi/x.json"))
            let dead = EngineDiscovery(
                path: ProcessInfo.processInfo.environment["PATH"] ?? "",
                globalArguments: [.docker: ["-H", "unix:///nowhere.sock"], .podman: arguments[.podman] ?? []])
            #expect(try await dead.find(.automatic).kind == .podman)
            let error = await #expect(throws: ContainerEngineError.self) { try await dead.find(.named(.docker)) }
            #expect(error?.description.contains("nowhere.sock") == true)
        }
    }
}
