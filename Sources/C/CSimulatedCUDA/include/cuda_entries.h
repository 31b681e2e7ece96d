/// The entry points of the driver: which name a program gets for what it asks. `cuda_entries.c` is generated.
#ifndef DIVVY_CUDA_ENTRIES_H
#define DIVVY_CUDA_ENTRIES_H

#include <stdbool.h>
#include <stdint.h>

#include "cuda_types.h"

typedef struct EntryPoint {
    /// The name that programs ask for: without a version and a suffix. The table is in the order of these.
    const char *name;
    const void *address;
    /// The CUDA version since which the name means this.
    uint32_t version;
    /// Whether the default stream is that of the calling thread.
    uint32_t isPerThread;
} EntryPoint;

extern const EntryPoint driver_entries[] __attribute__((visibility("hidden")));
extern const uint32_t driver_entry_count __attribute__((visibility("hidden")));

static inline const EntryPoint *driver_entry(uint32_t index) { return &driver_entries[index]; }

#endif
