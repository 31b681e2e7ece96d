import Foundation
import SimulatedDevices
import Testing

/// What pynvml is told beside what monitors ask for, on every machine with the newest driver.
@Suite(.enabled(if: Tool.python != nil, "no Python tools: run Scripts/python-tools first"))
struct PythonSurveyTests {
    @Test(arguments: SimulatedProfile.all.map(\.name))
    func `the rest of the calls say what the profile says`(name: String) async throws {
        let machine = try Machine(name, driver: "615")
        let profile = try SimulatedProfile.named(name)
        let seen = try JSONDecoder().decode(
            [[String: Int]].self, from: Data(await python(machine, Self.survey).utf8))
        try #require(seen.count == profile.seats.count)
        for (index, (found, seat)) in zip(seen, profile.seats).enumerated() {
            let expected = Self.expectations(profile, seat, index)
            for (call, value) in expected { #expect(found[call] == value, "\(call) of GPU \(index)") }
            // Nothing is asked for in vain.
            #expect(Set(found.keys) == Set(expected.keys))
        }
    }

    @Test func `settings are kept, and refused when they make no sense`() async throws {
        let machine = try Machine("dgx-h100", driver: "615")
        let text = try await python(machine, Self.settings)
        #expect(text == "all kept\n")
    }

    /// Errors are negative numbers.
    private static func expectations(
        _ profile: SimulatedProfile, _ seat: SimulatedProfile.Seat, _ index: Int
    ) -> [String: Int] {
        let board = seat.board
        let unsupported = -3
        let hasLinks: Bool = if case .none = profile.nvlink { false } else { true }
        let version: Int =
            switch profile.nvlink {
            case .none: unsupported
            case .switched(_, let version, _, _, _), .direct(_, let version, _, _): version
            }
        let isSwitched: Bool = if case .switched = profile.nvlink { true } else { false }
        let isOn = board.hasErrorCorrection && board.startsWithErrorCorrection
        let remaps = board.hasErrorCorrection && board.architecture.rawValue >= 7
        let hasFirmware = board.architecture.rawValue >= 6 && !board.hasDisplay
        let idle = board.idleClocks
        let most = board.maximalClocks
        let isAsleep = board.idlePerformanceState > 0
        return [
            "nvmlDeviceGetDetailedEccErrors": isOn ? 0 : unsupported,
            "nvmlDeviceGetHandleBySerial": seat.serial.isEmpty ? unsupported : index,
            "nvmlDeviceGetNumaNodeId": seat.numaNode,
            "nvmlDeviceGetMemoryBusWidth": board.memory.busWidth,
            "nvmlDeviceGetNumFans": board.fans,
            "nvmlDeviceGetMinMaxFanSpeed": board.fans > 0 ? 130 : unsupported,
            "nvmlDeviceGetIrqNum": 64 + index,
            "nvmlDeviceGetPcieLinkMaxSpeed": board.pcieGeneration,
            "nvmlDeviceGetPcieSpeed": isAsleep ? 2500 : 8000 << (board.pcieGeneration - 3),
            "nvmlDeviceGetPowerSource": 0,
            "nvmlDeviceGetPowerManagementDefaultLimit": board.power.standard * 1000,
            "nvmlDeviceGetPowerManagementMode": 1,
            "nvmlDeviceGetMaxCustomerBoostClock": most.sm,
            "nvmlDeviceGetMinMaxClockOfPState": idle.sm * 10_000 + most.sm,
            "nvmlDeviceGetSupportedPerformanceStates": isAsleep ? board.idlePerformanceState : 0,
            "nvmlDeviceGetSupportedClocksEventReasons": 0x1FF,
            "nvmlDeviceGetNvLinkVersion": version,
            "nvmlDeviceGetNvLinkCapability": hasLinks ? 1 : unsupported,
            "nvmlDeviceGetNvLinkErrorCounter": hasLinks ? 0 : unsupported,
            "nvmlDeviceGetNvLinkRemoteDeviceType": hasLinks ? isSwitched ? 2 : 0 : unsupported,
            "nvmlDeviceGetGspFirmwareMode": hasFirmware ? 11 : unsupported,
            "nvmlDeviceGetViolationStatus": 0,
            "nvmlDeviceGetSamples": 0,
            "nvmlDeviceGetMarginTemperature": board.architecture.rawValue >= 8 ? 1 : unsupported,
            "nvmlDeviceGetTopologyNearestGpus": profile.seats.indices.filter {
                $0 != index && profile.pathLevel(index, $0) == .numaNode
            }.count,
            "nvmlDeviceGetP2PStatus": board.hasPeerAccess && profile.seats[1 - min(index, 1)].board.hasPeerAccess
                ? 0 : 2,
            "nvmlDeviceOnSameBoard": index == 0 ? 1 : 0,
            "nvmlDeviceGetGraphicsRunningProcesses": 0,
            "nvmlDeviceGetMPSComputeRunningProcesses": 0,
            "nvmlSystemGetTopologyGpuSet": profile.seats.filter { $0.numaNode == seat.numaNode }.count,
            "nvmlDeviceGetSupportedEventTypes": 0x8 | (board.hasErrorCorrection ? 3 : 0) | (board.hasMIG ? 0x100 : 0),
            "nvmlSystemGetConfComputeCapabilities": profile.confidentialComputing == .none ? 0 : 1,
            "nvmlSystemGetDriverBranch": 615,
            "nvmlUnitGetCount": 0,
            "nvmlDeviceGetRemappedRows": remaps ? 0 : unsupported,
        ]
    }

    private func python(_ machine: borrowing Machine, _ program: String) async throws -> String {
        let library = machine.instance.directory + "/lib"
        return try await Tool.output(
            try #require(Tool.python), ["-c", program], environment: ["LD_LIBRARY_PATH": library])
    }

    private static let survey = """
        import json
        from pynvml import *
        nvmlInit()
        handles = [nvmlDeviceGetHandleByIndex(i) for i in range(nvmlDeviceGetCount())]
        def branch():
            return int(nvmlSystemGetDriverBranch().branch[1:])
        def survey(i, h):
            serial = None
            try: serial = nvmlDeviceGetSerial(h)
            except NVMLError_NotSupported: pass
            def by_serial():
                if serial is None: raise NVMLError(NVML_ERROR_NOT_SUPPORTED)
                return nvmlDeviceGetIndex(nvmlDeviceGetHandleBySerial(serial))
            cpu = next(w * 64 + b for w, word in enumerate(nvmlDeviceGetCpuAffinity(h, 16)) for b in range(64)
                       if word >> b & 1)
            return {
                "nvmlDeviceGetDetailedEccErrors": lambda: nvmlDeviceGetDetailedEccErrors(h, 0, 0).deviceMemory,
                "nvmlDeviceGetHandleBySerial": by_serial,
                "nvmlDeviceGetNumaNodeId": lambda: nvmlDeviceGetNumaNodeId(h),
                "nvmlDeviceGetMemoryBusWidth": lambda: nvmlDeviceGetMemoryBusWidth(h),
                "nvmlDeviceGetNumFans": lambda: nvmlDeviceGetNumFans(h),
                "nvmlDeviceGetMinMaxFanSpeed": lambda: sum(two(nvmlDeviceGetMinMaxFanSpeed, h)),
                "nvmlDeviceGetIrqNum": lambda: nvmlDeviceGetIrqNum(h),
                "nvmlDeviceGetPcieLinkMaxSpeed": lambda: nvmlDeviceGetPcieLinkMaxSpeed(h),
                "nvmlDeviceGetPcieSpeed": lambda: nvmlDeviceGetPcieSpeed(h),
                "nvmlDeviceGetPowerSource": lambda: nvmlDeviceGetPowerSource(h),
                "nvmlDeviceGetPowerManagementDefaultLimit": lambda: nvmlDeviceGetPowerManagementDefaultLimit(h),
                "nvmlDeviceGetPowerManagementMode": lambda: nvmlDeviceGetPowerManagementMode(h),
                "nvmlDeviceGetMaxCustomerBoostClock": lambda: nvmlDeviceGetMaxCustomerBoostClock(h, NVML_CLOCK_SM),
                "nvmlDeviceGetMinMaxClockOfPState": lambda: clocks(h),
                "nvmlDeviceGetSupportedPerformanceStates": lambda: nvmlDeviceGetSupportedPerformanceStates(h)[-1],
                "nvmlDeviceGetSupportedClocksEventReasons": lambda: nvmlDeviceGetSupportedClocksEventReasons(h),
                "nvmlDeviceGetNvLinkVersion": lambda: nvmlDeviceGetNvLinkVersion(h, 0),
                "nvmlDeviceGetNvLinkCapability": lambda: nvmlDeviceGetNvLinkCapability(h, 0, 0),
                "nvmlDeviceGetNvLinkErrorCounter": lambda: nvmlDeviceGetNvLinkErrorCounter(h, 0, 0),
                "nvmlDeviceGetNvLinkRemoteDeviceType": lambda: nvmlDeviceGetNvLinkRemoteDeviceType(h, 0),
                "nvmlDeviceGetGspFirmwareMode": lambda: firmware(h),
                "nvmlDeviceGetViolationStatus": lambda: nvmlDeviceGetViolationStatus(h, 0).violationTime,
                "nvmlDeviceGetSamples": lambda: nvmlDeviceGetSamples(h, 1, 0)[1][0].sampleValue.uiVal,
                "nvmlDeviceGetMarginTemperature": lambda: int(margin(h) > 20),
                "nvmlDeviceGetTopologyNearestGpus": lambda: len(nvmlDeviceGetTopologyNearestGpus(h, 40)),
                "nvmlDeviceGetP2PStatus": lambda: nvmlDeviceGetP2PStatus(h, handles[1 - min(i, 1)], 0),
                "nvmlDeviceOnSameBoard": lambda: nvmlDeviceOnSameBoard(h, handles[0]),
                "nvmlDeviceGetGraphicsRunningProcesses": lambda: len(nvmlDeviceGetGraphicsRunningProcesses(h)),
                "nvmlDeviceGetMPSComputeRunningProcesses": lambda: len(nvmlDeviceGetMPSComputeRunningProcesses(h)),
                "nvmlSystemGetTopologyGpuSet": lambda: len(nvmlSystemGetTopologyGpuSet(cpu)),
                "nvmlDeviceGetSupportedEventTypes": lambda: nvmlDeviceGetSupportedEventTypes(h) & 0x10B,
                "nvmlSystemGetConfComputeCapabilities": lambda: nvmlSystemGetConfComputeCapabilities().gpusCaps,
                "nvmlSystemGetDriverBranch": branch,
                "nvmlUnitGetCount": nvmlUnitGetCount,
                "nvmlDeviceGetRemappedRows": lambda: sum(nvmlDeviceGetRemappedRows(h)),
            }
        def two(call, h):
            first, second = c_uint(), c_uint()
            call(h, first, second)
            return [first.value, second.value]
        def clocks(h):
            least, most = c_uint(), c_uint()
            nvmlDeviceGetMinMaxClockOfPState(h, NVML_CLOCK_SM, 0, least, most)
            return least.value * 10000 + most.value
        def firmware(h):
            on, default = c_uint(), c_uint()
            nvmlDeviceGetGspFirmwareMode(h, on, default)
            return on.value * 10 + default.value
        def margin(h):
            found = nvmlDeviceGetMarginTemperature(h)
            return found if isinstance(found, int) else found.marginTemperature
        result = []
        for i, h in enumerate(handles):
            found = {}
            for name, call in survey(i, h).items():
                try: found[name] = int(call())
                except NVMLError as error: found[name] = -error.value
            result.append(found)
        print(json.dumps(result))
        """

    private static let settings = """
        from pynvml import *
        nvmlInit()
        h = nvmlDeviceGetHandleByIndex(0)
        def refused(code, call, *arguments):
            try: call(*arguments)
            except NVMLError as error:
                assert error.value == code, (call, error.value)
                return
            assert False, call
        nvmlDeviceSetComputeMode(h, NVML_COMPUTEMODE_EXCLUSIVE_PROCESS)
        assert nvmlDeviceGetComputeMode(h) == NVML_COMPUTEMODE_EXCLUSIVE_PROCESS
        nvmlDeviceSetPersistenceMode(h, 0)
        assert nvmlDeviceGetPersistenceMode(h) == 0
        nvmlDeviceSetPowerManagementLimit(h, 350000)
        assert nvmlDeviceGetEnforcedPowerLimit(h) == 350000
        refused(NVML_ERROR_INVALID_ARGUMENT, nvmlDeviceSetPowerManagementLimit, h, 800000)
        nvmlDeviceSetEccMode(h, 0)
        assert list(nvmlDeviceGetEccMode(h)) == [1, 0]
        nvmlDeviceSetApplicationsClocks(h, 2619, 1200)
        refused(NVML_ERROR_INVALID_ARGUMENT, nvmlDeviceSetApplicationsClocks, h, 1, 1200)
        nvmlDeviceResetApplicationsClocks(h)
        nvmlDeviceResetNvLinkErrorCounters(h, 0)
        refused(NVML_ERROR_NOT_SUPPORTED, nvmlSystemSetConfComputeGpusReadyState, 1)
        refused(NVML_ERROR_NOT_SUPPORTED, nvmlDeviceGetGpuInstanceById, h, 0)
        nvmlDeviceSetMigMode(h, 1)
        refused(NVML_ERROR_NOT_FOUND, nvmlDeviceGetGpuInstanceById, h, 0)
        refused(NVML_ERROR_NOT_SUPPORTED, nvmlDeviceGetUtilizationRates, h)
        print("all kept")
        """
}
