/// What the limiter's view of NVML needs of libc, of NVML's interface and of the real NVML.
#ifndef DIVVY_LIMITER_VIEW_H
#define DIVVY_LIMITER_VIEW_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "limiter_layout.h"

enum { NVML_SUCCESS = 0, NVML_ERROR_NOT_SUPPORTED = 3, VIEW_UUID_LENGTH = 96 };

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

/// The real functions; what there is not answers that it is not supported.
int32_t real_memory(nvmlDevice_t device, nvmlMemory_t *memory);
int32_t real_memory_v2(nvmlDevice_t device, nvmlMemory_v2_t *memory);
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
static inline uint32_t view_slots(const LimiterBooks *books) {
    uint32_t highest = __atomic_load_n(&books->highest, __ATOMIC_ACQUIRE);
    return highest < LIMITER_PROCESSES ? highest : LIMITER_PROCESSES;
}

#endif
