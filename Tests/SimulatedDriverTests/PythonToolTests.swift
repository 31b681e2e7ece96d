import Foundation
import SimulatedDevices
import Testing

/// Real tools that know nothing of Divvy, on a simulated machine.
@Suite(.enabled(if: Tool.python != nil, "no Python tools: run Scripts/python-tools first"))
struct PythonToolTests {
    @Test(arguments: SimulatedProfile.all.map(\.name))
    func `pynvml sees what the profile says`(name: String) async throws {
        let machine = try Machine(name)
        let profile = try SimulatedProfile.named(name)
        let sleeper = try Sleeper()
        try machine.instance.addProcess(pid: sleeper.pid, gpu: 1, memory: 3 << 30, load: 40)
        let seen = try JSONDecoder().decode([SeenGPU].self, from: Data(await python(machine, Self.survey).utf8))

        try #require(seen.count == profile.seats.count)
        for (index, (gpu, seat)) in zip(seen, profile.seats).enumerated() {
            let board = seat.board
            #expect(gpu.uuid == profile.uuid(ofGPU: index))
            #expect(gpu.name == board.name)
            #expect(gpu.bus == String(format: "00000000:%02X:00.0", seat.pciBus))
            #expect(gpu.byBus == index)
            #expect(gpu.minor == index)
            #expect(gpu.total == board.memory.total << 20)
            #expect(gpu.reserved == board.memory.reserved << 20)
            #expect(gpu.used == (index == 1 ? 3 << 30 : 0))
            #expect(gpu.processes == (index == 1 ? [[Int(sleeper.pid), 3 << 30]] : []))
            #expect(gpu.load == (index == 1 ? 40 : 0))
            #expect(gpu.powerLimit == board.power.standard * 1000)
            #expect((board.power.idle * 1000...board.power.standard * 1000).contains(gpu.power))
            #expect(gpu.capability == [board.computeCapability.major, board.computeCapability.minor])
            #expect(gpu.cores == board.multiprocessors * board.coresPerMultiprocessor)
            #expect(gpu.cpus == seat.cpus.flatMap { Array($0) })
            #expect(gpu.ecc == board.hasErrorCorrection)
            #expect(gpu.mig == board.hasMIG)
            #expect(gpu.driver == profile.driver.version)
            #expect(gpu.links == profile.linksPerGPU)
            for (other, level) in gpu.levels.enumerated() where other != index {
                #expect(level == profile.pathLevel(index, other).rawValue)
            }
        }
    }

    @Test(arguments: SimulatedProfile.all.map(\.name))
    func `gpustat shows the machine`(name: String) async throws {
        let machine = try Machine(name)
        let profile = try SimulatedProfile.named(name)
        let sleeper = try Sleeper()
        try machine.instance.addProcess(pid: sleeper.pid, gpu: 1, memory: 8 << 30, load: 75)
        let text = try await python(machine, "import gpustat; gpustat.main('gpustat', '--json')")
        let report = try JSONDecoder().decode(GpustatReport.self, from: Data(text.utf8))
        #expect(report.driver_version == profile.driver.version)
        #expect(report.gpus.map(\.name) == profile.seats.map(\.board.name))
        #expect(report.gpus.map(\.uuid) == profile.seats.indices.map { profile.uuid(ofGPU: $0) })
        #expect(report.gpus.map(\.memoryTotal) == profile.seats.map(\.board.memory.total))
        #expect(report.gpus[1].memoryUsed == 8192)
        #expect(report.gpus[1].utilization == 75)
        #expect(report.gpus[1].processes.map(\.pid) == [Int(sleeper.pid)])
        #expect(report.gpus[1].processes.map(\.command) == ["sleep"])
        #expect(report.gpus[0].processes.isEmpty)
    }

    @Test(arguments: SimulatedProfile.all.map(\.name))
    func `nvitop shows the machine without a complaint`(name: String) async throws {
        let machine = try Machine(name)
        let text = try await python(
            machine, "import sys; from nvitop.cli import main; sys.argv = ['nvitop', '-1', '--no-unicode']; main()")
        let profile = try SimulatedProfile.named(name)
        #expect(text.contains("Driver Version: \(profile.driver.version)"))
        for seat in profile.seats { #expect(text.contains(String(format: "00000000:%02X:00.0", seat.pciBus))) }
        #expect(!text.contains("ERROR"))
    }

    private func python(_ machine: borrowing Machine, _ program: String) async throws -> String {
        let library = machine.instance.directory + "/lib"
        return try await Tool.output(
            try #require(Tool.python), ["-c", program], environment: ["LD_LIBRARY_PATH": library])
    }

    private static let survey = """
        import json
        from pynvml import *
        def supported(call):
            try:
                call()
                return True
            except NVMLError_NotSupported:
                return False
        nvmlInit()
        handles = [nvmlDeviceGetHandleByIndex(i) for i in range(nvmlDeviceGetCount())]
        result = []
        for h in handles:
            memory = nvmlDeviceGetMemoryInfo(h, version=nvmlMemory_v2)
            links = 0
            while links < 18 and supported(lambda: nvmlDeviceGetNvLinkState(h, links)):
                links += nvmlDeviceGetNvLinkState(h, links)
            bus = nvmlDeviceGetPciInfo(h).busId
            words = nvmlDeviceGetCpuAffinity(h, 16)
            result.append({
                "uuid": nvmlDeviceGetUUID(h), "name": nvmlDeviceGetName(h), "bus": bus,
                "byBus": nvmlDeviceGetIndex(nvmlDeviceGetHandleByPciBusId(bus.lower())),
                "minor": nvmlDeviceGetMinorNumber(h),
                "total": memory.total, "reserved": memory.reserved, "used": memory.used,
                "processes": [[p.pid, p.usedGpuMemory] for p in nvmlDeviceGetComputeRunningProcesses(h)],
                "load": nvmlDeviceGetUtilizationRates(h).gpu,
                "power": nvmlDeviceGetPowerUsage(h), "powerLimit": nvmlDeviceGetEnforcedPowerLimit(h),
                "capability": list(nvmlDeviceGetCudaComputeCapability(h)), "cores": nvmlDeviceGetNumGpuCores(h),
                "cpus": [64 * w + b for w in range(16) for b in range(64) if words[w] >> b & 1],
                "ecc": supported(lambda: nvmlDeviceGetEccMode(h)), "mig": supported(lambda: nvmlDeviceGetMigMode(h)),
                "driver": nvmlSystemGetDriverVersion(), "links": links,
                "levels": [nvmlDeviceGetTopologyCommonAncestor(h, o) for o in handles],
            })
        print(json.dumps(result))
        """
}

extension SimulatedProfile {
    fileprivate var linksPerGPU: Int {
        switch nvlink {
        case .none: 0
        case .switched(let links, _, _, _, _), .direct(let links, _, _, _): links
        }
    }
}

private struct SeenGPU: Decodable {
    let uuid, name, bus, driver: String
    let byBus, minor, total, reserved, used, load, power, powerLimit, cores, links: Int
    let processes: [[Int]]
    let capability, cpus, levels: [Int]
    let ecc, mig: Bool
}

private struct GpustatReport: Decodable {
    let driver_version: String
    let gpus: [GPU]

    struct GPU: Decodable {
        let name, uuid: String
        let memoryTotal, memoryUsed, utilization: Int
        let processes: [Entry]

        enum CodingKeys: String, CodingKey {
            case name, uuid
            case memoryTotal = "memory.total"
            case memoryUsed = "memory.used"
            case utilization = "utilization.gpu"
            case processes
        }
    }

    struct Entry: Decodable {
        let pid: Int
        let command: String
    }
}
