/// What the limiter's view of NVML needs of libc, of NVML's interface and of the real NVML.
#ifndef DIVVY_LIMITER_VIEW_H
#define DIVVY_LIMITER_VIEW_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "limiter_layout.h"

enum {
    NVML_SUCCESS = 0,
    NVML_ERROR_NOT_SUPPORTED = 3,
    NVML_ERROR_NO_PERMISSION = 4,
    NVML_ERROR_NOT_FOUND = 6,
    NVML_ERROR_INSUFFICIENT_SIZE = 7,
    VIEW_UUID_LENGTH = 96
};

typedef struct nvmlDevice_st *nvmlDevice_t;

typedef struct nvmlMemory_t {
    uint64_t total;
    uint64_t free;
    uint64_t used;
} nvmlMemory_t;

typedef struct nvmlMemory_v2_t {
    uint32_t version;
    uint64_t total;
    uint64_t reserved;
    uint64_t free;
    uint64_t used;
} nvmlMemory_v2_t;

typedef struct nvmlUtilization_t {
    uint32_t gpu;
    uint32_t memory;
} nvmlUtilization_t;

/// A process of the first form of the lists; the later forms have two more words, of the MIG instances.
typedef struct nvmlProcessInfo_v1_t {
    uint32_t pid;
    uint64_t usedGpuMemory;
} nvmlProcessInfo_v1_t;

typedef struct nvmlProcessInfo_t {
    uint32_t pid;
    uint64_t usedGpuMemory;
    uint32_t gpuInstanceId;
    uint32_t computeInstanceId;
} nvmlProcessInfo_t;

typedef struct nvmlProcessUtilizationSample_t {
    uint32_t pid;
    uint64_t timeStamp;
    uint32_t smUtil;
    uint32_t memUtil;
    uint32_t encUtil;
    uint32_t decUtil;
} nvmlProcessUtilizationSample_t;

/// The real functions that are asked for lists of processes, by kind and form.
enum {
    VIEW_COMPUTE_1, VIEW_COMPUTE_2, VIEW_COMPUTE_3, VIEW_GRAPHICS_1, VIEW_GRAPHICS_2, VIEW_GRAPHICS_3, VIEW_MPS_1,
    VIEW_MPS_2, VIEW_MPS_3, VIEW_LISTS
};

/// The real functions; what there is not answers that it is not supported.
int32_t real_memory(nvmlDevice_t device, nvmlMemory_t *memory);
int32_t real_memory_v2(nvmlDevice_t device, nvmlMemory_v2_t *memory);
int32_t real_utilization(nvmlDevice_t device, nvmlUtilization_t *utilization);
int32_t real_samples(nvmlDevice_t device, void *samples, uint32_t *count, uint64_t since);
int32_t real_list(uint32_t list, nvmlDevice_t device, uint32_t *count, void *processes);
/// Writes the device's UUID as text.
int32_t real_uuid(nvmlDevice_t device, char *text);

/// The container's files, mapped at the first call; NULL when they are not there.
const LimiterLimits *view_limits(void);
const LimiterBooks *view_books(void);
/// Whether the process of a slot of the books lives.
bool view_is_alive(uint32_t slot);

static inline const LimiterGPU *view_gpu(const LimiterLimits *limits, uint32_t gpu) { return &limits->gpus[gpu]; }
static inline bool view_has_uuid(const LimiterGPU *limit, const uint8_t *uuid) {
    return memcmp(limit->uuid, uuid, sizeof limit->uuid) == 0;
}
/// What the process of a slot holds of a GPU; 0 when there is none.
static inline uint64_t view_held(const LimiterBooks *books, uint32_t slot, uint32_t gpu) {
    const LimiterProcess *process = &books->processes[slot];
    return __atomic_load_n(&process->serial, __ATOMIC_ACQUIRE) == 0
        ? 0 : __atomic_load_n(&process->held[gpu], __ATOMIC_ACQUIRE);
}
/// The process of a slot, if it has a pid in this PID namespace; else 0.
static inline uint32_t view_pid(const LimiterBooks *books, uint32_t slot, uint64_t pidNamespace) {
    const LimiterProcess *process = &books->processes[slot];
    return __atomic_load_n(&process->serial, __ATOMIC_ACQUIRE) != 0 && process->pidNamespace == pidNamespace
        ? (uint32_t)process->pid : 0;
}
/// Whether somebody keeps the turns, and so counts what each container has had.
bool view_has_keeper(const LimiterLimits *limits);
/// The number of this process's PID namespace; 0 when that cannot be known.
uint64_t view_pid_namespace(void);
/// What of a GPU's memory lives on the host, by the account.
static inline uint64_t view_spilled(const LimiterBooks *books, uint32_t gpu) {
    return __atomic_load_n(&books->gpus[gpu].spilled, __ATOMIC_ACQUIRE);
}
static inline uint64_t view_orphaned(const LimiterBooks *books, uint32_t gpu) {
    return __atomic_load_n(&books->gpus[gpu].orphaned, __ATOMIC_ACQUIRE);
}
static inline uint32_t view_slots(const LimiterBooks *books) {
    uint32_t highest = __atomic_load_n(&books->highest, __ATOMIC_ACQUIRE);
    return highest < LIMITER_PROCESSES ? highest : LIMITER_PROCESSES;
}

#endif
