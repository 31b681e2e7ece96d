/// The two files through which a node's agent and the limiter in the programs of a container speak.
///
/// `limits` is written by the agent and mounted read-only: what the container may have of each GPU, and whose turn it
/// is. `books` is mounted writable into that one container: what its processes hold, and what they are doing. A
/// container sees no other one's files, so whoever lies in them lies about itself. Zeros are the first state of the
/// books. All times are nanoseconds of the monotonic clock, all sizes are bytes.
///
/// Both lie in one directory, beside the real library: `LIMITER_PLACE` inside a container.
#ifndef DIVVY_LIMITER_LAYOUT_H
#define DIVVY_LIMITER_LAYOUT_H

#include <stddef.h>
#include <stdint.h>

#define LIMITER_PLACE "/run/divvy/limiter"

#define LIMITER_MAGIC 0x314D494C59565644ULL
enum { LIMITER_LAYOUT = 1, LIMITER_GPUS = 16, LIMITER_PROCESSES = 256 };

/// A process's slot in the books is owned by a lock of its opened file description on one byte of them, from here on.
#define LIMITER_LOCK_OFFSET (1LL << 40)

/// How a container's compute is held.
enum {
    /// It gets its part when others want the GPU, and all of it when they do not.
    LIMITER_SHARE = 0,
    /// It never gets more than its part.
    LIMITER_CAP = 1,
    /// It gets its part when others want the GPU, and never more than `burst`.
    LIMITER_BURST = 2
};

enum {
    /// The flag of a container that somebody holds back: whatever its part is, it has no more than
    /// `LIMITER_THROTTLE` thousandths of the GPU's time.
    LIMITER_THROTTLED = 1,
    LIMITER_THROTTLE = 50
};

enum {
    /// Kernels start whenever they are launched.
    LIMITER_OPEN = 0,
    /// Kernels start in turns, until `deadline`.
    LIMITER_TURNS = 1
};

/// How long the agent may be silent before programs go by the clock alone.
#define LIMITER_PATIENCE 2000000000ULL

/// Whose turn it is, as far as this container is concerned.
typedef struct LimiterGate {
    uint32_t mode;
    /// Raised with every change but a later deadline; sleepers wait on it.
    uint32_t epoch;
    /// When the turn began, and until when kernels may start; one that is over is a closed gate.
    uint64_t opened;
    uint64_t deadline;
    /// Nanoseconds of work that may be in flight.
    uint64_t window;
    /// Of the turns, for those who go by the clock alone.
    uint64_t period;
    /// How many processes of the container had work when the turn was given.
    uint64_t processes;
} LimiterGate;

/// What a container may have of a GPU.
typedef struct LimiterGPU {
    uint8_t uuid[16];
    uint64_t memory;
    /// What is charged for a context; 0: what was measured.
    uint64_t context;
    /// What the agent sees the container hold beyond what its books say.
    uint64_t unaccounted;
    uint32_t milli;
    uint32_t policy;
    /// The most it may have, in thousandths of the GPU, when `policy` is `LIMITER_BURST`.
    uint32_t burst;
    uint32_t flags;
    /// Bytes of the host's memory that may stand in for the GPU's when `memory` is used up.
    uint64_t spill;
    LimiterGate gate;
    /// What a context of a program was seen to take of the GPU's memory; 0 when none was seen yet.
    uint64_t measured;
    /// One more than the thousandths of the GPU's time that the container has had of late; 0 when nobody counts.
    uint64_t had;
} LimiterGPU;

/// The file `limits`.
typedef struct LimiterLimits {
    uint64_t magic;
    uint32_t layout;
    uint32_t gpuCount;
    /// When the agent last was there; 0 when there is no agent for turns.
    uint64_t heartbeat;
    /// How many gates are not open: 0 is all that a launch looks at.
    uint32_t gates;
    /// Raised with each change of any gate; sleepers wait on it.
    uint32_t changes;
    uint64_t reserved[4];
    LimiterGPU gpus[LIMITER_GPUS];
} LimiterLimits;

/// A process of the container.
typedef struct LimiterProcess {
    /// Never the same for two processes; 0 when the slot is free.
    uint64_t serial;
    uint64_t pid;
    uint64_t pidNamespace;
    /// In clock ticks since boot.
    uint64_t startTime;
    uint64_t held[LIMITER_GPUS];
} LimiterProcess;

/// What more is to be known of what a process holds of a GPU.
typedef struct LimiterDetail {
    /// On the host, in the GPU's place.
    uint64_t spilled;
    /// Of what it holds, what other processes may have opened.
    uint64_t exported;
    /// What it has opened of other processes' memory; it is charged there.
    uint64_t imported;
    /// Of what it holds, what is charged for contexts, and how many there are.
    uint64_t contextBytes;
    uint64_t contexts;
    /// Handles of other processes' memory of which nothing was ever mapped, so that nobody knows how much it is.
    uint64_t unmapped;
    uint64_t reserved[2];
} LimiterDetail;

/// What a process does on a GPU.
typedef struct LimiterActivity {
    /// Threads that wait for the turn.
    uint32_t waiting;
    /// Whether there is work in flight, or was a moment ago.
    uint32_t running;
    /// The turn whose work is all done.
    uint32_t drained;
    uint32_t reserved;
    /// When the work in flight ends, by estimate.
    uint64_t endsAt;
    /// When `drained` was written.
    uint64_t drainedAt;
} LimiterActivity;

/// The container's account of a GPU.
typedef struct LimiterBook {
    /// The token of the process that changes the account; 0 when nobody does. Taken from the dead, who leave nothing
    /// behind that the slots do not tell.
    uint64_t lock;
    /// What all processes hold together.
    uint64_t used;
    uint64_t peak;
    /// Allocations that were refused.
    uint64_t refused;
    /// Raised when there is something for the agent to see; it waits on it.
    uint32_t bell;
    uint32_t reserved0;
    /// What lives on the host in the GPU's place.
    uint64_t spilled;
    /// Memory that its owner has given back and that others may have opened; what of it is charged is never more than
    /// what they have opened.
    uint64_t orphaned;
    uint64_t reserved;
} LimiterBook;

/// The file `books`.
typedef struct LimiterBooks {
    /// The newest serial.
    uint64_t serials;
    /// No slot from here on was ever used.
    uint32_t highest;
    uint32_t reserved0;
    uint64_t reserved[6];
    LimiterBook gpus[LIMITER_GPUS];
    LimiterProcess processes[LIMITER_PROCESSES];
    /// By GPU, then by slot.
    LimiterActivity activities[LIMITER_GPUS * LIMITER_PROCESSES];
    /// By GPU, then by slot.
    LimiterDetail details[LIMITER_GPUS * LIMITER_PROCESSES];
} LimiterBooks;

#endif
