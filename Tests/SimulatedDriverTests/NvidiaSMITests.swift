import Foundation
import SimulatedDevices
import Testing

/// NVIDIA's own tool, on every simulated machine. It insists on a driver of its own version.
@Suite(.enabled(if: Tool.nvidiaSMI != nil, "no nvidia-smi: run Scripts/nvidia-smi first"))
struct NvidiaSMITests {
    @Test(arguments: SimulatedProfile.all.map(\.name))
    func `the list has names and UUIDs`(name: String) async throws {
        let machine = try Machine(name, driver: "535")
        let profile = try SimulatedProfile.named(name)
        let lines = try await SMI.lines(machine, "-L")
        #expect(
            lines
                == profile.seats.enumerated().map { index, seat in
                    "GPU \(index): \(seat.board.name) (UUID: \(profile.uuid(ofGPU: index)))"
                })
    }

    @Test(arguments: SimulatedProfile.all.map(\.name))
    func `a query answers what the profile says`(name: String) async throws {
        let machine = try Machine(name, driver: "535")
        let profile = try SimulatedProfile.named(name)
        let sleeper = try Sleeper()
        try machine.instance.addProcess(pid: sleeper.pid, gpu: 1, memory: 5 << 30, load: 60)
        let fields = [
            "index", "name", "uuid", "pci.bus_id", "pci.device_id", "serial", "memory.total", "memory.reserved",
            "memory.used", "memory.free", "utilization.gpu", "power.limit", "power.min_limit", "power.max_limit",
            "compute_cap", "clocks.max.sm", "clocks.max.memory", "pcie.link.gen.max", "ecc.mode.current",
            "mig.mode.current", "driver_version", "vbios_version",
        ]
        let lines = try await SMI.lines(
            machine, "--query-gpu=" + fields.joined(separator: ","), "--format=csv,noheader,nounits")
        #expect(
            lines
                == profile.seats.enumerated().map { index, seat in
                    let board = seat.board
                    let used = index == 1 ? 5120 : 0
                    return [
                        "\(index)", board.name, profile.uuid(ofGPU: index),
                        String(format: "00000000:%02X:00.0", seat.pciBus), String(format: "0x%08X", board.pciDeviceID),
                        seat.serial.isEmpty ? "[N/A]" : seat.serial, "\(board.memory.total)",
                        "\(board.memory.reserved)", "\(used)", "\(board.memory.total - board.memory.reserved - used)",
                        index == 1 ? "60" : "0", "\(board.power.standard).00", "\(board.power.least).00",
                        "\(board.power.most).00", "\(board.computeCapability.major).\(board.computeCapability.minor)",
                        "\(board.maximalClocks.sm)", "\(board.maximalClocks.memory)", "\(board.pcieGeneration)",
                        !board.hasErrorCorrection ? "[N/A]" : board.startsWithErrorCorrection ? "Enabled" : "Disabled",
                        board.hasMIG ? "Disabled" : "[N/A]", "535.261.03", board.vbios,
                    ].joined(separator: ", ")
                })
    }

    @Test(arguments: SimulatedProfile.all.map(\.name))
    func `the full page has a row for each GPU and its processes`(name: String) async throws {
        let machine = try Machine(name, driver: "535")
        let profile = try SimulatedProfile.named(name)
        let (sleeper, painter) = (try Sleeper(), try Sleeper())
        try machine.instance.addProcess(pid: sleeper.pid, gpu: 0, memory: 3 << 30, load: 25)
        try machine.instance.addProcess(pid: painter.pid, gpu: 1, memory: 1 << 30, graphics: true)
        let text = try await SMI.text(machine)
        #expect(text.contains("NVIDIA-SMI 535.261.03             Driver Version: 535.261.03   CUDA Version: 12.2"))
        for (index, seat) in profile.seats.enumerated() {
            let bus = String(format: "00000000:%02X:00.0", seat.pciBus)
            let row = try #require(
                text.split(separator: "\n").first { $0.hasPrefix("|   \(index)  \(seat.board.name) ") }, "GPU \(index)")
            #expect(row.contains(bus))
            let used = index == 0 ? 3072 : index == 1 ? 1024 : 0
            // The tool has room for five digits.
            let total = "\(seat.board.memory.total)MiB"
            #expect(text.contains(" \(used)MiB / " + (total.count > 8 ? total.prefix(5) + "... |" : total + " |")))
        }
        let processes = text.matches(of: /\|\s+(\d+)\s+N\/A\s+N\/A\s+(\d+)\s+([CG])\s+(\S+)\s+(\d+)MiB \|/).map {
            [$0.1, $0.2, $0.3, $0.4, $0.5].map(String.init)
        }
        #expect(
            processes == [
                ["0", "\(sleeper.pid)", "C", "sleep", "3072"], ["1", "\(painter.pid)", "G", "sleep", "1024"],
            ])
    }

    @Test(arguments: SimulatedProfile.all.map(\.name))
    func `the long page in XML says the same`(name: String) async throws {
        let machine = try Machine(name, driver: "535")
        let profile = try SimulatedProfile.named(name)
        let text = try await SMI.text(machine, "-q", "-x")
        func values(_ tag: String) -> [String] {
            text.split(separator: "\n").compactMap { line in
                let line = line.trimmingCharacters(in: .whitespaces)
                guard line.hasPrefix("<\(tag)>"), line.hasSuffix("</\(tag)>") else { return nil }
                return String(line.dropFirst(tag.count + 2).dropLast(tag.count + 3))
            }
        }
        #expect(values("product_name") == profile.seats.map(\.board.name))
        #expect(values("uuid") == profile.seats.indices.map { profile.uuid(ofGPU: $0) })
        #expect(values("minor_number") == profile.seats.indices.map(String.init))
        #expect(values("max_link_width") == profile.seats.map { "\($0.board.pcieWidth)x" })
        #expect(values("board_part_number") == profile.seats.map(\.board.partNumber))
        #expect(
            values("current_mig") == profile.seats.map { $0.board.hasMIG ? "Disabled" : "N/A" })
        #expect(
            values("remapped_row_corr")
                == profile.seats.compactMap {
                    $0.board.hasErrorCorrection && $0.board.architecture.rawValue >= 7 ? "0" : nil
                })
    }

    @Test(arguments: SimulatedProfile.all.map(\.name))
    func `the links are listed with their speed`(name: String) async throws {
        let machine = try Machine(name, driver: "535")
        let profile = try SimulatedProfile.named(name)
        let speeds = try await SMI.lines(machine, "nvlink", "-s").filter { $0.contains(" GB/s") }
        switch profile.nvlink {
        case .none: #expect(speeds.isEmpty)
        case .switched(let links, _, let speed, _, _), .direct(let links, _, let speed, _):
            #expect(speeds.count == links * profile.seats.count)
            let gigabytes = speed % 1000 == 0 ? "\(speed / 1000)" : String(format: "%.3f", Double(speed) / 1000)
            #expect(speeds.allSatisfy { $0.hasSuffix(": \(gigabytes) GB/s") })
        }
    }

    @Test(arguments: SimulatedProfile.all.map(\.name))
    func `the matrix shows NVLinks, PCIe and CPUs`(name: String) async throws {
        let machine = try Machine(name, driver: "535")
        let profile = try SimulatedProfile.named(name)
        let rows = try await SMI.lines(machine, "topo", "-m").filter { $0.hasPrefix("GPU") && $0.contains("\t") }.map {
            $0.split(separator: "\t", omittingEmptySubsequences: true)
                .map { $0.trimmingCharacters(in: .whitespaces) }
        }
        try #require(rows.count == profile.seats.count)
        for (index, row) in rows.enumerated() {
            var expected = ["GPU\(index)"]
            for other in profile.seats.indices {
                let links = profile.nvlinks(index, other)
                expected.append(
                    other == index ? "X" : links > 0 ? "NV\(links)" : profile.pathLevel(index, other).word)
            }
            let seat = profile.seats[index]
            expected.append(seat.cpus.map { "\($0.lowerBound)-\($0.upperBound)" }.joined(separator: ","))
            expected += ["\(seat.numaNode)", "N/A"]
            #expect(row == expected)
        }
    }

    @Test func `the length of time slices is set and listed`() async throws {
        let machine = try Machine("dgx-a100", driver: "535")
        #expect(try await SMI.text(machine, "compute-policy", "-i", "1", "--set-timeslice=1").contains("Successfully"))
        let rows = try await SMI.rows(machine, "compute-policy", "-l").map { $0.filter { $0 != "|" } }
        let lengths = rows.filter { $0.count == 3 && Int($0[0]) != nil }
        #expect(lengths.count == 8)
        #expect(lengths.map { $0[2] } == (0..<8).map { $0 == 1 ? "Short" : "Default" })
        await #expect(throws: Tool.Failure.self) {
            try await SMI.text(machine, "compute-policy", "-i", "1", "--set-timeslice=7")
        }
    }

    @Test func `a reset is refused while a process holds the GPU, and done then`() async throws {
        let machine = try Machine("dgx-h100", driver: "535")
        let sleeper = try Sleeper()
        try machine.instance.addMemoryErrors(gpu: 0, corrected: 0, uncorrected: 1)
        try machine.instance.addProcess(pid: sleeper.pid, gpu: 0, memory: 1 << 30)
        let query = ["--query-remapped-rows=remapped_rows.pending", "--format=csv,noheader", "-i", "0"]
        #expect(try await SMI.text(machine, query) == "1\n")
        await #expect(throws: Tool.Failure.self) { try await SMI.text(machine, "-i", "0", "-r") }
        #expect(try await SMI.text(machine, query) == "1\n")
        sleeper.end()
        #expect(try await SMI.text(machine, "-i", "0", "-r").contains("was successfully reset"))
        #expect(try await SMI.text(machine, query) == "0\n")
    }

    @Test(arguments: SimulatedProfile.all.map(\.name))
    func `pmon and dmon watch the load`(name: String) async throws {
        let machine = try Machine(name, driver: "535")
        let profile = try SimulatedProfile.named(name)
        let sleeper = try Sleeper()
        try machine.instance.addProcess(pid: sleeper.pid, gpu: 1, memory: 2 << 30, load: 55)
        let processes = try await SMI.rows(machine, "pmon", "-c", "1", "-s", "um")
        #expect(
            processes
                == profile.seats.indices.map { index in
                    index == 1
                        ? ["1", "\(sleeper.pid)", "C", "55", "33", "0", "0", "2048", "0", "sleep"]
                        : ["\(index)"] + Array(repeating: "-", count: 9)
                })
        let devices = try await SMI.rows(machine, "dmon", "-c", "1", "-s", "uc")
        try #require(devices.count == profile.seats.count)
        for (index, row) in devices.enumerated() {
            let board = profile.seats[index].board
            let clocks = index == 1 ? board.maximalClocks : board.idleClocks
            #expect(Array(row.prefix(3)) == ["\(index)", index == 1 ? "55" : "0", index == 1 ? "33" : "0"])
            #expect(Array(row.suffix(2)) == ["\(clocks.memory)", "\(clocks.sm)"])
        }
    }
}

extension SimulatedProfile.PathLevel {
    /// As the matrix has it.
    fileprivate var word: String {
        switch self {
        case .oneSwitch: "PIX"
        case .switches: "PXB"
        case .hostBridge: "PHB"
        case .numaNode: "NODE"
        case .system: "SYS"
        }
    }
}

/// The tool with a simulated machine's driver.
enum SMI {
    static func text(_ machine: borrowing Machine, _ arguments: String...) async throws -> String {
        try await text(machine, arguments)
    }

    static func text(_ machine: borrowing Machine, _ arguments: [String]) async throws -> String {
        let library = machine.instance.directory + "/lib"
        return try await Tool.output(
            try #require(Tool.nvidiaSMI), arguments, environment: ["LD_LIBRARY_PATH": library])
    }

    static func lines(_ machine: borrowing Machine, _ arguments: String...) async throws -> [String] {
        try await text(machine, arguments).split(separator: "\n").map(String.init)
    }

    /// The words of the lines that are no comments.
    static func rows(_ machine: borrowing Machine, _ arguments: String...) async throws -> [[String]] {
        try await text(machine, arguments).split(separator: "\n").filter { !$0.hasPrefix("#") }.map {
            $0.split(separator: " ").map(String.init)
        }
    }
}
