// A driver of two GPUs whose memory limits and compute modes are plain words, and which refuses or hangs on command.
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "nvml_functions.h"

#define EXPORT __attribute__((visibility("default")))

// In the order of `ControlStub.Knob`: what limits and modes answer, which GPU hangs (its number and one), which has MIG
// on, and how often anything was set.
enum knob { ANSWER, HANGING, MIG, SETS, KNOBS };
static _Atomic int knobs[KNOBS];
EXPORT _Atomic int *stub_knob(int which) { return &knobs[which]; }

static nvmlSetMemoryLimits_v1_t limits[2] = {{NULL, 0, UINT64_MAX}, {NULL, 0, UINT64_MAX}};
static char names[2][4096];
static nvmlComputeMode_t modes[2];

static int number(nvmlDevice_t device) { return (int)(long)device - 1; }

static nvmlReturn_t answer(nvmlDevice_t device) {
    while (knobs[HANGING] == number(device) + 1) usleep(1000);
    return (nvmlReturn_t)knobs[ANSWER];
}

EXPORT nvmlReturn_t nvmlInit_v2(void) { return NVML_SUCCESS; }
EXPORT nvmlReturn_t nvmlShutdown(void) { return NVML_SUCCESS; }

EXPORT nvmlReturn_t nvmlSystemGetDriverVersion(char *version, unsigned length) {
    snprintf(version, length, "%s",
#ifdef OLD
        "535.261.03"
#else
        "615.71.09"
#endif
    );
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetHandleByUUID(const char *uuid, nvmlDevice_t *device) {
    for (long index = 0; index < 2; index++) {
        char name[16];
        snprintf(name, sizeof name, "GPU-%ld", index);
        if (strcmp(uuid, name) != 0) continue;
        *device = (nvmlDevice_t)(index + 1);
        return NVML_SUCCESS;
    }
    return NVML_ERROR_NOT_FOUND;
}

EXPORT nvmlReturn_t nvmlDeviceGetMigMode(nvmlDevice_t device, unsigned *current, unsigned *pending) {
    *current = *pending = knobs[MIG] == number(device) + 1;
    return NVML_SUCCESS;
}

#ifndef OLD
EXPORT nvmlReturn_t nvmlDeviceSetMemoryLimits_v1(nvmlDevice_t device, nvmlSetMemoryLimits_v1_t *wanted) {
    nvmlReturn_t result = answer(device);
    if (result != NVML_SUCCESS) return result;
    knobs[SETS]++;
    int gpu = number(device);
    snprintf(names[gpu], sizeof names[gpu], "%s", wanted->nameSpace);
    limits[gpu] = *wanted;
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetMemoryLimits_v1(nvmlDevice_t device, nvmlGetMemoryLimits_v1_t *found) {
    nvmlReturn_t result = answer(device);
    if (result != NVML_SUCCESS) return result;
    int gpu = number(device), known = strcmp(names[gpu], found->nameSpace) == 0;
    found->softLimit = known ? limits[gpu].softLimit : UINT64_MAX;
    found->hardLimit = known ? limits[gpu].hardLimit : UINT64_MAX;
    found->currentUsed = 4711;
    return NVML_SUCCESS;
}
#endif

EXPORT nvmlReturn_t nvmlDeviceGetComputeMode(nvmlDevice_t device, nvmlComputeMode_t *mode) {
    *mode = modes[number(device)];
    return answer(device);
}

EXPORT nvmlReturn_t nvmlDeviceSetComputeMode(nvmlDevice_t device, nvmlComputeMode_t mode) {
    nvmlReturn_t result = answer(device);
    if (result == NVML_SUCCESS) modes[number(device)] = mode;
    return result;
}
