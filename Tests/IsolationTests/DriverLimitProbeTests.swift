import Engine
import Fleet
import Foundation
import Testing

@testable import Isolation

/// Whether this node's driver can hold memory, and where.
@Suite struct `The driver's memory limits can be had` {
    private let bench = LimitBench()

    @Test(.enabled(if: LimitBench.isUsable, "making cgroups needs root"))
    func `where a probe of its own is held, which leaves nothing`() async throws {
        let means = bench.means()
        #expect(await means.problem(on: bench.node()) == nil)
        #expect(bench.table.limits.isEmpty)
        for tree in LimitBench.trees {
            let left = (try? FileManager.default.contentsOfDirectory(atPath: tree.mount + "/divvy")) ?? []
            #expect(!left.contains { $0.hasPrefix("probe-\(getpid())") })
        }
    }

    @Test(.enabled(if: LimitBench.isUsable && LimitBench.trees.count > 1, "this machine has one tree of cgroups"))
    func `in the first tree of cgroups that the driver knows`() async throws {
        bench.table.refuse([LimitBench.trees[0].mount])
        let means = bench.means()
        #expect(await means.problem(on: bench.node()) == nil)
        let program = try Sleeper()
        try await means.admit(Arrival(.process, program.identity), of: bench.lease(7), on: bench.node())
        let reading = try #require(await means.reading(of: LeaseID(number: 7)))
        #expect(reading.source.hasPrefix(LimitBench.trees[1].mount + "/divvy/lease-7"))
        program.end()
        #expect(await eventually { access(reading.source, F_OK) != 0 })
    }

    @Test func `not of an older driver, whoever asks`() async throws {
        let old = "driver 580.95.05 has no memory limits for cgroups; 615 and newer have"
        bench.table.fail(LimitBench.first, .unsupported(old))
        let means = bench.means()
        #expect(await means.problem(on: bench.node(version: "580.95.05")) == old)
        // It is remembered, so that looking at the node every second costs nothing.
        bench.table.fail(LimitBench.first, nil)
        #expect(await means.problem(on: bench.node(version: "580.95.05")) == old)
        await #expect(throws: PreparationError.self) {
            try await means.hold(bench.lease(7), on: bench.node(version: "580.95.05"))
        }
    }

    @Test(.enabled(if: LimitBench.isUsable, "making cgroups needs root"))
    func `again after the driver was replaced`() async throws {
        bench.table.fail(LimitBench.first, .unsupported("too old"))
        let means = bench.means()
        #expect(await means.problem(on: bench.node(version: "580.95.05")) == "too old")
        bench.table.fail(LimitBench.first, nil)
        #expect(await means.problem(on: bench.node()) == nil)
    }

    @Test func `not of GPUs in MIG mode, whose slices limit memory themselves`() async throws {
        #expect(
            await bench.means().problem(on: bench.node(mig: true))
                == "all GPUs are in MIG mode, where the driver keeps no memory limits of cgroups")
    }

    @Test(.enabled(if: LimitBench.isUsable, "making cgroups needs root"))
    func `not of a driver that says yes and does nothing`() async throws {
        bench.table.forget(LimitBench.first)
        #expect(
            await bench.means().problem(on: bench.node())
                == "the driver was told to hold a cgroup to 1 GiB, and says no limit")
    }

    @Test func `not without cgroups`() async throws {
        let means = DriverLimitMeans(
            bench.table, directory: bench.directory, mountinfo: { "" }, watchEnd: LimitBench.watchEnd)
        #expect(
            await means.problem(on: bench.node())
                == "no cgroups are mounted here, to which the driver's memory limits would apply")
    }
}

/// What the kernel's files say of cgroups.
@Suite struct `Trees of cgroups` {
    private let hybrid = """
        25 30 0:22 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
        26 25 0:23 / /sys/fs/cgroup/unified rw,nosuid shared:4 - cgroup2 cgroup2 rw
        27 25 0:24 / /sys/fs/cgroup/cpu,cpuacct rw shared:5 - cgroup cgroup rw,cpu,cpuacct
        28 25 0:25 / /sys/fs/cgroup/me\\040mory rw shared:6 - cgroup cgroup rw,memory
        29 25 0:26 /docker/1 /other rw - cgroup2 cgroup2 rw
        """

    @Test func `are found, version 2 first`() {
        let found = CgroupHierarchy.all(mountinfo: hybrid)
        #expect(
            found == [
                .init(kind: .unified, mount: "/sys/fs/cgroup/unified"),
                .init(kind: .memory, mount: "/sys/fs/cgroup/me mory"),
            ])
    }

    @Test func `tell where a process is, unless that is the root or cannot be seen`() {
        let unified = CgroupHierarchy(kind: .unified, mount: "/sys/fs/cgroup")
        let memory = CgroupHierarchy(kind: .memory, mount: "/sys/fs/cgroup/memory")
        let text = "9:name=systemd:/\n4:hugetlb,memory:/docker/1\n0::/system.slice/docker-1.scope/init:1\n"
        #expect(unified.directory(in: text) == "/sys/fs/cgroup/system.slice/docker-1.scope/init:1")
        #expect(memory.directory(in: text) == "/sys/fs/cgroup/memory/docker/1")
        #expect(unified.directory(in: "0::/\n") == nil)
        #expect(unified.directory(in: "0::/../elsewhere\n") == nil)
        #expect(memory.directory(in: "0::/docker/1\n") == nil)
    }

    @Test func `count device memory in each cgroup above, or there is a gap in the chain`() throws {
        let root = FileManager.default.temporaryDirectory.path + "/divvy-tree-\(UUID().uuidString.prefix(8))"
        defer { try? FileManager.default.removeItem(atPath: root) }
        for (path, on) in [("", "cpu dmem"), ("/a", ""), ("/a/b", "")] {
            try FileManager.default.createDirectory(atPath: root + path, withIntermediateDirectories: true)
            try "cpu dmem memory\n".write(
                toFile: "\(root + path)/cgroup.controllers", atomically: false, encoding: .utf8)
            try on.write(toFile: "\(root + path)/cgroup.subtree_control", atomically: false, encoding: .utf8)
        }
        CgroupHierarchy(kind: .unified, mount: root).countDeviceMemory(in: root + "/a/b")
        #expect(SmallFile.text(root + "/cgroup.subtree_control") == "cpu dmem")
        #expect(SmallFile.text(root + "/a/cgroup.subtree_control") == "+dmem")
        #expect(SmallFile.text(root + "/a/b/cgroup.subtree_control") == "")
    }

    @Test func `a limited cgroup is written down so that the next daemon finds it`() throws {
        let limited = LimitedCgroup(
            lease: LeaseID(number: 7), cgroup: Cgroup(path: "/sys/fs/cgroup/a b/c", inode: 4711), isOwn: true,
            first: ProcessIdentity(pid: 3, startTicks: 99, boot: "boot"),
            grants: [LimitBench.first: .gibibytes(10), LimitBench.second: .gibibytes(3)])
        #expect(LimitedCgroup(limited.text) == limited)
        for length in stride(from: 0, to: limited.text.count - 24, by: 7) {
            #expect(LimitedCgroup(String(limited.text.prefix(length))) == nil)
        }
    }
}
