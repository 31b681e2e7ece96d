// A driver library that misbehaves on command. The tests compile it, load it by path and turn its knobs through the
// exported array. Four GPUs at most; each answers plainly unless a knob says otherwise.
//
//   -DMINIMAL        only what it takes to find a GPU
//   -DOLD_DRIVER     the oldest process lists, memory without the driver's own part, NVLinks without device types

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "CNVML.h"

#define EXPORT __attribute__((visibility("default")))

enum knob {
    GPU_COUNT, INIT_RESULT, COUNT_RESULT, INIT_HANGS, COUNT_HANGS,
    HANGING_GPUS,   // mask: nvmlDeviceGetMemoryInfo_v2 does not return
    LOST_GPUS,      // mask: every call answers that the GPU is lost
    RESET_GPUS,     // mask: utilisation answers that a reset is required
    PROCESS_COUNT, PROCESS_GROWTH,
    PENDING_XID,    // code; delivered once, for GPU 0
    LINKS,          // 0 none, 1 GPU 0 and 1 bridged by 4 links, 2 all on a switch with 12 links
    RECOVERY, SHUTDOWNS, INITS, NO_MEMORY_READING, MIG_MODE, CALLS
};

EXPORT volatile int stub_knobs[32] = {[GPU_COUNT] = 2};
EXPORT volatile int *stub_knob(int knob) { return &stub_knobs[knob]; }

struct nvmlDevice_st { int index; };
static struct nvmlDevice_st gpus[4] = {{0}, {1}, {2}, {3}};
static int is_initialised;

#define KNOB(name) (stub_knobs[name])
#define HAS(mask, device) (KNOB(mask) >> (device)->index & 1)
#define CHECK(device) do { \
    __atomic_fetch_add(&stub_knobs[CALLS], 1, __ATOMIC_RELAXED); \
    if (!is_initialised) return NVML_ERROR_UNINITIALIZED; \
    if (HAS(LOST_GPUS, device)) return NVML_ERROR_GPU_IS_LOST; } while (0)

EXPORT nvmlReturn_t nvmlInit_v2(void) {
    KNOB(INITS)++;
    while (KNOB(INIT_HANGS)) usleep(1000);
    if (KNOB(INIT_RESULT)) return (nvmlReturn_t)KNOB(INIT_RESULT);
    is_initialised = 1;
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlShutdown(void) {
    KNOB(SHUTDOWNS)++;
    is_initialised = 0;
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetCount_v2(unsigned int *count) {
    while (KNOB(COUNT_HANGS)) usleep(1000);
    if (KNOB(COUNT_RESULT)) return (nvmlReturn_t)KNOB(COUNT_RESULT);
    if (!is_initialised) return NVML_ERROR_UNINITIALIZED;
    *count = (unsigned int)KNOB(GPU_COUNT);
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetHandleByIndex_v2(unsigned int index, nvmlDevice_t *device) {
    if (index >= (unsigned int)KNOB(GPU_COUNT)) return NVML_ERROR_INVALID_ARGUMENT;
    CHECK(&gpus[index]);
    *device = &gpus[index];
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetUUID(nvmlDevice_t device, char *uuid, unsigned int length) {
    CHECK(device);
    snprintf(uuid, length, "GPU-00000000-0000-0000-0000-00000000000%d", device->index);
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetMemoryInfo(nvmlDevice_t device, nvmlMemory_t *memory) {
    CHECK(device);
    *memory = (nvmlMemory_t){.total = 80ULL << 30, .free = 78ULL << 30, .used = 2ULL << 30};
    return KNOB(NO_MEMORY_READING) ? NVML_ERROR_NOT_SUPPORTED : NVML_SUCCESS;
}

#ifndef MINIMAL

EXPORT nvmlReturn_t nvmlSystemGetDriverVersion(char *version, unsigned int length) {
    snprintf(version, length, "535.261.03");
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlSystemGetCudaDriverVersion_v2(int *version) {
    *version = 12020;
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetName(nvmlDevice_t device, char *name, unsigned int length) {
    CHECK(device);
    snprintf(name, length, "NVIDIA Stub 80GB");
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetMinorNumber(nvmlDevice_t device, unsigned int *minor) {
    CHECK(device);
    *minor = 7 - (unsigned int)device->index;
    return NVML_SUCCESS;
}

static void fill_pci(nvmlPciInfo_t *pci, unsigned int bus) {
    *pci = (nvmlPciInfo_t){.domain = 0xFFF0, .bus = bus, .pciDeviceId = 0x20B010DE};
    snprintf(pci->busId, sizeof pci->busId, "0000FFF0:%02X:00.0", bus);
    snprintf(pci->busIdLegacy, sizeof pci->busIdLegacy, "FFF0:%02X:00.0", bus);
}

EXPORT nvmlReturn_t nvmlDeviceGetPciInfo_v3(nvmlDevice_t device, nvmlPciInfo_t *pci) {
    CHECK(device);
    fill_pci(pci, 0xA0 + (unsigned int)device->index);
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetCudaComputeCapability(nvmlDevice_t device, int *major, int *minor) {
    CHECK(device);
    *major = 9;
    *minor = 0;
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetNumGpuCores(nvmlDevice_t device, unsigned int *count) {
    CHECK(device);
    *count = 16896;
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetMigMode(nvmlDevice_t device, unsigned int *current, unsigned int *pending) {
    CHECK(device);
    *current = *pending = KNOB(MIG_MODE);
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetCpuAffinity(nvmlDevice_t device, unsigned int words, unsigned long *set) {
    CHECK(device);
    if (words < 2) return NVML_ERROR_INSUFFICIENT_SIZE;
    set[0] = 0xFFFF;
    set[1] = 0x5;
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetMemoryAffinity(nvmlDevice_t device, unsigned int words, unsigned long *set,
                                                unsigned int scope) {
    CHECK(device);
    set[0] = 1UL << (device->index / 2);
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetTopologyCommonAncestor(nvmlDevice_t first, nvmlDevice_t second,
                                                        nvmlGpuTopologyLevel_t *level) {
    CHECK(first);
    CHECK(second);
    *level = first->index / 2 == second->index / 2 ? NVML_TOPOLOGY_SINGLE : NVML_TOPOLOGY_SYSTEM;
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetNvLinkState(nvmlDevice_t device, unsigned int link, nvmlEnableState_t *active) {
    CHECK(device);
    if (KNOB(LINKS) == 0) return NVML_ERROR_NOT_SUPPORTED;
    if (link >= 12) return NVML_ERROR_INVALID_ARGUMENT;
    *active = KNOB(LINKS) == 2 || (link < 4 && device->index < 2) ? NVML_FEATURE_ENABLED : NVML_FEATURE_DISABLED;
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetNvLinkRemotePciInfo_v2(nvmlDevice_t device, unsigned int link, nvmlPciInfo_t *pci) {
    CHECK(device);
    fill_pci(pci, KNOB(LINKS) == 2 ? 0xC0 + link % 6 : 0xA1 - (unsigned int)device->index);
    return NVML_SUCCESS;
}

#define FILL(type, processes, count, ...) do { \
    CHECK(device); \
    unsigned int needed = (unsigned int)KNOB(PROCESS_COUNT), room = *(count); \
    KNOB(PROCESS_COUNT) += KNOB(PROCESS_GROWTH); \
    *(count) = needed; \
    if (room < needed) return NVML_ERROR_INSUFFICIENT_SIZE; \
    for (unsigned int i = 0; i < needed; i++) { \
        (processes)[i] = (type){.pid = i == 0 ? (unsigned int)getpid() : 4000000 + i, \
            .usedGpuMemory = i == 1 ? NVML_MEMORY_NOT_AVAILABLE : 1ULL << 30, __VA_ARGS__}; \
    } \
    return NVML_SUCCESS; } while (0)

#ifdef OLD_DRIVER

EXPORT nvmlReturn_t nvmlDeviceGetComputeRunningProcesses(nvmlDevice_t device, unsigned int *count,
                                                         nvmlProcessInfo_v1_t *processes) {
    FILL(nvmlProcessInfo_v1_t, processes, count);
}

#else

EXPORT nvmlReturn_t nvmlDeviceGetComputeRunningProcesses_v3(nvmlDevice_t device, unsigned int *count,
                                                            nvmlProcessInfo_t *processes) {
    FILL(nvmlProcessInfo_t, processes, count, .gpuInstanceId = NVML_NO_INSTANCE,
         .computeInstanceId = NVML_NO_INSTANCE);
}

EXPORT nvmlReturn_t nvmlDeviceGetGraphicsRunningProcesses_v3(nvmlDevice_t device, unsigned int *count,
                                                             nvmlProcessInfo_t *processes) {
    CHECK(device);
    unsigned int room = *count;
    *count = KNOB(PROCESS_COUNT) > 0;
    if (room < *count) return NVML_ERROR_INSUFFICIENT_SIZE;
    if (*count) {
        processes[0] = (nvmlProcessInfo_t){.pid = (unsigned int)getpid(), .usedGpuMemory = 1ULL << 30,
                                           .gpuInstanceId = NVML_NO_INSTANCE, .computeInstanceId = NVML_NO_INSTANCE};
    }
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetMemoryInfo_v2(nvmlDevice_t device, nvmlMemory_v2_t *memory) {
    while (HAS(HANGING_GPUS, device)) usleep(1000);
    CHECK(device);
    if (KNOB(NO_MEMORY_READING)) return NVML_ERROR_NOT_SUPPORTED;
    if (memory->version != NVML_MEMORY_V2_VERSION) return NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
    *memory = (nvmlMemory_v2_t){.version = memory->version, .total = 80ULL << 30, .reserved = 512ULL << 20,
                                .free = 78ULL << 30, .used = 1536ULL << 20};
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetNvLinkRemoteDeviceType(nvmlDevice_t device, unsigned int link,
                                                        nvmlIntNvLinkDeviceType_t *type) {
    CHECK(device);
    *type = KNOB(LINKS) == 2 ? NVML_NVLINK_DEVICE_TYPE_SWITCH : NVML_NVLINK_DEVICE_TYPE_GPU;
    return NVML_SUCCESS;
}

#endif

EXPORT nvmlReturn_t nvmlDeviceGetUtilizationRates(nvmlDevice_t device, nvmlUtilization_t *rates) {
    CHECK(device);
    if (HAS(RESET_GPUS, device)) return NVML_ERROR_RESET_REQUIRED;
    *rates = (nvmlUtilization_t){.gpu = 42, .memory = 17};
    return NVML_SUCCESS;
}

#define READING(function, type, number, ...) \
    EXPORT nvmlReturn_t function(nvmlDevice_t device, ##__VA_ARGS__, type *value) { \
        CHECK(device); \
        *value = (number); \
        return NVML_SUCCESS; \
    }

READING(nvmlDeviceGetPowerUsage, unsigned int, 301500)
READING(nvmlDeviceGetPowerManagementLimit, unsigned int, 700000)
READING(nvmlDeviceGetTotalEnergyConsumption, unsigned long long, 1ULL << 40)
READING(nvmlDeviceGetTemperature, unsigned int, 61, nvmlTemperatureSensors_t sensor)
READING(nvmlDeviceGetClockInfo, unsigned int, clock == NVML_CLOCK_MEM ? 2619 : 1980, nvmlClockType_t clock)
READING(nvmlDeviceGetTotalEccErrors, unsigned long long, kind == NVML_MEMORY_ERROR_TYPE_CORRECTED ? 3 : 0,
        nvmlMemoryErrorType_t kind, nvmlEccCounterType_t counter)

EXPORT nvmlReturn_t nvmlDeviceGetFanSpeed(nvmlDevice_t device, unsigned int *speed) {
    CHECK(device);
    return NVML_ERROR_NOT_SUPPORTED;
}

EXPORT nvmlReturn_t nvmlDeviceGetFieldValues(nvmlDevice_t device, int count, nvmlFieldValue_t *values) {
    CHECK(device);
    for (int i = 0; i < count; i++) {
        int isKnown = values[i].fieldId == NVML_FIELD_RECOVERY_ACTION;
        values[i].nvmlReturn = isKnown ? NVML_SUCCESS : NVML_ERROR_NOT_SUPPORTED;
        values[i].valueType = NVML_VALUE_TYPE_UNSIGNED_INT;
        values[i].value.uiVal = (uint32_t)KNOB(RECOVERY);
    }
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlEventSetCreate(nvmlEventSet_t *set) {
    *set = (nvmlEventSet_t)gpus;
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlEventSetFree(nvmlEventSet_t set) { return NVML_SUCCESS; }

EXPORT nvmlReturn_t nvmlDeviceGetSupportedEventTypes(nvmlDevice_t device, unsigned long long *types) {
    CHECK(device);
    *types = NVML_EVENT_XID_CRITICAL | NVML_EVENT_CLOCK;
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceRegisterEvents(nvmlDevice_t device, unsigned long long types, nvmlEventSet_t set) {
    CHECK(device);
    return types == NVML_EVENT_XID_CRITICAL ? NVML_SUCCESS : NVML_ERROR_NOT_SUPPORTED;
}

EXPORT nvmlReturn_t nvmlEventSetWait_v2(nvmlEventSet_t set, nvmlEventData_t *event, unsigned int timeout) {
    for (unsigned int waited = 0; waited < timeout; waited++) {
        if (!is_initialised) return NVML_ERROR_UNINITIALIZED;
        int code = KNOB(PENDING_XID);
        if (code) {
            KNOB(PENDING_XID) = 0;
            *event = (nvmlEventData_t){.device = &gpus[0], .eventType = NVML_EVENT_XID_CRITICAL,
                                       .eventData = (unsigned int)code, .gpuInstanceId = NVML_NO_INSTANCE,
                                       .computeInstanceId = NVML_NO_INSTANCE};
            return NVML_SUCCESS;
        }
        usleep(1000);
    }
    return NVML_ERROR_TIMEOUT;
}

#endif
