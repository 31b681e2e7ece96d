/// Structures of NVML about what goes wrong, what is measured, and what is confidential.
#ifndef DIVVY_NVML_HEALTH_STRUCTS_H
#define DIVVY_NVML_HEALTH_STRUCTS_H

#include <stdint.h>

/// How many banks have how many spare rows left.
typedef struct nvmlRowRemapperHistogramValues_st {
    uint32_t max;
    uint32_t high;
    uint32_t partial;
    uint32_t low;
    uint32_t none;
} nvmlRowRemapperHistogramValues_t;

typedef struct nvmlEccErrorCounts_st {
    uint64_t l1Cache;
    uint64_t l2Cache;
    uint64_t deviceMemory;
    uint64_t registerFile;
} nvmlEccErrorCounts_t;

/// One measurement from the driver's buffer.
typedef struct nvmlSample_st {
    /// Microseconds since 1970.
    uint64_t timeStamp;
    nvmlValue_t sampleValue;
} nvmlSample_t;

typedef struct nvmlProcessUtilizationInfo_v1_st {
    uint64_t timeStamp;
    uint32_t pid;
    uint32_t smUtil;
    uint32_t memUtil;
    uint32_t encUtil;
    uint32_t decUtil;
    uint32_t jpgUtil;
    uint32_t ofaUtil;
} nvmlProcessUtilizationInfo_v1_t;

typedef struct nvmlProcessesUtilizationInfo_v1_st {
    uint32_t version;
    uint32_t processSamplesCount;
    uint64_t lastSeenTimeStamp;
    nvmlProcessUtilizationInfo_v1_t *procUtilArray;
} nvmlProcessesUtilizationInfo_v1_t;

typedef struct nvmlProcessDetail_v1_st {
    uint32_t pid;
    uint64_t usedGpuMemory;
    uint32_t gpuInstanceId;
    uint32_t computeInstanceId;
    uint64_t usedGpuCcProtectedMemory;
} nvmlProcessDetail_v1_t;

typedef struct nvmlProcessDetailList_v1_st {
    uint32_t version;
    /// 0 compute, 1 graphics, 2 served by a multi-process server.
    uint32_t mode;
    uint32_t numProcArrayEntries;
    nvmlProcessDetail_v1_t *procArray;
} nvmlProcessDetailList_v1_t;

/// A sample of all counters; two of them make metrics.
typedef struct nvmlGpmSample_st *nvmlGpmSample_t;

typedef struct nvmlGpmMetric_st {
    uint32_t metricId;
    nvmlReturn_t nvmlReturn;
    double value;
    const char *shortName;
    const char *longName;
    const char *unit;
} nvmlGpmMetric_t;

enum { NVML_GPM_METRIC_LIMIT = 333 };

typedef struct nvmlGpmMetricsGet_st {
    uint32_t version;
    uint32_t numMetrics;
    nvmlGpmSample_t sample1;
    nvmlGpmSample_t sample2;
    nvmlGpmMetric_t metrics[NVML_GPM_METRIC_LIMIT];
} nvmlGpmMetricsGet_t;

typedef struct nvmlGpmSupport_st {
    uint32_t version;
    uint32_t isSupportedDevice;
} nvmlGpmSupport_t;

typedef struct nvmlConfComputeSystemState_st {
    /// 0 unavailable, 1 simulation, 2 production.
    uint32_t environment;
    uint32_t ccFeature;
    uint32_t devToolsMode;
} nvmlConfComputeSystemState_t;

typedef struct nvmlConfComputeSystemCaps_st {
    uint32_t cpuCaps;
    uint32_t gpusCaps;
} nvmlConfComputeSystemCaps_t;

typedef struct nvmlSystemConfComputeSettings_v1_st {
    uint32_t version;
    uint32_t environment;
    uint32_t ccFeature;
    uint32_t devToolsMode;
    uint32_t multiGpuMode;
} nvmlSystemConfComputeSettings_v1_t;

typedef struct nvmlConfComputeMemSizeInfo_st {
    uint64_t protectedMemSizeKib;
    uint64_t unprotectedMemSizeKib;
} nvmlConfComputeMemSizeInfo_t;

typedef struct nvmlGpuFabricInfo_st {
    uint8_t clusterUuid[16];
    nvmlReturn_t status;
    uint32_t cliqueId;
    /// 0 not supported, 1 not started, 2 in progress, 3 completed.
    uint32_t state;
} nvmlGpuFabricInfo_t;

/// Version 3 has a summary of the health after the mask.
typedef struct nvmlGpuFabricInfo_v2_st {
    uint32_t version;
    uint8_t clusterUuid[16];
    nvmlReturn_t status;
    uint32_t cliqueId;
    uint32_t state;
    uint32_t healthMask;
} nvmlGpuFabricInfo_v2_t;

typedef struct nvmlGpuFabricInfo_v3_st {
    nvmlGpuFabricInfo_v2_t second;
    uint8_t healthSummary;
} nvmlGpuFabricInfo_v3_t;

typedef struct nvmlVersionedValue_st {
    uint32_t version;
    uint32_t value;
} nvmlVersionedValue_t;

typedef struct nvmlTemperature_v1_st {
    uint32_t version;
    nvmlTemperatureSensors_t sensorType;
    int32_t temperature;
} nvmlTemperature_v1_t;

/// How far the GPU is from where it slows down, in degrees.
typedef struct nvmlMarginTemperature_v1_st {
    uint32_t version;
    int32_t marginTemperature;
} nvmlMarginTemperature_v1_t;

typedef struct nvmlFanSpeedInfo_v1_st {
    uint32_t version;
    uint32_t fan;
    /// Turns in a minute.
    uint32_t speed;
} nvmlFanSpeedInfo_v1_t;

typedef struct nvmlPowerValue_v2_st {
    uint32_t version;
    /// 0 the GPU, 1 the module, 2 the memory.
    uint32_t powerScope;
    /// Milliwatts.
    uint32_t powerValueMw;
} nvmlPowerValue_v2_t;

typedef struct nvmlEccSramErrorStatus_v1_st {
    uint32_t version;
    uint64_t aggregateUncParity;
    uint64_t aggregateUncSecDed;
    uint64_t aggregateCor;
    uint64_t volatileUncParity;
    uint64_t volatileUncSecDed;
    uint64_t volatileCor;
    uint64_t aggregateUncBucketL2;
    uint64_t aggregateUncBucketSm;
    uint64_t aggregateUncBucketPcie;
    uint64_t aggregateUncBucketMcu;
    uint64_t aggregateUncBucketOther;
    uint32_t bThresholdExceeded;
} nvmlEccSramErrorStatus_v1_t;

/// How long something held the clocks down.
typedef struct nvmlViolationTime_st {
    /// Microseconds since 1970.
    uint64_t referenceTime;
    /// Nanoseconds.
    uint64_t violationTime;
} nvmlViolationTime_t;

typedef struct nvmlFBCStats_st {
    uint32_t sessionsCount;
    uint32_t averageFPS;
    uint32_t averageLatency;
} nvmlFBCStats_t;

typedef struct nvmlUUID_v1_st {
    uint32_t version;
    /// 1 text, 2 bytes.
    uint32_t type;
    char value[41];
} nvmlUUID_v1_t;

typedef struct nvmlRepairStatus_v1_st {
    uint32_t version;
    uint32_t bChannelRepairPending;
    uint32_t bTpcRepairPending;
} nvmlRepairStatus_v1_t;

typedef struct nvmlPciInfoExt_v1_st {
    uint32_t version;
    uint32_t domain;
    uint32_t bus;
    uint32_t device;
    uint32_t pciDeviceId;
    uint32_t pciSubSystemId;
    uint32_t baseClass;
    uint32_t subClass;
    char busId[32];
} nvmlPciInfoExt_v1_t;

#endif
