/// The state of a process that uses the simulated CUDA driver, and of its threads.
#ifndef DIVVY_CUDA_PROCESS_H
#define DIVVY_CUDA_PROCESS_H

#include "cuda_objects.h"

enum { THREAD_STACK_LIMIT = 64, THREAD_STREAM_LIMIT = 16 };

typedef struct DriverThread {
    /// Contexts that were pushed; the last one is current.
    DriverContext *stack[THREAD_STACK_LIMIT];
    uint32_t depth;
    /// How deep in calls whose default stream is that of the thread.
    uint32_t perThreadDefault;
    /// 0 global, 1 thread-local, 2 relaxed.
    uint32_t captureMode;
    uint32_t streamCount;
    /// The default streams of this thread, one for each context.
    DriverStream *streams[THREAD_STREAM_LIMIT];
} DriverThread;

enum { PROCESS_GPU_LIMIT = 16 };

typedef struct DriverProcess {
    /// 0 before `cuInit`, 1 after it, 2 in a forked child.
    uint32_t state;
    uint32_t lock;
    struct DeviceModel *model;
    DeviceTime *time;
    int32_t file;
    uint32_t isForeign;
    uint64_t token;
    uint64_t startTime;
    uint32_t pid;
    uint32_t gpuCount;
    /// The GPUs that this process sees, by their place in the model.
    uint32_t gpus[PROCESS_GPU_LIMIT];
    /// The part of a GPU in MIG mode that this process computes on: one more than the GPU's place in the model, or 0;
    /// the memory slot of the GPU instance, and the compute slice and the slices of the compute instance.
    uint32_t partGPU;
    uint32_t partSlot;
    uint32_t partSlice;
    uint32_t partSlices;
    /// The multi-process server that this process is a client of; NULL without one.
    struct ModelServer *server;
    struct ModelClient *client;
    uint64_t serverSerial;
    uint64_t clientNumber;
    /// The connection to its daemon.
    int32_t service;
    /// What it may use of the multiprocessors, in hundredths of a per cent.
    uint32_t percentage;
    /// The GPUs of the server, in its order.
    uint32_t servedGPUCount;
    uint32_t servedGPUs[PROCESS_GPU_LIMIT];
    /// What it may hold of each GPU of the model, in bytes.
    uint64_t pinned[PROCESS_GPU_LIMIT];
    DriverContext *primaries[PROCESS_GPU_LIMIT];
    uint32_t primaryReferences[PROCESS_GPU_LIMIT];
    uint32_t primaryFlags[PROCESS_GPU_LIMIT];
    DriverPool *defaultPools[PROCESS_GPU_LIMIT];
    DriverPool *currentPools[PROCESS_GPU_LIMIT];
    /// This process's entry in the model's list, for each GPU of the model; 0 is none, else counted from 1.
    uint32_t entries[PROCESS_GPU_LIMIT];
    /// What this process holds of each GPU of the model, in bytes.
    uint64_t held[PROCESS_GPU_LIMIT];
    uint64_t contextsOn[PROCESS_GPU_LIMIT];
    DriverContext *contexts;
    uint64_t ids;
    // The ranges of addresses, in their order.
    uint32_t memoryLock;
    uint32_t captureLock;
    DriverAllocation **ranges;
    uint64_t rangeCount;
    uint64_t rangeCapacity;
    DriverChunk *chunks;
    DriverPool *pools;
    DriverPhysical *physicals;
    /// Ranges of addresses that the program reserved.
    DriverAllocation *reservations;
    // Slots for objects: free ones, by size.
    void *freeSlots[16];
    uint8_t *slab;
    uint64_t slabLeft;
    uint32_t slotLock;
    uint32_t primaryLock;
    /// Zeros.
    void *edges;
    uint32_t moduleLock;
} DriverProcess;

static inline DriverContext **thread_context(DriverThread *thread, uint32_t depth) { return &thread->stack[depth]; }
static inline DriverStream **thread_stream(DriverThread *thread, uint32_t index) { return &thread->streams[index]; }
static inline uint32_t *process_gpu(DriverProcess *process, uint32_t device) { return &process->gpus[device]; }
static inline uint32_t *process_served_gpu(DriverProcess *process, uint32_t index) {
    return &process->servedGPUs[index];
}
static inline uint64_t *process_pinned(DriverProcess *process, uint32_t gpu) { return &process->pinned[gpu]; }
static inline DriverContext **process_primary(DriverProcess *process, uint32_t device) {
    return &process->primaries[device];
}
static inline uint32_t *process_primary_references(DriverProcess *process, uint32_t device) {
    return &process->primaryReferences[device];
}
static inline uint32_t *process_primary_flags(DriverProcess *process, uint32_t device) {
    return &process->primaryFlags[device];
}
static inline DriverPool **process_default_pool(DriverProcess *process, uint32_t device) {
    return &process->defaultPools[device];
}
static inline DriverPool **process_current_pool(DriverProcess *process, uint32_t device) {
    return &process->currentPools[device];
}
static inline uint32_t *process_entry(DriverProcess *process, uint32_t gpu) { return &process->entries[gpu]; }
static inline uint64_t *process_held(DriverProcess *process, uint32_t gpu) { return &process->held[gpu]; }
static inline uint64_t *process_contexts_on(DriverProcess *process, uint32_t gpu) { return &process->contextsOn[gpu]; }
static inline void **process_free_slot(DriverProcess *process, uint32_t size) { return &process->freeSlots[size]; }

#endif
