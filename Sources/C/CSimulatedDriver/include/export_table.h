/// The table of private functions that `nvidia-smi` takes from its driver: found by watching 535.261.03 use it.
#ifndef DIVVY_EXPORT_TABLE_H
#define DIVVY_EXPORT_TABLE_H

#include <stdint.h>
#include <string.h>

#include "process_identity.h"

/// A function of the table: registers hold the first three arguments, whatever their types.
typedef int32_t (*driver_private)(uintptr_t, uintptr_t, uintptr_t);

enum {
    DRIVER_EXPORT_LENGTH = 512,
    /// (PCI bus id as text, the other one, level *)
    DRIVER_EXPORT_COMMON_ANCESTOR = 23,
    /// (index, handle *)
    DRIVER_EXPORT_HANDLE_BY_INDEX = 81,
    /// (handle, count *, driver_process_detail *) for compute, multi-process server and graphics.
    DRIVER_EXPORT_COMPUTE_PROCESSES = 213,
    DRIVER_EXPORT_SERVED_PROCESSES = 214,
    DRIVER_EXPORT_GRAPHICS_PROCESSES = 215
};

typedef struct driver_process_detail {
    uint32_t pid;
    uint64_t memory;
    uint32_t gpuInstance;
    uint32_t computeInstance;
    uint64_t protectedMemory;
    char name[4096];
} driver_process_detail;

_Static_assert(sizeof(driver_process_detail) == 4128, "driver_process_detail has a wrong size");

static inline void driver_fill_detail(driver_process_detail *detail, uint32_t pid, uint64_t memory, uint32_t instance) {
    detail->pid = pid;
    detail->memory = memory;
    detail->gpuInstance = instance;
    detail->computeInstance = instance;
    detail->protectedMemory = 0;
    if (!process_name(pid, detail->name, sizeof detail->name)) { detail->name[0] = 0; }
}

/// The functions of the table that do something.
typedef struct driver_private_functions {
    driver_private unsupported;
    driver_private common_ancestor;
    driver_private handle_by_index;
    driver_private compute_processes;
    driver_private served_processes;
    driver_private graphics_processes;
} driver_private_functions;

/// The table: its length in bytes, then functions, all the same but for the known ones.
static inline const void *driver_export_table(driver_private_functions functions) {
    static uintptr_t table[DRIVER_EXPORT_LENGTH];
    // Several threads may do this at once: each writes the same into every slot, once.
    for (int slot = 1; slot < DRIVER_EXPORT_LENGTH; slot++) {
        driver_private function = functions.unsupported;
        switch (slot) {
        case DRIVER_EXPORT_COMMON_ANCESTOR: function = functions.common_ancestor; break;
        case DRIVER_EXPORT_HANDLE_BY_INDEX: function = functions.handle_by_index; break;
        case DRIVER_EXPORT_COMPUTE_PROCESSES: function = functions.compute_processes; break;
        case DRIVER_EXPORT_SERVED_PROCESSES: function = functions.served_processes; break;
        case DRIVER_EXPORT_GRAPHICS_PROCESSES: function = functions.graphics_processes; break;
        default: break;
        }
        table[slot] = (uintptr_t)function;
    }
    table[0] = sizeof table;
    return table;
}

#endif
