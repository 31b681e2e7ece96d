import CNVML

/// NVML's functions that Divvy calls, each looked up by name, newest version first.
struct NVMLSymbols: Sendable {
    let initialise: Symbol<PFN_nvmlInit_v2>
    let shutdown: Symbol<PFN_nvmlShutdown>
    let driverVersion: Symbol<PFN_nvmlSystemGetDriverVersion>
    let cudaVersion: Symbol<PFN_nvmlSystemGetCudaDriverVersion_v2>

    let count: Symbol<PFN_nvmlDeviceGetCount_v2>
    let handleByIndex: Symbol<PFN_nvmlDeviceGetHandleByIndex_v2>
    let uuid: Symbol<PFN_nvmlDeviceGetUUID>
    let name: Symbol<PFN_nvmlDeviceGetName>
    let minor: Symbol<PFN_nvmlDeviceGetMinorNumber>
    let pci: Symbol<PFN_nvmlDeviceGetPciInfo_v3>
    let computeCapability: Symbol<PFN_nvmlDeviceGetCudaComputeCapability>
    let cores: Symbol<PFN_nvmlDeviceGetNumGpuCores>
    let attributes: Symbol<PFN_nvmlDeviceGetAttributes_v2>
    let migMode: Symbol<PFN_nvmlDeviceGetMigMode>
    let memory: Symbol<PFN_nvmlDeviceGetMemoryInfo>
    let memoryV2: Symbol<PFN_nvmlDeviceGetMemoryInfo_v2>

    let numaNode: Symbol<PFN_nvmlDeviceGetNumaNodeId>
    let memoryAffinity: Symbol<PFN_nvmlDeviceGetMemoryAffinity>
    let cpuAffinity: Symbol<PFN_nvmlDeviceGetCpuAffinity>
    let commonAncestor: Symbol<PFN_nvmlDeviceGetTopologyCommonAncestor>
    let nvlinkState: Symbol<PFN_nvmlDeviceGetNvLinkState>
    let nvlinkRemotePCI: Symbol<PFN_nvmlDeviceGetNvLinkRemotePciInfo_v2>
    let nvlinkRemoteType: Symbol<PFN_nvmlDeviceGetNvLinkRemoteDeviceType>

    /// v3 and v2 share a layout; the oldest version has the shorter `nvmlProcessInfo_v1_t`.
    let processes: [ProcessList]

    let processUtilisation: Symbol<PFN_nvmlDeviceGetProcessUtilization>
    let utilisation: Symbol<PFN_nvmlDeviceGetUtilizationRates>
    let power: Symbol<PFN_nvmlDeviceGetPowerUsage>
    let powerLimit: Symbol<PFN_nvmlDeviceGetPowerManagementLimit>
    let energy: Symbol<PFN_nvmlDeviceGetTotalEnergyConsumption>
    let temperature: Symbol<PFN_nvmlDeviceGetTemperature>
    let fan: Symbol<PFN_nvmlDeviceGetFanSpeed>
    let clock: Symbol<PFN_nvmlDeviceGetClockInfo>
    let eccErrors: Symbol<PFN_nvmlDeviceGetTotalEccErrors>
    let remappedRows: Symbol<PFN_nvmlDeviceGetRemappedRows>
    let fields: Symbol<PFN_nvmlDeviceGetFieldValues>

    let handleByUUID: Symbol<PFN_nvmlDeviceGetHandleByUUID>
    let setMemoryLimits: Symbol<PFN_nvmlDeviceSetMemoryLimits_v1>
    let memoryLimits: Symbol<PFN_nvmlDeviceGetMemoryLimits_v1>
    let setComputeMode: Symbol<PFN_nvmlDeviceSetComputeMode>
    let computeMode: Symbol<PFN_nvmlDeviceGetComputeMode>

    let createEventSet: Symbol<PFN_nvmlEventSetCreate>
    let freeEventSet: Symbol<PFN_nvmlEventSetFree>
    let supportedEvents: Symbol<PFN_nvmlDeviceGetSupportedEventTypes>
    let registerEvents: Symbol<PFN_nvmlDeviceRegisterEvents>
    let waitForEvent: Symbol<PFN_nvmlEventSetWait_v2>

    /// One of the calls that list processes, and whether it fills the oldest structure.
    struct ProcessList: Sendable {
        let list: Symbol<PFN_nvmlDeviceGetRunningProcesses_v3>
        let isOldest: Bool
    }

    init(_ library: borrowing DynamicLibrary) {
        initialise = library.first(of: "nvmlInit_v2", "nvmlInit")
        shutdown = library.first(of: "nvmlShutdown")
        driverVersion = library.first(of: "nvmlSystemGetDriverVersion")
        cudaVersion = library.first(of: "nvmlSystemGetCudaDriverVersion_v2", "nvmlSystemGetCudaDriverVersion")

        count = library.first(of: "nvmlDeviceGetCount_v2", "nvmlDeviceGetCount")
        handleByIndex = library.first(of: "nvmlDeviceGetHandleByIndex_v2", "nvmlDeviceGetHandleByIndex")
        uuid = library.first(of: "nvmlDeviceGetUUID")
        name = library.first(of: "nvmlDeviceGetName")
        minor = library.first(of: "nvmlDeviceGetMinorNumber")
        pci = library.first(of: "nvmlDeviceGetPciInfo_v3")
        computeCapability = library.first(of: "nvmlDeviceGetCudaComputeCapability")
        cores = library.first(of: "nvmlDeviceGetNumGpuCores")
        attributes = library.first(of: "nvmlDeviceGetAttributes_v2")
        migMode = library.first(of: "nvmlDeviceGetMigMode")
        memory = library.first(of: "nvmlDeviceGetMemoryInfo")
        memoryV2 = library.first(of: "nvmlDeviceGetMemoryInfo_v2")

        numaNode = library.first(of: "nvmlDeviceGetNumaNodeId")
        memoryAffinity = library.first(of: "nvmlDeviceGetMemoryAffinity")
        cpuAffinity = library.first(of: "nvmlDeviceGetCpuAffinity")
        commonAncestor = library.first(of: "nvmlDeviceGetTopologyCommonAncestor")
        nvlinkState = library.first(of: "nvmlDeviceGetNvLinkState")
        nvlinkRemotePCI = library.first(of: "nvmlDeviceGetNvLinkRemotePciInfo_v2")
        nvlinkRemoteType = library.first(of: "nvmlDeviceGetNvLinkRemoteDeviceType")

        processes = Self.processLists(library)

        processUtilisation = library.first(of: "nvmlDeviceGetProcessUtilization")
        utilisation = library.first(of: "nvmlDeviceGetUtilizationRates")
        power = library.first(of: "nvmlDeviceGetPowerUsage")
        powerLimit = library.first(of: "nvmlDeviceGetPowerManagementLimit")
        energy = library.first(of: "nvmlDeviceGetTotalEnergyConsumption")
        temperature = library.first(of: "nvmlDeviceGetTemperature")
        fan = library.first(of: "nvmlDeviceGetFanSpeed")
        clock = library.first(of: "nvmlDeviceGetClockInfo")
        eccErrors = library.first(of: "nvmlDeviceGetTotalEccErrors")
        remappedRows = library.first(of: "nvmlDeviceGetRemappedRows")
        fields = library.first(of: "nvmlDeviceGetFieldValues")

        handleByUUID = library.first(of: "nvmlDeviceGetHandleByUUID")
        setMemoryLimits = library.first(of: "nvmlDeviceSetMemoryLimits_v1")
        memoryLimits = library.first(of: "nvmlDeviceGetMemoryLimits_v1")
        setComputeMode = library.first(of: "nvmlDeviceSetComputeMode")
        computeMode = library.first(of: "nvmlDeviceGetComputeMode")

        createEventSet = library.first(of: "nvmlEventSetCreate")
        freeEventSet = library.first(of: "nvmlEventSetFree")
        supportedEvents = library.first(of: "nvmlDeviceGetSupportedEventTypes")
        registerEvents = library.first(of: "nvmlDeviceRegisterEvents")
        waitForEvent = library.first(of: "nvmlEventSetWait_v2", "nvmlEventSetWait")
    }

    private static func processLists(_ library: borrowing DynamicLibrary) -> [ProcessList] {
        func list(
            _ newer: Symbol<PFN_nvmlDeviceGetRunningProcesses_v3>,
            _ oldest: Symbol<PFN_nvmlDeviceGetRunningProcesses_v3>
        ) -> ProcessList {
            newer.function == nil && oldest.function != nil
                ? ProcessList(list: oldest, isOldest: true) : ProcessList(list: newer, isOldest: false)
        }
        return [
            list(
                library.first(
                    of: "nvmlDeviceGetComputeRunningProcesses_v3", "nvmlDeviceGetComputeRunningProcesses_v2"),
                library.first(of: "nvmlDeviceGetComputeRunningProcesses")),
            list(
                library.first(
                    of: "nvmlDeviceGetGraphicsRunningProcesses_v3", "nvmlDeviceGetGraphicsRunningProcesses_v2"),
                library.first(of: "nvmlDeviceGetGraphicsRunningProcesses")),
            list(
                library.first(
                    of: "nvmlDeviceGetMPSComputeRunningProcesses_v3", "nvmlDeviceGetMPSComputeRunningProcesses_v2"),
                library.first(of: "nvmlDeviceGetMPSComputeRunningProcesses")),
        ]
    }
}
