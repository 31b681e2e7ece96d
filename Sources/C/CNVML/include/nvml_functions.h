/// The types of NVML's functions: `PFN_<name>` is the type of the symbol `<name>`.
///
/// Symbols carry their version in the name (`nvmlInit_v2`); the plain name is the oldest version, not the newest.
#ifndef DIVVY_NVML_FUNCTIONS_H
#define DIVVY_NVML_FUNCTIONS_H

#include "nvml_structs.h"

// The library and the driver.
typedef nvmlReturn_t (*PFN_nvmlInit_v2)(void);
typedef nvmlReturn_t (*PFN_nvmlInitWithFlags)(unsigned int flags);
typedef nvmlReturn_t (*PFN_nvmlShutdown)(void);
typedef const char *(*PFN_nvmlErrorString)(nvmlReturn_t result);
typedef nvmlReturn_t (*PFN_nvmlSystemGetDriverVersion)(char *version, unsigned int length);
typedef nvmlReturn_t (*PFN_nvmlSystemGetNVMLVersion)(char *version, unsigned int length);
/// 1000 * major + 10 * minor.
typedef nvmlReturn_t (*PFN_nvmlSystemGetCudaDriverVersion_v2)(int *version);
typedef nvmlReturn_t (*PFN_nvmlSystemGetProcessName)(unsigned int pid, char *name, unsigned int length);

// From a name to a handle.
typedef nvmlReturn_t (*PFN_nvmlDeviceGetCount_v2)(unsigned int *count);
typedef nvmlReturn_t (*PFN_nvmlDeviceGetHandleByIndex_v2)(unsigned int index, nvmlDevice_t *device);
typedef nvmlReturn_t (*PFN_nvmlDeviceGetHandleByUUID)(const char *uuid, nvmlDevice_t *device);
typedef nvmlReturn_t (*PFN_nvmlDeviceGetHandleByPciBusId_v2)(const char *busId, nvmlDevice_t *device);

// What a GPU is.
typedef nvmlReturn_t (*PFN_nvmlDeviceGetName)(nvmlDevice_t device, char *name, unsigned int length);
typedef nvmlReturn_t (*PFN_nvmlDeviceGetUUID)(nvmlDevice_t device, char *uuid, unsigned int length);
typedef nvmlReturn_t (*PFN_nvmlDeviceGetSerial)(nvmlDevice_t device, char *serial, unsigned int length);
typedef nvmlReturn_t (*PFN_nvmlDeviceGetBoardPartNumber)(nvmlDevice_t device, char *number, unsigned int length);
typedef nvmlReturn_t (*PFN_nvmlDeviceGetVbiosVersion)(nvmlDevice_t device, char *version, unsigned int length);
typedef nvmlReturn_t (*PFN_nvmlDeviceGetIndex)(nvmlDevice_t device, unsigned int *index);
/// The number n of `/dev/nvidia<n>`.
typedef nvmlReturn_t (*PFN_nvmlDeviceGetMinorNumber)(nvmlDevice_t device, unsigned int *minorNumber);
typedef nvmlReturn_t (*PFN_nvmlDeviceGetPciInfo_v3)(nvmlDevice_t device, nvmlPciInfo_t *pci);
typedef nvmlReturn_t (*PFN_nvmlDeviceGetBrand)(nvmlDevice_t device, nvmlBrandType_t *brand);
/// One of `NVML_DEVICE_ARCH_...`.
typedef nvmlReturn_t (*PFN_nvmlDeviceGetArchitecture)(nvmlDevice_t device, unsigned int *architecture);
typedef nvmlReturn_t (*PFN_nvmlDeviceGetCudaComputeCapability)(nvmlDevice_t device, int *major, int *minor);
typedef nvmlReturn_t (*PFN_nvmlDeviceGetNumGpuCores)(nvmlDevice_t device, unsigned int *count);
typedef nvmlReturn_t (*PFN_nvmlDeviceGetAttributes_v2)(nvmlDevice_t device, nvmlDeviceAttributes_t *attributes);

// Memory.
typedef nvmlReturn_t (*PFN_nvmlDeviceGetMemoryInfo)(nvmlDevice_t device, nvmlMemory_t *memory);
typedef nvmlReturn_t (*PFN_nvmlDeviceGetMemoryInfo_v2)(nvmlDevice_t device, nvmlMemory_v2_t *memory);
typedef nvmlReturn_t (*PFN_nvmlDeviceGetBAR1MemoryInfo)(nvmlDevice_t device, nvmlBAR1Memory_t *memory);
typedef nvmlReturn_t (*PFN_nvmlDeviceSetMemoryLimits_v1)(nvmlDevice_t device, nvmlSetMemoryLimits_v1_t *limits);
typedef nvmlReturn_t (*PFN_nvmlDeviceGetMemoryLimits_v1)(nvmlDevice_t device, nvmlGetMemoryLimits_v1_t *limits);

// Where a GPU sits.
typedef nvmlReturn_t (*PFN_nvmlDeviceGetNumaNodeId)(nvmlDevice_t device, unsigned int *node);
typedef nvmlReturn_t (*PFN_nvmlDeviceGetCpuAffinity)(nvmlDevice_t device, unsigned int words, unsigned long *set);
typedef nvmlReturn_t (*PFN_nvmlDeviceGetMemoryAffinity)(nvmlDevice_t device, unsigned int words, unsigned long *set,
                                                        unsigned int scope);
typedef nvmlReturn_t (*PFN_nvmlDeviceGetTopologyCommonAncestor)(nvmlDevice_t first, nvmlDevice_t second,
                                                                nvmlGpuTopologyLevel_t *level);
typedef nvmlReturn_t (*PFN_nvmlDeviceGetTopologyNearestGpus)(nvmlDevice_t device, nvmlGpuTopologyLevel_t level,
                                                             unsigned int *count, nvmlDevice_t *devices);
typedef nvmlReturn_t (*PFN_nvmlDeviceGetP2PStatus)(nvmlDevice_t first, nvmlDevice_t second,
                                                   nvmlGpuP2PCapsIndex_t index, nvmlGpuP2PStatus_t *status);
typedef nvmlReturn_t (*PFN_nvmlDeviceGetNvLinkState)(nvmlDevice_t device, unsigned int link, nvmlEnableState_t *active);
typedef nvmlReturn_t (*PFN_nvmlDeviceGetNvLinkVersion)(nvmlDevice_t device, unsigned int link, unsigned int *version);
typedef nvmlReturn_t (*PFN_nvmlDeviceGetNvLinkRemotePciInfo_v2)(nvmlDevice_t device, unsigned int link,
                                                                nvmlPciInfo_t *pci);
typedef nvmlReturn_t (*PFN_nvmlDeviceGetNvLinkRemoteDeviceType)(nvmlDevice_t device, unsigned int link,
                                                                nvmlIntNvLinkDeviceType_t *type);
typedef nvmlReturn_t (*PFN_nvmlDeviceGetCurrPcieLinkGeneration)(nvmlDevice_t device, unsigned int *generation);
typedef nvmlReturn_t (*PFN_nvmlDeviceGetMaxPcieLinkGeneration)(nvmlDevice_t device, unsigned int *generation);
typedef nvmlReturn_t (*PFN_nvmlDeviceGetCurrPcieLinkWidth)(nvmlDevice_t device, unsigned int *width);
typedef nvmlReturn_t (*PFN_nvmlDeviceGetMaxPcieLinkWidth)(nvmlDevice_t device, unsigned int *width);

// Modes and partitions.
typedef nvmlReturn_t (*PFN_nvmlDeviceGetPersistenceMode)(nvmlDevice_t device, nvmlEnableState_t *mode);
typedef nvmlReturn_t (*PFN_nvmlDeviceGetComputeMode)(nvmlDevice_t device, nvmlComputeMode_t *mode);
typedef nvmlReturn_t (*PFN_nvmlDeviceSetComputeMode)(nvmlDevice_t device, nvmlComputeMode_t mode);
typedef nvmlReturn_t (*PFN_nvmlDeviceGetDisplayActive)(nvmlDevice_t device, nvmlEnableState_t *active);
typedef nvmlReturn_t (*PFN_nvmlDeviceGetMigMode)(nvmlDevice_t device, unsigned int *current, unsigned int *pending);
typedef nvmlReturn_t (*PFN_nvmlDeviceGetMaxMigDeviceCount)(nvmlDevice_t device, unsigned int *count);
typedef nvmlReturn_t (*PFN_nvmlDeviceGetMigDeviceHandleByIndex)(nvmlDevice_t device, unsigned int index,
                                                                nvmlDevice_t *migDevice);
typedef nvmlReturn_t (*PFN_nvmlDeviceIsMigDeviceHandle)(nvmlDevice_t device, unsigned int *isMigDevice);
typedef nvmlReturn_t (*PFN_nvmlDeviceGetGpuInstanceId)(nvmlDevice_t migDevice, unsigned int *id);
typedef nvmlReturn_t (*PFN_nvmlDeviceGetComputeInstanceId)(nvmlDevice_t migDevice, unsigned int *id);
typedef nvmlReturn_t (*PFN_nvmlDeviceGetGpuInstanceById)(nvmlDevice_t device, unsigned int id,
                                                         nvmlGpuInstance_t *gpuInstance);
typedef nvmlReturn_t (*PFN_nvmlGpuInstanceGetInfo)(nvmlGpuInstance_t gpuInstance, nvmlGpuInstanceInfo_t *info);

// Who uses a GPU. A list call with a count of 0 answers `NVML_ERROR_INSUFFICIENT_SIZE` and the count that is needed.
typedef nvmlReturn_t (*PFN_nvmlDeviceGetRunningProcesses_v3)(nvmlDevice_t device, unsigned int *count,
                                                             nvmlProcessInfo_t *processes);
typedef PFN_nvmlDeviceGetRunningProcesses_v3 PFN_nvmlDeviceGetComputeRunningProcesses_v3;
typedef PFN_nvmlDeviceGetRunningProcesses_v3 PFN_nvmlDeviceGetGraphicsRunningProcesses_v3;
typedef PFN_nvmlDeviceGetRunningProcesses_v3 PFN_nvmlDeviceGetMPSComputeRunningProcesses_v3;
typedef nvmlReturn_t (*PFN_nvmlDeviceGetProcessUtilization)(nvmlDevice_t device,
                                                            nvmlProcessUtilizationSample_t *samples,
                                                            unsigned int *count, unsigned long long lastSeen);

// Sensors. Power in milliwatts, energy in millijoules, temperature in degrees Celsius, clocks in megahertz.
typedef nvmlReturn_t (*PFN_nvmlDeviceGetUtilizationRates)(nvmlDevice_t device, nvmlUtilization_t *utilization);
typedef nvmlReturn_t (*PFN_nvmlDeviceGetPowerUsage)(nvmlDevice_t device, unsigned int *power);
typedef nvmlReturn_t (*PFN_nvmlDeviceGetPowerManagementLimit)(nvmlDevice_t device, unsigned int *limit);
typedef nvmlReturn_t (*PFN_nvmlDeviceGetPowerManagementDefaultLimit)(nvmlDevice_t device, unsigned int *limit);
typedef nvmlReturn_t (*PFN_nvmlDeviceGetPowerManagementLimitConstraints)(nvmlDevice_t device, unsigned int *least,
                                                                         unsigned int *most);
typedef nvmlReturn_t (*PFN_nvmlDeviceGetEnforcedPowerLimit)(nvmlDevice_t device, unsigned int *limit);
typedef nvmlReturn_t (*PFN_nvmlDeviceSetPowerManagementLimit)(nvmlDevice_t device, unsigned int limit);
typedef nvmlReturn_t (*PFN_nvmlDeviceGetTotalEnergyConsumption)(nvmlDevice_t device, unsigned long long *energy);
typedef nvmlReturn_t (*PFN_nvmlDeviceGetTemperature)(nvmlDevice_t device, nvmlTemperatureSensors_t sensor,
                                                     unsigned int *temperature);
typedef nvmlReturn_t (*PFN_nvmlDeviceGetTemperatureThreshold)(nvmlDevice_t device, nvmlTemperatureThresholds_t kind,
                                                              unsigned int *temperature);
/// Per cent of the fan's full speed.
typedef nvmlReturn_t (*PFN_nvmlDeviceGetFanSpeed)(nvmlDevice_t device, unsigned int *speed);
typedef nvmlReturn_t (*PFN_nvmlDeviceGetClockInfo)(nvmlDevice_t device, nvmlClockType_t clock, unsigned int *frequency);
typedef nvmlReturn_t (*PFN_nvmlDeviceGetMaxClockInfo)(nvmlDevice_t device, nvmlClockType_t clock,
                                                      unsigned int *frequency);
typedef nvmlReturn_t (*PFN_nvmlDeviceGetCurrentClocksThrottleReasons)(nvmlDevice_t device, unsigned long long *reasons);
typedef nvmlReturn_t (*PFN_nvmlDeviceGetFieldValues)(nvmlDevice_t device, int count, nvmlFieldValue_t *values);

// Health.
typedef nvmlReturn_t (*PFN_nvmlDeviceGetEccMode)(nvmlDevice_t device, nvmlEnableState_t *current,
                                                 nvmlEnableState_t *pending);
typedef nvmlReturn_t (*PFN_nvmlDeviceGetTotalEccErrors)(nvmlDevice_t device, nvmlMemoryErrorType_t type,
                                                        nvmlEccCounterType_t counter, unsigned long long *count);
typedef nvmlReturn_t (*PFN_nvmlDeviceGetRemappedRows)(nvmlDevice_t device, unsigned int *corrected,
                                                      unsigned int *uncorrected, unsigned int *isPending,
                                                      unsigned int *hasFailed);
typedef nvmlReturn_t (*PFN_nvmlEventSetCreate)(nvmlEventSet_t *set);
typedef nvmlReturn_t (*PFN_nvmlEventSetFree)(nvmlEventSet_t set);
typedef nvmlReturn_t (*PFN_nvmlDeviceGetSupportedEventTypes)(nvmlDevice_t device, unsigned long long *types);
typedef nvmlReturn_t (*PFN_nvmlDeviceRegisterEvents)(nvmlDevice_t device, unsigned long long types, nvmlEventSet_t set);
/// Waits for at most `timeout` milliseconds and answers `NVML_ERROR_TIMEOUT` when nothing happened.
typedef nvmlReturn_t (*PFN_nvmlEventSetWait_v2)(nvmlEventSet_t set, nvmlEventData_t *event, unsigned int timeout);

#endif
