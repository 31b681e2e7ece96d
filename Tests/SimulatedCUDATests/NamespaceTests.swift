import Foundation
import SimulatedDevices
import Testing

/// Named servers and namespaces, of the third protocol of the control program.
struct NamespaceTests {
    private static let context = 256 << 20
    /// What the server itself holds of a GPU.
    private static let server = 30 << 20
    private static let gibibyte = 1 << 30
    private static let whole = (40960 - 571) << 20

    private func configuration(_ devices: String = "0") -> String {
        """
        schema_version = "1.0"
        [servers.shared]      # the default namespace
        allowed_devices = "\(devices)"
        pinned_memory_limit = "10G"
        active_thread_percentage = "50"
        client_priority = "0"
        uid = \(geteuid())
        [servers.shared.namespaces.small]
        pinned_memory_limit = "5G"
        active_thread_percentage = "25"
        [servers.shared.namespaces.open]
        """
    }

    /// Starts a daemon, and waits until the server is there.
    private func start(_ machine: borrowing Machine) throws -> Control {
        let control = try Control(machine, configuration: configuration())
        #expect(
            try wait {
                try control.named("server", "get", "shared", "status").text
            } until: {
                $0 == "Ready"
            } != nil)
        return control
    }

    @Test func `a namespace has its own limits, and one that sets none has none`() throws {
        let machine = try Machine("dgx-a100", driver: "615")
        let control = try start(machine)
        for (place, processors, limit) in [
            ("/shared", 54, 10 * Self.gibibyte), ("/shared/default", 54, 10 * Self.gibibyte),
            ("/shared/small", 26, 5 * Self.gibibyte), ("/shared/open", 108, Self.whole - Self.server),
        ] {
            let client = try control.clientWithContext(place)
            #expect(try client.say("devices") == "1")
            #expect(try client.say("processors") == "\(processors)", "\(place)")
            #expect(try client.say("memory") == "\(limit - Self.context) \(Self.whole)", "\(place)")
            _ = client.finish()
        }
    }

    @Test func `a namespace's percentage counts more than the client's own, and its limit of memory as well as it`()
        throws
    {
        let machine = try Machine("dgx-a100", driver: "615")
        let control = try start(machine)
        let client = try control.clientWithContext(
            "/shared/small",
            ["CUDA_MPS_ACTIVE_THREAD_PERCENTAGE": "10", "CUDA_MPS_PINNED_DEVICE_MEM_LIMIT": "0=2G"])
        #expect(try client.say("processors") == "26")
        #expect(try client.say("memory") == "\(2 * Self.gibibyte - Self.context) \(Self.whole)")
        let escaped = try control.clientWithContext(
            "/shared/small", ["CUDA_MPS_PINNED_DEVICE_MEM_LIMIT": "0=2G,1=4G"])
        #expect(try escaped.say("allocate \(20 * Self.gibibyte)") == "0")
        let free = try control.clientWithContext("/shared/open", ["CUDA_MPS_ACTIVE_THREAD_PERCENTAGE": "50"])
        #expect(try free.say("processors") == "54")
    }

    @Test func `a server for a GPU that is not there is gone, and its clients run without it`() throws {
        let machine = try Machine("dgx-a100", driver: "615")
        let control = try Control(machine, configuration: configuration("GPU-00000000-0000"))
        #expect(
            try wait {
                try control.named("server", "list", "--format=csv,noheader").text
            } until: {
                $0.isEmpty
            } != nil)
        let log = try String(contentsOfFile: control.log + "/shared/server.log", encoding: .utf8)
        #expect(log.contains("no CUDA-capable device is detected"))
        let client = try control.clientWithContext("/shared/small")
        #expect(try client.say("processors") == "108")
        #expect(try client.say("memory") == "\(Self.whole - Self.context) \(Self.whole)")
    }

    @Test func `servers and namespaces come and go while the daemon runs`() throws {
        let machine = try Machine("dgx-a100", driver: "615")
        let control = try start(machine)
        #expect(try control.named("server", "create", "other", "--allowed-devices=1").status == 0)
        #expect(try control.named("namespace", "create", "big", "--server=other").status == 0)
        #expect(
            try control.named(
                "namespace", "set", "big", "--server=other", "--pinned-memory-limit=20G",
                "--active-thread-percentage=75"
            ).status == 0)
        #expect(try control.named("namespace", "get", "big", "other", "active-thread-percentage").text == "75.00")
        #expect(
            try wait {
                try control.named("server", "get", "other", "status").text
            } until: {
                $0 == "Ready"
            } != nil)
        let client = try control.clientWithContext("/other/big")
        #expect(try client.say("processors") == "80")
        #expect(try client.say("memory") == "\(20 * Self.gibibyte - Self.context) \(Self.whole)")
        let monitor = try Monitor(machine)
        #expect(try monitor.servedProcesses(gpu: 1).map(\.pid) == [UInt32(client.pid)])
        #expect(
            try control.named("client", "list", "--server=other", "--format=csv,noheader").text
                .hasPrefix("\(client.pid),other,0,big,"))
        #expect(try control.named("client", "get", "\(client.pid)", "server").text == "other")
        // Somebody is there: only by force, which ends the work first.
        #expect(try control.named("namespace", "delete", "big", "--server=other").status == 1)
        #expect(try control.named("server", "delete", "other").status == 1)
        #expect(try control.named("namespace", "delete", "big", "--server=other", "--force").status == 0)
        #expect(try client.say("synchronize") == "810")
        #expect(access(control.pipe + "/other/big", F_OK) != 0)
        #expect(try control.named("server", "delete", "other", "--force").status == 0)
        #expect(
            try wait {
                try control.named("server", "list", "--format=csv,noheader").text
            } until: {
                $0.hasPrefix("shared,") && !$0.contains("\n")
            } != nil)
        #expect(access(control.pipe + "/other", F_OK) != 0)
    }

    @Test func `the daemon's own socket leads to a server of the user`() throws {
        let machine = try Machine("dgx-a100", driver: "615")
        let control = try start(machine)
        let client = try control.clientWithContext()
        #expect(try client.say("devices") == "8")
        #expect(try client.say("processors") == "108")
        let name = try control.named("client", "get", "\(client.pid)", "server").text
        #expect(name == "uid_\(geteuid())")
    }

    @Test(arguments: [
        "[servers.a]\nfoo = \"1\"", "[servers.A]", "[servers.a]\nactive_thread_percentage = \"101\"",
        "[servers.a]\npinned_memory_limit = \"10\"", "[servers.a]\nactive_thread_percentage = 50",
        "[servers.a.namespaces.b]\nuid = 0", "[[servers.a.devices]]\nuuid = \"GPU-1\"", "[other.a]",
        "schema_version = \"2.0\"",
    ])
    func `a file with anything else in it starts no daemon`(text: String) throws {
        let machine = try Machine("dgx-a100", driver: "615")
        #expect(throws: Tool.Failure.self) { try Control(machine, configuration: text) }
    }

    @Test(.enabled(if: canBecomeOthers, "needs the superuser and setpriv"))
    func `a client of another user is not permitted`() throws {
        let machine = try Machine("dgx-a100", driver: "615")
        let probe = try machine.probeForOthers()
        let control = try start(machine)
        #expect(try control.client("/shared/small", probe: probe, user: 65534).say("init") == "800")
        #expect(try control.client(probe: probe, user: 65534).say("init") == "0")
    }

    @Test func `what is wrong is said on standard error, with exit status 1`() throws {
        let machine = try Machine("dgx-a100", driver: "615")
        let control = try start(machine)
        for words in [
            ["server", "get", "none", "pid"], ["server", "create", "Upper"], ["server", "create", "shared"],
            ["namespace", "set", "small", "--server=shared"], ["sm-partition", "list"], ["nothing", "at-all"],
            ["namespace", "set", "small", "--server=shared", "--active-thread-percentage=0"],
        ] {
            let result = try Program(control.path, words, environment: ["CUDA_MPS_PIPE_DIRECTORY": control.pipe])
                .finish()
            #expect(result.status == 1, "\(words)")
            #expect(result.text == "", "\(words)")
        }
    }
}
