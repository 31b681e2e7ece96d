import Foundation
import SimulatedDevices
import Testing

/// The commands of the second protocol. What they answer was read off NVIDIA's own program, version 550.
struct ControlTests {
    @Test(arguments: [
        ("get_server_list", ""), ("get_server_status 5", "Server 5 not found"),
        ("get_server_status", "A server PID is required"), ("get_client_list 1", "Server 1 not found"),
        ("get_client_list", "Server 0 not found"),
        ("start_server", "A user id (UID) is required to start a new server"),
        ("shutdown_server 1", "Server 1 not found"), ("ps", "Server not found"),
        ("get_device_client_list 4", "Server 4 not found"), ("get_device_client_list", ""),
        ("terminate_client 1 2", "Server 1 not found\nServer 1 not found!\n1"),
        ("get_default_active_thread_percentage", "100.0"), ("set_default_active_thread_percentage 33.333", "33.3"),
        ("set_default_active_thread_percentage 101", "100.0"), ("set_default_active_thread_percentage x", "100.0"),
        ("get_active_thread_percentage 1", "Server 1 not found"),
        ("set_active_thread_percentage 1 5", "Server 1 not found"),
        ("set_default_device_pinned_mem_limit 0 10", ""), ("get_default_device_pinned_mem_limit 0", ""),
        ("set_device_pinned_mem_limit 1 0 5G", "Server 1 not found"), ("get_default_client_priority", "0"),
        ("set_default_client_priority 1", ""),
        ("set_default_client_priority 2", "Invalid priority value - must be 0 or 1!"),
        ("help", "Unknown command \"help\""), ("", "Unknown command \"\""),
    ])
    func `a command is answered as by NVIDIA's program`(line: String, answer: String) throws {
        let machine = try Machine("2x-rtx-4090")
        let control = try Control(machine)
        let result = try control.run(line)
        #expect(result.text == answer)
        #expect(result.status == 0)
    }

    @Test func `a limit is told as it was set, by ordinal and by UUID`() throws {
        let machine = try Machine("2x-rtx-4090")
        let control = try Control(machine)
        for (device, limit) in [("0", "10G"), ("GPU-1234", "900M")] {
            #expect(try control.command("set_default_device_pinned_mem_limit \(device) \(limit)") == "")
            #expect(try control.command("get_default_device_pinned_mem_limit \(device)") == limit)
        }
        #expect(try control.command("get_default_device_pinned_mem_limit 1") == "")
    }

    @Test func `one connection takes many commands`() throws {
        let machine = try Machine("2x-rtx-4090")
        let control = try Control(machine)
        #expect(
            try control.command("set_default_active_thread_percentage 40\nget_default_active_thread_percentage")
                == "40.0\n40.0")
    }

    @Test func `a second daemon in the same directory does not start, and after quit there is none`() throws {
        let machine = try Machine("2x-rtx-4090")
        let control = try Control(machine)
        let environment = ["CUDA_MPS_PIPE_DIRECTORY": control.pipe, "CUDA_MPS_LOG_DIRECTORY": control.log]
        let second = try Program(control.path, ["-d"], environment: environment).finish()
        #expect(second.text == "An instance of this daemon is already running")
        #expect(second.status == 1)
        #expect(try control.run("quit") == ("", 0))
        #expect(access(control.pipe + "/control", F_OK) != 0)
        #expect(access(control.pipe + "/nvidia-cuda-mps-control.pid", F_OK) != 0)
        #expect(try control.run("get_server_list").status == 1)
    }

    @Test func `a server is started for a user, listed and shut down`() throws {
        let machine = try Machine("2x-rtx-4090")
        let control = try Control(machine)
        #expect(try control.command("start_server -uid \(geteuid())") == "")
        let server = try control.server()
        #expect(
            try wait {
                try control.command("get_server_status \(server)")
            } until: {
                $0 == "ACTIVE"
            } != nil)
        let name = try String(contentsOfFile: "/proc/\(server)/cmdline", encoding: .utf8)
        #expect(name.hasPrefix("nvidia-cuda-mps-server\0"))
        let client = try control.clientWithContext()
        let lines = try control.command("ps").split(separator: "\n")
        #expect(lines.first?.split(separator: " ") == ["PID", "ID", "SERVER", "DEVICE", "NAMESPACE", "COMMAND"])
        #expect(lines.count == 2 && lines[1].hasPrefix("\(client.pid) ") && lines[1].contains(" \(server) "))
        // It goes when its clients have.
        #expect(try control.command("shutdown_server \(server)") == "")
        #expect(try control.command("get_server_list") == server)
        #expect(client.finish().status == 0)
        #expect(
            try wait {
                try control.command("get_server_list")
            } until: {
                $0.isEmpty
            } != nil)
    }

    @Test func `a server that is shut down by force is gone at once, and another can be started`() throws {
        let machine = try Machine("2x-rtx-4090")
        let control = try Control(machine)
        let client = try control.clientWithContext()
        let server = try control.server()
        #expect(try control.command("shutdown_server \(server) -f\nget_server_list") == "")
        #expect(try client.say("synchronize") == "806")
        #expect(try control.command("start_server -uid \(geteuid())") == "")
        #expect(try control.server() != server)
    }

    @Test func `quit waits for clients, and with a time makes them go`() throws {
        let machine = try Machine("2x-rtx-4090")
        let control = try Control(machine)
        let client = try control.clientWithContext()
        let front = try Program(
            control.path, [],
            environment: ["CUDA_MPS_PIPE_DIRECTORY": control.pipe, "CUDA_MPS_LOG_DIRECTORY": control.log])
        front.tell("quit -t 1")
        #expect(front.finish().status == 1)
        #expect(try client.say("synchronize") == "806")
    }

    @Test(.enabled(if: canBecomeOthers, "needs the superuser and setpriv"))
    func `somebody else may ask and change nothing`() throws {
        let machine = try Machine("2x-rtx-4090")
        let control = try Control(machine)
        let path = machine.instance.directory + "/bin/nvidia-cuda-mps-control"
        let front = try Program(
            path, [], environment: ["CUDA_MPS_PIPE_DIRECTORY": control.pipe], user: 65534)
        front.tell("set_default_active_thread_percentage 10")
        front.tell("get_default_active_thread_percentage")
        front.tell("start_server -uid 0")
        front.tell("quit")
        let lines = front.finish().text.split(separator: "\n")
        #expect(
            lines == [
                "Insufficient privileges for UID 65534. Control deamon settings can only be modified by the user started it or by the root user.",
                "100.0",
                "Insufficient privileges for UID 65534. Only the root user may start server for another user.",
                "Not enough privilege to execute quit command",
            ])
    }
}
