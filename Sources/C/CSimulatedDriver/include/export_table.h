/// The table of private functions that `nvidia-smi` takes from its driver: found by watching 535.261.03 use it.
#ifndef DIVVY_EXPORT_TABLE_H
#define DIVVY_EXPORT_TABLE_H

#include <stdint.h>
#include <string.h>

#include "process_identity.h"

/// A function of the table: registers hold the arguments, whatever their types.
typedef int32_t (*driver_private)(uintptr_t, uintptr_t, uintptr_t, uintptr_t, uintptr_t);

enum {
    DRIVER_EXPORT_LENGTH = 512,
    /// (handle, flag *): whether the machine's console is on the GPU; such a one is not reset.
    DRIVER_EXPORT_IS_PRIMARY = 20,
    /// (PCI bus id as text, the other one, level *)
    DRIVER_EXPORT_COMMON_ANCESTOR = 23,
    /// (handle, flag *): whether `dmon` and `pmon` watch the GPU.
    DRIVER_EXPORT_IS_MONITORED = 72,
    /// (index, handle *)
    DRIVER_EXPORT_HANDLE_BY_INDEX = 81,
    /// (count, handle *, results *): resets GPUs.
    DRIVER_EXPORT_RESET = 168,
    /// (flag *): whether GPUs can be reset only together, because of a fabric.
    DRIVER_EXPORT_RESETS_TOGETHER = 169,
    /// (group *, handle *, count): the GPUs that are reset together; (group, text *, count *): their PCI addresses; and
    /// (group).
    DRIVER_EXPORT_RESET_GROUP = 182,
    DRIVER_EXPORT_RESET_GROUP_MEMBERS = 183,
    DRIVER_EXPORT_RESET_GROUP_END = 184,
    /// (handle, last seen in microseconds, unknown *, count *, driver_process_sample *) for `pmon`.
    DRIVER_EXPORT_PROCESS_SAMPLES = 145,
    /// (handle, driver_compute_policy *) sets how a GPU computes for several programs; (handle, driver_compute_policies *)
    /// tells.
    DRIVER_EXPORT_SET_COMPUTE_POLICY = 192,
    DRIVER_EXPORT_COMPUTE_POLICIES = 193,
    /// (handle, count *, driver_process_detail *) for compute, multi-process server and graphics.
    DRIVER_EXPORT_COMPUTE_PROCESSES = 213,
    DRIVER_EXPORT_SERVED_PROCESSES = 214,
    DRIVER_EXPORT_GRAPHICS_PROCESSES = 215
};

/// 0 is the length of time slices: 0 default, 1 short, 2 medium, 3 long.
typedef struct driver_compute_policy {
    uint32_t kind;
    uint32_t value;
} driver_compute_policy;

typedef struct driver_compute_policies {
    uint32_t count;
    driver_compute_policy first;
} driver_compute_policies;

typedef struct driver_process_detail {
    uint32_t pid;
    uint64_t memory;
    uint32_t gpuInstance;
    uint32_t computeInstance;
    uint64_t protectedMemory;
    char name[4096];
} driver_process_detail;

_Static_assert(sizeof(driver_process_detail) == 4128, "driver_process_detail has a wrong size");

/// What one process did of one kind of work; `pmon` reads these two fields only.
typedef struct driver_process_share {
    uint32_t percent;
    uint32_t unused;
    uint32_t pid;
    uint32_t rest[17];
} driver_process_share;

/// One moment in which a process was seen at work: on multiprocessors, memory, encoder and decoder.
typedef struct driver_process_sample {
    uint64_t time;
    driver_process_share shares[4];
} driver_process_sample;

_Static_assert(sizeof(driver_process_sample) == 328, "driver_process_sample has a wrong size");

/// So many samples fit into the tool's buffer.
enum { DRIVER_PROCESS_SAMPLE_LIMIT = 100 };

static inline void driver_fill_sample(driver_process_sample *sample, uint64_t time, uint32_t pid, uint32_t load,
                                      uint32_t memory) {
    memset(sample, 0, sizeof *sample);
    sample->time = time;
    sample->shares[0].percent = load;
    sample->shares[1].percent = memory;
    for (int kind = 0; kind < 4; kind++) { sample->shares[kind].pid = pid; }
}

static inline void driver_fill_detail(driver_process_detail *detail, uint32_t pid, uint64_t memory,
                                      uint32_t gpuInstance, uint32_t computeInstance) {
    detail->pid = pid;
    detail->memory = memory;
    detail->gpuInstance = gpuInstance;
    detail->computeInstance = computeInstance;
    detail->protectedMemory = 0;
    if (!process_name(pid, detail->name, sizeof detail->name)) { detail->name[0] = 0; }
}

/// The functions of the table that do something.
typedef struct driver_private_functions {
    driver_private unsupported;
    driver_private is_monitored;
    driver_private is_primary;
    driver_private reset;
    driver_private resets_together;
    driver_private reset_group;
    driver_private reset_group_members;
    driver_private reset_group_end;
    driver_private common_ancestor;
    driver_private handle_by_index;
    driver_private process_samples;
    driver_private compute_processes;
    driver_private served_processes;
    driver_private graphics_processes;
    driver_private set_compute_policy;
    driver_private compute_policies;
} driver_private_functions;

/// The table: its length in bytes, then functions, all the same but for the known ones.
static inline const void *driver_export_table(driver_private_functions functions) {
    static uintptr_t table[DRIVER_EXPORT_LENGTH];
    // Several threads may do this at once: each writes the same into every slot, once.
    for (int slot = 1; slot < DRIVER_EXPORT_LENGTH; slot++) {
        driver_private function = functions.unsupported;
        switch (slot) {
        case DRIVER_EXPORT_COMMON_ANCESTOR: function = functions.common_ancestor; break;
        case DRIVER_EXPORT_IS_MONITORED: function = functions.is_monitored; break;
        case DRIVER_EXPORT_IS_PRIMARY: function = functions.is_primary; break;
        case DRIVER_EXPORT_RESET: function = functions.reset; break;
        case DRIVER_EXPORT_RESETS_TOGETHER: function = functions.resets_together; break;
        case DRIVER_EXPORT_RESET_GROUP: function = functions.reset_group; break;
        case DRIVER_EXPORT_RESET_GROUP_MEMBERS: function = functions.reset_group_members; break;
        case DRIVER_EXPORT_RESET_GROUP_END: function = functions.reset_group_end; break;
        case DRIVER_EXPORT_HANDLE_BY_INDEX: function = functions.handle_by_index; break;
        case DRIVER_EXPORT_PROCESS_SAMPLES: function = functions.process_samples; break;
        case DRIVER_EXPORT_COMPUTE_PROCESSES: function = functions.compute_processes; break;
        case DRIVER_EXPORT_SERVED_PROCESSES: function = functions.served_processes; break;
        case DRIVER_EXPORT_SET_COMPUTE_POLICY: function = functions.set_compute_policy; break;
        case DRIVER_EXPORT_COMPUTE_POLICIES: function = functions.compute_policies; break;
        case DRIVER_EXPORT_GRAPHICS_PROCESSES: function = functions.graphics_processes; break;
        default: break;
        }
        table[slot] = (uintptr_t)function;
    }
    table[0] = sizeof table;
    return table;
}

#endif
