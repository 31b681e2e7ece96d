import Foundation
import SimulatedDevices
import Testing

/// `nvidia-smi mig`, on every machine that has GPUs which can be partitioned.
@Suite(.enabled(if: Tool.nvidiaSMI != nil, "no nvidia-smi: run Scripts/nvidia-smi first"))
struct MIGToolTests {
    static let profiles = SimulatedProfile.all.filter { $0.seats[0].board.hasMIG }.map(\.name)

    @Test(arguments: profiles)
    func `sizes are listed as the profile has them`(name: String) async throws {
        let machine = try Machine(name, driver: "535")
        let board = try SimulatedProfile.named(name).seats[0].board
        try await enable(machine)
        let text = try await SMI.text(machine, "mig", "-lgip")
        let listed = text.matches(
            of: /\| +0 +MIG (\S+) +(\d+) +(\d+)\/(\d+) +([\d.]+) +No +(\d+) +(\d+) +(\d+) +\|\n\| +(\d+) +(\d+) +(\d+)/
        ).map { [$0.1, $0.2, $0.3, $0.4, $0.5, $0.6, $0.7, $0.8, $0.9, $0.10, $0.11].map(String.init) }
        #expect(
            listed
                == board.slices.map { slice in
                    let engines = slice.engines
                    return [
                        slice.name, "\(slice.id)", "\(slice.limit)", "\(slice.limit)",
                        String(format: "%.2f", Double(slice.memory) / 1024), "\(slice.multiprocessors)",
                        "\(engines.decode)", "\(engines.encode)", "\(engines.copy)", "\(engines.jpeg)",
                        "\(engines.opticalFlow)",
                    ]
                })
        let placements = try await SMI.lines(machine, "mig", "-lgipp").filter { $0.hasPrefix("GPU  0 ") }
        #expect(
            placements.map { $0.filter { $0 != " " } }
                == board.slices.map { slice in
                    let word = slice.starts.count == 1 ? "Placement" : "Placements"
                    let starts = slice.starts.map(String.init).joined(separator: ",")
                    return "GPU0ProfileID\(slice.id)\(word):{\(starts)}:\(slice.slots)"
                })
    }

    @Test(arguments: profiles)
    func `as many instances of a size fit as the profile says, and not one more`(name: String) async throws {
        let machine = try Machine(name, driver: "535")
        let board = try SimulatedProfile.named(name).seats[0].board
        try await enable(machine)
        for slice in board.slices {
            let wanted = Array(repeating: "\(slice.id)", count: slice.limit).joined(separator: ",")
            let made = try await SMI.lines(machine, "mig", "-i", "0", "-cgi", wanted)
            #expect(made.count == slice.limit)
            await #expect(throws: Tool.Failure.self) {
                try await SMI.text(machine, "mig", "-i", "0", "-cgi", "\(slice.id)")
            }
            let rows = try await instances(machine)
            #expect(rows.map { $0[0] } == Array(repeating: slice.name, count: slice.limit))
            let starts = rows.compactMap { Int($0[3].split(separator: ":")[0]) }
            #expect(starts.allSatisfy(slice.starts.contains))
            #expect(Set(starts).count == slice.limit)
            #expect(Set(rows.map { $0[2] }).count == slice.limit)
            #expect(try await SMI.lines(machine, "mig", "-i", "0", "-dgi").count == slice.limit)
        }
    }

    @Test func `a typical partition comes, is listed, and goes`() async throws {
        let machine = try Machine("dgx-a100", driver: "535")
        try await enable(machine)
        let made = try await SMI.lines(machine, "mig", "-i", "0", "-cgi", "9,14,19")
        // The ids are those that a real A100 gives.
        #expect(
            made.map { $0.filter { $0 != " " } }.map { String($0.prefix(44)) } == [
                "SuccessfullycreatedGPUinstanceID2onGPU0using", "SuccessfullycreatedGPUinstanceID4onGPU0using",
                "SuccessfullycreatedGPUinstanceID8onGPU0using",
            ])
        // Two compute instances of unequal size in the largest GPU instance, one that is the default in each other.
        _ = try await SMI.text(machine, "mig", "-i", "0", "-gi", "2", "-cci", "0,1")
        _ = try await SMI.text(machine, "mig", "-i", "0", "-gi", "4,8", "-cci")
        let compute = try await SMI.text(machine, "mig", "-lci").matches(
            of: /\| +0 +(\d+) +MIG (\S+) +(\d+) +(\d+) +(\d+:\d+)[ ]/
        ).map { [$0.1, $0.2, $0.3, $0.4, $0.5].map(String.init) }
        #expect(
            Set(compute) == [
                ["2", "1c.3g.20gb", "0", "0", "0:1"], ["2", "2c.3g.20gb", "1", "1", "1:2"],
                ["4", "2g.10gb", "1", "0", "0:2"], ["8", "1g.5gb", "0", "0", "0:1"],
            ])
        let list = try await SMI.lines(machine, "-L").prefix(5).map { $0 }
        let devices = list.compactMap {
            $0.firstMatch(of: /[ ]{2}MIG (\S+) +Device +(\d+): \(UUID: (MIG-[0-9a-f-]{36})\)/)
        }
        #expect(devices.map { String($0.1) } == ["1c.3g.20gb", "2c.3g.20gb", "2g.10gb", "1g.5gb"])
        #expect(Set(devices.map { $0.3 }).count == 4)

        // What is used does not go: compute instances hold GPU instances, and processes hold both.
        await #expect(throws: Tool.Failure.self) { try await SMI.text(machine, "mig", "-i", "0", "-dgi", "-gi", "4") }
        let sleeper = try Sleeper()
        try machine.instance.addProcess(
            pid: sleeper.pid, gpu: 0, memory: 1 << 30, load: 10, slice: (gpuInstance: 4, computeInstance: 0))
        await #expect(throws: Tool.Failure.self) {
            try await SMI.text(machine, "mig", "-i", "0", "-dci", "-gi", "4", "-ci", "0")
        }
        let page = try await SMI.text(machine)
        #expect(page.contains(/\| +0 +4 +0 +\d+ +\| +1024MiB \/ +9856MiB/))
        #expect(page.contains(/\| +0 +4 +0 +\d+ +C +sleep +1024MiB \|/))
        sleeper.end()
        #expect(try await SMI.lines(machine, "mig", "-i", "0", "-dci").count == 4)
        #expect(try await SMI.lines(machine, "mig", "-i", "0", "-dgi").count == 3)
        #expect(try await instances(machine).isEmpty)
        #expect(try await SMI.text(machine, "-i", "0", "-mig", "0").contains("Disabled MIG Mode"))
    }

    @Test func `an instance goes where it is told, if there is room`() async throws {
        let machine = try Machine("2x-a30", driver: "535")
        try await enable(machine)
        _ = try await SMI.text(machine, "mig", "-i", "0", "-cgi", "5:2")
        #expect(try await instances(machine).map { $0[3] } == ["2:2"])
        await #expect(throws: Tool.Failure.self) { try await SMI.text(machine, "mig", "-i", "0", "-cgi", "5:2") }
        await #expect(throws: Tool.Failure.self) { try await SMI.text(machine, "mig", "-i", "0", "-cgi", "5:1") }
        _ = try await SMI.text(machine, "mig", "-i", "0", "-cgi", "14:0,14:1", "-C")
        #expect(try await SMI.lines(machine, "-L").filter { $0.contains("MIG-") }.count == 2)
    }

    @Test func `MIG mode waits for processes to leave`() async throws {
        let machine = try Machine("dgx-a100", driver: "535")
        let sleeper = try Sleeper()
        try machine.instance.addProcess(pid: sleeper.pid, gpu: 0, memory: 1 << 30)
        #expect(try await SMI.text(machine, "-i", "0", "-mig", "1").contains("pending enable state"))
        let query = ["--query-gpu=mig.mode.current,mig.mode.pending", "--format=csv,noheader", "-i", "0"]
        #expect(try await SMI.text(machine, query) == "Disabled, Enabled\n")
        sleeper.end()
        try machine.instance.reset(gpu: 0)
        #expect(try await SMI.text(machine, query) == "Enabled, Enabled\n")
    }

    private func enable(_ machine: borrowing Machine) async throws {
        #expect(try await SMI.text(machine, "-i", "0", "-mig", "1").contains("Enabled MIG Mode for GPU"))
    }

    /// Name, profile id, instance id and placement of each GPU instance.
    private func instances(_ machine: borrowing Machine) async throws -> [[String]] {
        let text: String
        do {
            text = try await SMI.text(machine, "mig", "-lgi")
        } catch let failure as Tool.Failure where failure.text.contains("No GPU instances found") {
            return []
        }
        return text.matches(of: /\| +0 +MIG (\S+) +(\d+) +(\d+) +(\d+:\d+)[ ]/).map {
            [$0.1, $0.2, $0.3, $0.4].map(String.init)
        }
    }
}
