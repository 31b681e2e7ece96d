import Engine
import Fleet
import Foundation
import Testing

@testable import Drivers

@Suite struct `Processes on a GPU` {
    @Test func `a process is told with its memory, user, command and cgroup`() async throws {
        let stub = try DriverStub(.plain, [.processCount: 1])
        let source = stub.source()
        let processes =
            try await scan(source) { $0.readings.first?.processes.first?.user != nil }
            .readings.first?.processes ?? []
        let process = try #require(processes.first)
        #expect(processes.count == 1, "compute and graphics name the same process")
        #expect(process.pid == getpid())
        #expect(process.memory == .gibibytes(1))
        #expect(process.uid == getuid())
        #expect(process.user == String(cString: getpwuid(getuid()).pointee.pw_name))
        #expect(process.command?.hasPrefix(CommandLine.arguments[0]) == true)
        let cgroup = try String(contentsOfFile: "/proc/self/cgroup", encoding: .utf8)
        #expect(cgroup.contains(try #require(process.cgroup)))
        #expect(process.lease == nil)
    }

    @Test func `a process that is not to be seen is told as far as it is known`() async throws {
        let stub = try DriverStub(.plain, [.processCount: 3])
        let processes = await stub.source().scan().readings.first?.processes ?? []
        try #require(processes.map(\.pid) == [getpid(), 4_000_001, 4_000_002])
        #expect(processes[1].memory == nil)
        #expect(
            processes[2]
                == GPUProcess(
                    pid: 4_000_002, memory: .gibibytes(1), uid: nil, user: nil, command: nil, cgroup: nil, lease: nil))
    }

    @Test func `a list that grows between two reads is read again with more room`() async throws {
        let stub = try DriverStub(.plain, [.gpuCount: 1, .processCount: 40, .processGrowth: 50])
        let scan = await stub.source().scan()
        // With room for 32 the driver has 40, with room for 128 it has 90.
        #expect(scan.readings.first?.processes.count == 90)
    }

    @Test func `a list that never stops growing is given up and the GPU is still read`() async throws {
        let stub = try DriverStub(.plain, [.gpuCount: 1, .processCount: 100_000, .processGrowth: 1])
        let scan = await stub.source().scan()
        #expect(scan.health == [.healthy])
        #expect(scan.readings.first?.temperatureCelsius == 61)
    }

    @Test func `the oldest drivers write shorter entries`() async throws {
        let stub = try DriverStub(.oldDriver, [.processCount: 4])
        let processes = await stub.source().scan().readings.first?.processes ?? []
        #expect(processes.map(\.pid) == [getpid(), 4_000_001, 4_000_002, 4_000_003])
        #expect(processes.map(\.memory) == [.gibibytes(1), nil, .gibibytes(1), .gibibytes(1)])
    }

    @Test func `a process is told apart from a later one and forgotten when it is not asked for`() throws {
        let directory = ProcessDirectory()
        let child = Process()
        child.executableURL = URL(filePath: "/bin/sleep")
        child.arguments = ["60"]
        try child.run()
        defer { child.terminate() }
        let pid = child.processIdentifier
        for _ in 0..<1000 where directory.details(of: pid)?.command != "/bin/sleep 60" {
            directory.refresh([pid, getpid()])
            usleep(5000)
        }
        #expect(directory.details(of: pid)?.command == "/bin/sleep 60")
        #expect(directory.details(of: pid)?.startTicks != nil)
        directory.refresh([getpid()])
        #expect(directory.details(of: pid) == nil)
        #expect(directory.details(of: getpid()) != nil)
    }

    @Test(arguments: [
        ("0::/system.slice/docker-abc.scope\n", "/system.slice/docker-abc.scope"),
        ("12:memory:/docker/abc\n1:name=systemd:/docker/def\n0::/system.slice/x\n", "/docker/abc"),
        ("1:name=systemd:/user.slice\n7:cpu,cpuacct:/a:b\n", "/user.slice"),
        ("7:cpu,cpuacct:/a:b\n", "/a:b"),
    ])
    func `the cgroup of a process`(text: String, path: String) {
        #expect(ProcessDirectory.path(inCgroup: text) == path)
    }
}
