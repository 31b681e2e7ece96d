/// The state of the limiter in a process, and of the process's threads.
#ifndef DIVVY_LIMITER_STATE_H
#define DIVVY_LIMITER_STATE_H

#include "limiter_layout.h"

/// A table from words to what belongs to them; it has room for twice what is in it.
typedef struct LimiterCell {
    /// 0 is an empty cell.
    uint64_t key;
    uint64_t size;
    uint64_t context;
    /// The GPU's place in the limits.
    uint16_t place;
    uint16_t flags;
    uint32_t count;
} LimiterCell;

enum {
    /// Other processes may have opened it.
    CELL_EXPORTED = 1,
    /// It is another process's, and charged there.
    CELL_IMPORTED = 2,
    /// It lives on the host, in the GPU's place.
    CELL_SPILLED = 4,
    /// A multicast object, which is no memory, and keeps what is bound to it.
    CELL_MULTICAST = 8
};

typedef struct LimiterTable {
    LimiterCell *cells;
    uint64_t capacity;
    uint64_t count;
} LimiterTable;

/// A pool from which streams allocate.
typedef struct LimiterPool {
    uint64_t pool;
    /// What is charged for it.
    uint64_t charged;
    uint32_t gpu;
    uint32_t reserved;
} LimiterPool;

enum {
    LIMITER_DEVICES = 64,
    LIMITER_POOLS = 128,
    LANES = 32,
    LANE_MARKERS = 128,
    LANE_STREAMS = 64,
    LANE_EVENTS = 512,
    ESTIMATES = 2048
};

/// An event behind some kernels of a stream.
typedef struct LimiterMarker {
    /// The event, and the one before the first of the kernels; 0 when there is none.
    uint64_t event;
    uint64_t from;
    /// The stream's place in the lane.
    uint32_t stream;
    uint32_t reserved;
    /// The one function of all its kernels; 0 when there are several.
    uint64_t key;
    /// Nanoseconds of work by estimate.
    uint64_t estimate;
    uint32_t count;
    uint32_t isDone;
} LimiterMarker;

typedef struct LimiterStream {
    /// 0 when the place is free.
    uint64_t stream;
    /// The thread whose default stream it is, for those that are; else 0.
    uint64_t thread;
    /// The newest event that was recorded.
    uint64_t last;
    /// Kernels since then.
    uint64_t key;
    uint64_t estimate;
    uint32_t count;
    /// Markers of it that are not done.
    uint32_t pending;
    /// The thread that launched last, and when.
    uint64_t owner;
    uint64_t launchedAt;
} LimiterStream;

/// What is in flight in a context.
typedef struct LimiterLane {
    uint32_t lock;
    uint32_t gpu;
    /// 0 when the lane is free.
    uint64_t context;
    /// Nanoseconds of work in flight by estimate, marked or not.
    uint64_t outstanding;
    /// When a marker was last seen to be done, and when the last kernel was launched.
    uint64_t doneAt;
    /// When there was something in flight again.
    uint64_t busySince;
    uint64_t launchedAt;
    uint64_t head;
    uint64_t tail;
    LimiterMarker markers[LANE_MARKERS];
    LimiterStream streams[LANE_STREAMS];
    uint64_t events[LANE_EVENTS];
    uint32_t eventCount;
    /// How often a stream had something to do again.
    uint32_t begins;
} LimiterLane;

typedef struct LimiterEstimate {
    uint64_t key;
    uint64_t nanoseconds;
} LimiterEstimate;

typedef struct LimiterState {
    /// 0 before the start, 1 after it, 2 when it is not possible.
    uint32_t state;
    uint32_t lock;
    const LimiterLimits *limits;
    LimiterBooks *books;
    int32_t file;
    uint32_t slot;
    uint64_t token;
    uint64_t pidNamespace;
    /// One more than the place in the limits, by the driver's number of the GPU; 0 is unknown, 255 not in the limits.
    uint8_t gpus[LIMITER_DEVICES];
    /// Whether anything was ever allocated on the host in the GPU's place.
    uint32_t hasSpilled;
    /// Whether memory of another process's pool was ever opened.
    uint32_t hasImported;
    uint32_t tableLock;
    /// What was allocated, by address: `size` is what is charged, and `count` 1 for what shares a block.
    LimiterTable allocations;
    /// Blocks that small allocations share.
    LimiterTable blocks;
    /// VMM handles: `count` who has them, `context` what is mapped. The memory lives until both are none. By address,
    /// memory of other processes that was opened: `count` how often.
    LimiterTable handles;
    /// What is mapped, by address: `context` is the handle. Parts of sparse arrays and of multicast objects have keys
    /// that are no addresses, and the array or the object as their `size`.
    LimiterTable mappings;
    /// Memory that graphs allocate, by the graph and by the executable one.
    LimiterTable graphs;
    /// `size` is what is charged, and `count` 1 for the primary one of the device that `context` is. What is charged
    /// for a context's limits is found behind it, by the number of the limit.
    LimiterTable contexts;
    uint32_t poolLock;
    uint32_t poolCount;
    LimiterPool pools[LIMITER_POOLS];
    /// Raised when contexts go: their handles may mean others then.
    uint32_t contextChanges;
    /// Captures that are going on.
    uint32_t captures;
    uint32_t laneLock;
    /// Whether the thread that sees to the lanes runs.
    uint32_t hasTender;
    /// When somebody last looked for dead processes, in milliseconds.
    uint32_t lookedAt;
    LimiterLane *lanes;
    LimiterEstimate *estimates;
} LimiterState;

typedef struct LimiterThread {
    /// The function and the stream that may be launched without asking, and how often.
    uint64_t key;
    uint64_t stream;
    uint32_t left;
    /// The turn for which that holds, and where it stands.
    uint32_t epoch;
    const uint32_t *word;
    /// What one of them takes, by estimate.
    uint64_t estimate;
    LimiterLane *lane;
    /// The stream's place in the lane.
    uint32_t index;
    uint32_t mustMark;
    uint32_t isTender;
    /// The context that was current when somebody asked last, where it is, and as of which change of contexts.
    uint32_t contextChanges;
    uint64_t context;
    int32_t device;
    /// Of the known GPUs, as in `LimiterState`.
    uint32_t gpu;
} LimiterThread;

static inline LimiterBook *book_of(LimiterBooks *books, uint32_t gpu) { return &books->gpus[gpu]; }
static inline LimiterProcess *process_of(LimiterBooks *books, uint32_t slot) { return &books->processes[slot]; }
static inline uint64_t *held_of(LimiterProcess *process, uint32_t gpu) { return &process->held[gpu]; }
static inline LimiterDetail *detail_of(LimiterBooks *books, uint32_t gpu, uint32_t slot) {
    return &books->details[gpu * LIMITER_PROCESSES + slot];
}
static inline LimiterActivity *activity_of(LimiterBooks *books, uint32_t gpu, uint32_t slot) {
    return &books->activities[gpu * LIMITER_PROCESSES + slot];
}
static inline const LimiterGPU *limit_of(const LimiterLimits *limits, uint32_t gpu) { return &limits->gpus[gpu]; }
static inline const uint32_t *gates_of(const LimiterLimits *limits) { return &limits->gates; }
static inline const uint32_t *changes_of(const LimiterLimits *limits) { return &limits->changes; }
static inline const uint32_t *epoch_of(const LimiterLimits *limits, uint32_t gpu) {
    return &limits->gpus[gpu].gate.epoch;
}
static inline const uint64_t *deadline_of(const LimiterLimits *limits, uint32_t gpu) {
    return &limits->gpus[gpu].gate.deadline;
}
static inline uint32_t *waiting_of(LimiterActivity *activity) { return &activity->waiting; }
static inline uint32_t *bell_of(LimiterBooks *books, uint32_t gpu) { return &books->gpus[gpu].bell; }
static inline LimiterLane *lane_of(LimiterState *state, uint32_t index) { return &state->lanes[index]; }
static inline LimiterEstimate *estimate_of(LimiterState *state, uint64_t key) {
    return &state->estimates[(key * 0x9E3779B97F4A7C15ULL) >> 53];
}
static inline uint8_t *device_of(LimiterState *state, uint32_t device) { return &state->gpus[device]; }
static inline LimiterPool *pool_of(LimiterState *state, uint32_t index) { return &state->pools[index]; }
static inline LimiterTable *allocation_table(LimiterState *state) { return &state->allocations; }
static inline LimiterTable *block_table(LimiterState *state) { return &state->blocks; }
static inline LimiterTable *handle_table(LimiterState *state) { return &state->handles; }
static inline LimiterTable *mapping_table(LimiterState *state) { return &state->mappings; }
static inline LimiterTable *graph_table(LimiterState *state) { return &state->graphs; }
static inline LimiterTable *context_table(LimiterState *state) { return &state->contexts; }
static inline LimiterMarker *marker_of(LimiterLane *lane, uint64_t number) {
    return &lane->markers[number % LANE_MARKERS];
}
static inline LimiterStream *stream_of(LimiterLane *lane, uint32_t index) { return &lane->streams[index]; }
static inline uint64_t *event_of(LimiterLane *lane, uint32_t index) { return &lane->events[index]; }

#endif
