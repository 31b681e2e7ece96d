/// What the handles of the simulated CUDA driver point at.
///
/// Objects live in slots that are used again and never unmapped: the tag of a handle that was destroyed is wrong, and
/// reading it is safe.
#ifndef DIVVY_CUDA_OBJECTS_H
#define DIVVY_CUDA_OBJECTS_H

#include "cuda_structs.h"
#include "device_time.h"

typedef struct DriverContext DriverContext;
typedef struct DriverStream DriverStream;
typedef struct DriverEvent DriverEvent;
typedef struct DriverModule DriverModule;
typedef struct DriverFunction DriverFunction;
typedef struct DriverPool DriverPool;
typedef struct DriverArray DriverArray;
typedef struct DriverGraph DriverGraph;
typedef struct DriverNode DriverNode;
typedef struct DriverGraphExec DriverGraphExec;
typedef struct DriverLink DriverLink;
typedef struct DriverCapture DriverCapture;

enum {
    TAG_CONTEXT = 0x31435844,
    TAG_STREAM = 0x31535844,
    TAG_EVENT = 0x31455844,
    TAG_MODULE = 0x314D5844,
    TAG_FUNCTION = 0x31465844,
    TAG_POOL = 0x31505844,
    TAG_ARRAY = 0x31415844,
    TAG_GRAPH = 0x31475844,
    TAG_NODE = 0x314E5844,
    TAG_EXEC = 0x31585844,
    TAG_LINK = 0x314C5844,
    TAG_PHYSICAL = 0x31485844
};

/// What a stream does, one after the other.
enum {
    /// a: nanoseconds.
    OPERATION_KERNEL = 1,
    /// a: to, b: from, c: bytes, d: nanoseconds.
    OPERATION_COPY = 2,
    /// a: a `CUDA_MEMCPY3D` of our own with resolved addresses, freed afterwards; d: nanoseconds.
    OPERATION_COPY_3D = 3,
    /// a: to, b: value, c: elements of a row, d: rows, e: pitch, flags: bytes of an element.
    OPERATION_SET = 4,
    /// a: function, b: data, c: stream when the function is a stream callback.
    OPERATION_HOST = 5,
    /// a: event, b: its record's number.
    OPERATION_RECORD = 6,
    OPERATION_WAIT = 7,
    /// a: address, b: value, c: how to compare, flags: bytes.
    OPERATION_WRITE_VALUE = 8,
    OPERATION_WAIT_VALUE = 9,
    /// a: address.
    OPERATION_FREE = 10,
    /// a: graph exec.
    OPERATION_GRAPH = 11,
    OPERATION_NOTHING = 12,
    /// a: graph exec, b: index of its node; memory of a graph.
    OPERATION_GRAPH_ALLOC = 13
};

typedef struct DriverOperation {
    uint32_t kind;
    uint32_t flags;
    /// The order of operations over all streams of the context.
    uint64_t ticket;
    /// When it was put into the stream.
    uint64_t enqueued;
    uint64_t a;
    uint64_t b;
    uint64_t c;
    uint64_t d;
    uint64_t e;
} DriverOperation;

enum { STREAM_CAPACITY = 1024 };

struct DriverStream {
    uint32_t tag;
    uint32_t flags;
    DriverContext *context;
    DriverStream *next;
    DriverOperation *ring;
    uint64_t id;
    int32_t priority;
    uint32_t isLegacy;
    uint32_t isClosing;
    /// A host function of this stream runs.
    uint32_t isBusy;
    /// The nodes of the graph at the head that are done.
    uint64_t graphCursor;
    /// When everything that was placed so far is done.
    uint64_t doneTime;
    /// Operations placed; written by whoever holds the context's executor.
    uint64_t head;
    /// The capture that this stream belongs to.
    DriverCapture *capture;
    uint64_t captureNumber;
    /// The nodes that the next captured operation depends on.
    DriverNode **captureTips;
    uint64_t captureTipCount;
    uint64_t reserved[3];
    /// Taken by those who put operations in.
    uint32_t lock;
    uint32_t waiters;
    /// Operations put in.
    uint64_t tail;
};

struct DriverContext {
    uint32_t tag;
    uint32_t flags;
    /// The GPU's place in the model, and in the list that the process sees.
    uint32_t gpu;
    int32_t device;
    uint64_t id;
    uint32_t isPrimary;
    uint32_t version;
    /// This context's place on the GPU's time line.
    TimeGPU *time;
    TimeContext *shared;
    uint64_t number;
    DriverContext *next;
    DriverStream *legacy;
    /// All streams, the legacy one among them.
    DriverStream *streams;
    uint32_t streamsLock;
    uint32_t isClosing;
    uint64_t peers;
    uint64_t limits[16];
    uint32_t cacheConfig;
    uint32_t bankConfig;
    uint64_t tickets;
    /// Held by the thread that moves the streams on.
    uint32_t executor;
    /// Raised when streams have moved; sleepers wait on it.
    uint32_t progress;
    uint32_t progressWaiters;
    /// The worker sleeps until it is woken.
    uint32_t workerIsIdle;
    uint32_t workerIsGone;
    /// The server knows of work that is not done.
    uint32_t isInFlight;
    /// What calls answer for good since a kernel of this context failed.
    uint32_t fault;
    uint32_t reserved;
    /// When the worker wakes up by itself.
    uint64_t workerWakesAt;
    /// For the load that NVML shows: when the interval began, and the context's time until then.
    uint64_t loadSince;
    uint64_t loadBusy;
};

struct DriverEvent {
    uint32_t tag;
    uint32_t flags;
    DriverContext *context;
    /// Records put into streams, and records placed.
    uint64_t recorded;
    uint64_t placed;
    /// When the newest placed record happens.
    uint64_t time;
    /// The number before any record, and the context in which it was recorded last.
    uint64_t created;
    DriverContext *stream;
    /// Where the event was recorded in a capture.
    DriverCapture *capture;
    uint64_t captureNumber;
    DriverNode **captureTips;
    uint64_t captureTipCount;
};

/// A module or a library.
struct DriverModule {
    uint32_t tag;
    uint32_t isLibrary;
    DriverContext *context;
    DriverFunction *functions;
    DriverModule *next;
    DriverModule *module;
};

/// A function of a module or a kernel of a library.
struct DriverFunction {
    uint32_t tag;
    uint32_t blockThreads;
    DriverModule *module;
    DriverFunction *next;
    /// Nanoseconds, from its name.
    uint64_t duration;
    char *name;
    int32_t attributes[24];
};

struct DriverPool {
    uint32_t tag;
    int32_t device;
    uint32_t gpu;
    uint32_t isDefault;
    int32_t handleTypes;
    uint32_t isDoomed;
    uint64_t maxSize;
    uint64_t threshold;
    uint64_t reserved;
    uint64_t reservedHigh;
    uint64_t used;
    uint64_t usedHigh;
    uint64_t settings[4];
    /// Blocks that are reserved and not used.
    struct DriverAllocation *cached;
    DriverPool *next;
};

enum {
    MEMORY_PLAIN = 1,
    MEMORY_MANAGED = 2,
    MEMORY_POOL = 3,
    MEMORY_MAPPED = 4,
    MEMORY_ARRAY = 5,
    MEMORY_HOST = 6,
    MEMORY_REGISTERED = 7,
    MEMORY_IMPORTED = 8,
    MEMORY_RESERVED = 9,
    MEMORY_GRAPH = 10
};

/// Memory of a VMM handle.
typedef struct DriverPhysical {
    uint32_t tag;
    int32_t file;
    uint64_t size;
    uint64_t handles;
    uint64_t mappings;
    uint64_t inode;
    CUmemAllocationProp prop;
    int32_t device;
    uint32_t gpu;
    uint32_t isCharged;
    /// Memory that came from outside of the driver.
    uint32_t isExternal;
    struct DriverPhysical *next;
} DriverPhysical;

/// Two mebibytes from which small allocations are carved.
typedef struct DriverChunk {
    uint64_t address;
    uint64_t taken[64];
    uint32_t granulesTaken;
    uint32_t gpu;
    DriverContext *context;
    struct DriverChunk *next;
    /// The shared file behind it, for memory that other processes open; -1 without one.
    int32_t file;
    uint32_t reserved;
} DriverChunk;

/// A range of addresses that the driver knows.
typedef struct DriverAllocation {
    uint64_t address;
    uint64_t size;
    /// What it takes of the GPU's memory.
    uint64_t charged;
    uint32_t kind;
    uint32_t gpu;
    int32_t device;
    uint32_t flags;
    uint64_t id;
    DriverContext *context;
    DriverPool *pool;
    DriverPhysical *physical;
    DriverChunk *chunk;
    struct DriverAllocation *next;
    /// The shared file behind it and where in it; -1 without one.
    int32_t file;
    uint32_t syncMemops;
    uint64_t fileOffset;
    /// What was mapped for it, where that is more than the range itself.
    uint64_t mappedSize;
    /// Opened this often, for imports.
    uint64_t references;
} DriverAllocation;

struct DriverArray {
    uint32_t tag;
    uint32_t levels;
    CUDA_ARRAY3D_DESCRIPTOR descriptor;
    uint64_t address;
    uint64_t pitch;
    uint64_t height;
    uint64_t size;
    DriverContext *context;
    /// The array that owns the memory, for a level of a mipmapped one.
    DriverArray *owner;
    DriverArray *level[16];
};

struct DriverNode {
    uint32_t tag;
    uint32_t kind;
    DriverGraph *graph;
    DriverNode *next;
    DriverOperation operation;
    /// For kernels: what to tell those who ask.
    CUDA_KERNEL_NODE_PARAMS kernel;
    CUDA_MEMCPY3D copy;
    CUDA_MEMSET_NODE_PARAMS set;
    DriverGraph *child;
    DriverNode **dependencies;
    uint64_t dependencyCount;
    uint64_t dependencyCapacity;
    uint64_t mark;
};

struct DriverGraph {
    uint32_t tag;
    uint32_t isChild;
    uint64_t id;
    DriverNode *nodes;
    DriverNode *lastNode;
    uint64_t count;
};

struct DriverGraphExec {
    uint32_t tag;
    uint32_t isDoomed;
    uint64_t flags;
    uint64_t count;
    DriverOperation *operations;
    /// The node that each operation came from.
    DriverNode **origins;
    uint64_t running;
};

struct DriverCapture {
    DriverGraph *graph;
    uint64_t number;
    uint32_t status;
    uint32_t mode;
    DriverStream *origin;
    /// The thread that began it.
    struct DriverThread *thread;
    /// The graph was the program's before.
    uint64_t isForeign;
};

struct DriverLink {
    uint32_t tag;
    uint32_t isComplete;
    uint8_t *image;
    uint64_t size;
};

static inline uint64_t *context_limit(DriverContext *context, uint32_t limit) { return &context->limits[limit]; }
static inline uint64_t *chunk_word(DriverChunk *chunk, uint32_t word) { return &chunk->taken[word]; }
static inline int32_t *function_attribute(DriverFunction *function, uint32_t attribute) {
    return &function->attributes[attribute];
}
static inline DriverArray **array_level(DriverArray *array, uint32_t level) { return &array->level[level]; }
static inline uint64_t *pool_setting(DriverPool *pool, uint32_t index) { return &pool->settings[index]; }

#endif
