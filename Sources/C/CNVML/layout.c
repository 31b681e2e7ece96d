// The layouts that the driver expects. A change that breaks one does not compile.

#include <stddef.h>

#include "CNVML.h"

#define SIZE(type, bytes) _Static_assert(sizeof(type) == (bytes), #type " has a wrong size")
#define OFFSET(type, field, bytes) _Static_assert(offsetof(type, field) == (bytes), #type "." #field " is misplaced")

SIZE(nvmlReturn_t, 4);
SIZE(nvmlValueType_t, 4);
SIZE(nvmlDevice_t, 8);

SIZE(nvmlPciInfo_t, 68);
OFFSET(nvmlPciInfo_t, domain, 16);
OFFSET(nvmlPciInfo_t, pciSubSystemId, 32);
OFFSET(nvmlPciInfo_t, busId, 36);

SIZE(nvmlMemory_t, 24);
SIZE(nvmlMemory_v2_t, 40);
OFFSET(nvmlMemory_v2_t, total, 8);
OFFSET(nvmlMemory_v2_t, reserved, 16);
OFFSET(nvmlMemory_v2_t, free, 24);
OFFSET(nvmlMemory_v2_t, used, 32);
_Static_assert(NVML_STRUCT_VERSION(nvmlMemory_v2_t, 2) == NVML_MEMORY_V2_VERSION, "nvmlMemory_v2_t has a wrong version");
SIZE(nvmlBAR1Memory_t, 24);
SIZE(nvmlUtilization_t, 8);

SIZE(nvmlProcessInfo_t, 24);
OFFSET(nvmlProcessInfo_t, usedGpuMemory, 8);
OFFSET(nvmlProcessInfo_t, gpuInstanceId, 16);
OFFSET(nvmlProcessInfo_t, computeInstanceId, 20);
SIZE(nvmlProcessInfo_v1_t, 16);
SIZE(nvmlProcessUtilizationSample_t, 32);
OFFSET(nvmlProcessUtilizationSample_t, timeStamp, 8);
OFFSET(nvmlProcessUtilizationSample_t, decUtil, 28);

SIZE(nvmlDeviceAttributes_t, 40);
OFFSET(nvmlDeviceAttributes_t, memorySizeMB, 32);

SIZE(nvmlEventData_t, 32);
OFFSET(nvmlEventData_t, eventData, 16);
OFFSET(nvmlEventData_t, computeInstanceId, 28);

SIZE(nvmlValue_t, 8);
SIZE(nvmlFieldValue_t, 40);
OFFSET(nvmlFieldValue_t, timestamp, 8);
OFFSET(nvmlFieldValue_t, valueType, 24);
OFFSET(nvmlFieldValue_t, nvmlReturn, 28);
OFFSET(nvmlFieldValue_t, value, 32);

SIZE(nvmlSetMemoryLimits_v1_t, 24);
SIZE(nvmlGetMemoryLimits_v1_t, 32);

SIZE(nvmlGpuInstancePlacement_t, 8);
SIZE(nvmlGpuInstanceProfileInfo_t, 48);
SIZE(nvmlGpuInstanceProfileInfo_v2_t, 152);
OFFSET(nvmlGpuInstanceProfileInfo_v2_t, name, 56);
SIZE(nvmlGpuInstanceProfileInfo_v3_t, 152);
OFFSET(nvmlGpuInstanceProfileInfo_v3_t, capabilities, 144);
SIZE(nvmlGpuInstanceInfo_t, 24);
SIZE(nvmlComputeInstanceProfileInfo_t, 36);
SIZE(nvmlComputeInstanceProfileInfo_v2_t, 136);
SIZE(nvmlComputeInstanceProfileInfo_v3_t, 140);
SIZE(nvmlComputeInstanceInfo_t, 32);

SIZE(nvmlRowRemapperHistogramValues_t, 20);
SIZE(nvmlEccErrorCounts_t, 32);
SIZE(nvmlSample_t, 16);
SIZE(nvmlProcessUtilizationInfo_v1_t, 40);
SIZE(nvmlProcessesUtilizationInfo_v1_t, 24);
SIZE(nvmlProcessDetail_v1_t, 32);
SIZE(nvmlProcessDetailList_v1_t, 24);
SIZE(nvmlGpmMetricsGet_t, 13344);
SIZE(nvmlConfComputeSystemState_t, 12);
SIZE(nvmlConfComputeSystemCaps_t, 8);
SIZE(nvmlSystemConfComputeSettings_v1_t, 20);
SIZE(nvmlConfComputeMemSizeInfo_t, 16);
SIZE(nvmlGpuFabricInfo_t, 28);
SIZE(nvmlGpuFabricInfo_v2_t, 36);
SIZE(nvmlGpuFabricInfo_v3_t, 40);
SIZE(nvmlVersionedValue_t, 8);
SIZE(nvmlTemperature_v1_t, 12);
SIZE(nvmlRepairStatus_v1_t, 12);
SIZE(nvmlPciInfoExt_v1_t, 64);
SIZE(nvmlMarginTemperature_v1_t, 8);
SIZE(nvmlFanSpeedInfo_v1_t, 12);
SIZE(nvmlPowerValue_v2_t, 12);
SIZE(nvmlEccSramErrorStatus_v1_t, 104);
SIZE(nvmlViolationTime_t, 16);
SIZE(nvmlFBCStats_t, 12);
SIZE(nvmlUUID_v1_t, 52);
