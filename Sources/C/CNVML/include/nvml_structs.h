/// Handles and structures of NVML, with their exact layouts.
#ifndef DIVVY_NVML_STRUCTS_H
#define DIVVY_NVML_STRUCTS_H

#include <stdint.h>

#include "nvml_codes.h"

/// A GPU, or a MIG device on one. Valid from `nvmlInit_v2` to the last `nvmlShutdown`.
typedef struct nvmlDevice_st *nvmlDevice_t;
/// A set of GPUs and of the kinds of events that are waited for.
typedef struct nvmlEventSet_st *nvmlEventSet_t;

/// A part of a GPU with memory of its own, and a part of that with compute units of its own.
typedef struct nvmlGpuInstance_st *nvmlGpuInstance_t;
typedef struct nvmlComputeInstance_st *nvmlComputeInstance_t;

/// The `version` field of a versioned structure: its size, and its number in the highest byte.
#define NVML_STRUCT_VERSION(type, number) ((uint32_t)(sizeof(type) | ((uint32_t)(number) << 24)))

typedef struct nvmlPciInfo_st {
    /// The bus id with a four-digit domain.
    char busIdLegacy[16];
    uint32_t domain;
    uint32_t bus;
    uint32_t device;
    /// Device id in the upper and vendor id in the lower 16 bits.
    uint32_t pciDeviceId;
    uint32_t pciSubSystemId;
    /// The bus id with an eight-digit domain: `00000000:07:00.0`.
    char busId[32];
} nvmlPciInfo_t;

/// Bytes. `used` includes what the driver keeps for itself: total = free + used.
typedef struct nvmlMemory_st {
    uint64_t total;
    uint64_t free;
    uint64_t used;
} nvmlMemory_t;

/// Bytes. What the driver keeps for itself stands apart: total = reserved + free + used.
typedef struct nvmlMemory_v2_st {
    uint32_t version;
    uint64_t total;
    uint64_t reserved;
    uint64_t free;
    uint64_t used;
} nvmlMemory_v2_t;

#define NVML_MEMORY_V2_VERSION 0x02000028U

typedef struct nvmlBAR1Memory_st {
    uint64_t bar1Total;
    uint64_t bar1Free;
    uint64_t bar1Used;
} nvmlBAR1Memory_t;

/// Per cent of the last sample period in which a kernel ran, and in which memory was read or written.
typedef struct nvmlUtilization_st {
    uint32_t gpu;
    uint32_t memory;
} nvmlUtilization_t;

/// A process that holds a GPU (functions `..._v3`; `..._v2` has the same layout).
typedef struct nvmlProcessInfo_st {
    /// As seen in the PID namespace of the kernel module's host.
    uint32_t pid;
    /// Bytes, or `NVML_MEMORY_NOT_AVAILABLE`.
    uint64_t usedGpuMemory;
    uint32_t gpuInstanceId;
    uint32_t computeInstanceId;
} nvmlProcessInfo_t;

/// A process that holds a GPU (functions without a version suffix, before driver 450).
typedef struct nvmlProcessInfo_v1_st {
    uint32_t pid;
    uint64_t usedGpuMemory;
} nvmlProcessInfo_v1_t;

typedef struct nvmlProcessUtilizationSample_st {
    uint32_t pid;
    /// Microseconds.
    uint64_t timeStamp;
    uint32_t smUtil;
    uint32_t memUtil;
    uint32_t encUtil;
    uint32_t decUtil;
} nvmlProcessUtilizationSample_t;

typedef struct nvmlDeviceAttributes_st {
    uint32_t multiprocessorCount;
    uint32_t sharedCopyEngineCount;
    uint32_t sharedDecoderCount;
    uint32_t sharedEncoderCount;
    uint32_t sharedJpegCount;
    uint32_t sharedOfaCount;
    uint32_t gpuInstanceSliceCount;
    uint32_t computeInstanceSliceCount;
    uint64_t memorySizeMB;
} nvmlDeviceAttributes_t;

typedef struct nvmlEventData_st {
    nvmlDevice_t device;
    uint64_t eventType;
    /// For `NVML_EVENT_XID_CRITICAL` the XID.
    uint64_t eventData;
    uint32_t gpuInstanceId;
    uint32_t computeInstanceId;
} nvmlEventData_t;

typedef union nvmlValue_st {
    double dVal;
    int32_t siVal;
    uint32_t uiVal;
    uint64_t ulVal;
    uint64_t ullVal;
    int64_t sllVal;
    uint16_t usVal;
} nvmlValue_t;

typedef struct nvmlFieldValue_st {
    uint32_t fieldId;
    uint32_t scopeId;
    /// Microseconds since 1970.
    int64_t timestamp;
    int64_t latencyUsec;
    nvmlValueType_t valueType;
    /// The result for this field; the call as a whole succeeds when one field is not supported.
    nvmlReturn_t nvmlReturn;
    nvmlValue_t value;
} nvmlFieldValue_t;

/// A memory limit of a cgroup on one GPU (driver 615 and newer). Bytes; `UINT64_MAX` is no limit.
typedef struct nvmlSetMemoryLimits_v1_st {
    /// The full path of the cgroup.
    const char *nameSpace;
    uint64_t softLimit;
    uint64_t hardLimit;
} nvmlSetMemoryLimits_v1_t;

typedef struct nvmlGetMemoryLimits_v1_st {
    const char *nameSpace;
    uint64_t softLimit;
    uint64_t hardLimit;
    uint64_t currentUsed;
} nvmlGetMemoryLimits_v1_t;

#include "nvml_mig_structs.h"
#include "nvml_health_structs.h"

#endif
