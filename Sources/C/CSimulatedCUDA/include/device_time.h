/// How contexts share a GPU's time: the simulated CUDA driver's own part of the machine's shared file.
///
/// It lies in `dev/nvidiactl` behind the device model. Zeros are its first state, so the first process that needs it
/// makes the file longer, and nobody has to write anything. There is no process behind it: the time line of a GPU is
/// moved on by whichever context has the turn. Times are nanoseconds of the monotonic clock.
#ifndef DIVVY_DEVICE_TIME_H
#define DIVVY_DEVICE_TIME_H

#include <stdint.h>

enum {
    /// Where this part begins in the file.
    TIME_OFFSET = 1 << 20,
    TIME_LAYOUT = 2,
    TIME_PROCESS_LIMIT = 256,
    TIME_CONTEXT_LIMIT = 128,
    TIME_GPU_LIMIT = 16,
    /// Time lines of a GPU: one of the whole GPU, and one for each of its compute slices in MIG mode.
    TIME_GPU_LINES = 9,
    TIME_CGROUP_LIMIT = 12
};

/// Process slots are owned by a lock on one byte of the file each, from here on: the kernel takes it back when the
/// process dies, whatever it died of, and everybody can ask for it, from any PID namespace.
#define TIME_LOCK_OFFSET (1LL << 40)

/// How long a context may start kernels before the next one's turn.
#define TIME_SLICE 2000000ULL
/// What a change from one context to another costs.
#define TIME_SWITCH 60000ULL
/// How long after its slice a context is trusted to pass the turn on by itself, before others ask whether it lives.
#define TIME_GRACE 1000000ULL
/// How long after its slice a context that lives is waited for: it may be stopped, or short of processor time.
#define TIME_PATIENCE 50000000ULL

/// A process that uses the simulated driver.
typedef struct TimeProcess {
    /// Never the same for two processes; 0 after a process has left in order.
    uint64_t serial;
    /// The process id in its own PID namespace.
    uint64_t pid;
    uint64_t pidNamespace;
    /// When the process started, in clock ticks since boot.
    uint64_t startTime;
    /// The numbers of its cgroup and of those above it.
    uint64_t cgroups[TIME_CGROUP_LIMIT];
} TimeProcess;

/// A context on a GPU.
typedef struct TimeContext {
    /// `time_token` of the process; 0 when the place is free.
    uint64_t owner;
    /// Raised when there is something to look at; sleepers wait on it.
    uint32_t doorbell;
    /// Whether kernels wait for the turn.
    uint32_t wants;
    /// Nanoseconds of kernels so far.
    uint64_t busy;
    /// When the last of them ends.
    uint64_t busyUntil;
    /// Per cent of the time, lately.
    uint64_t load;
    /// The serial of the multi-process server that it belongs to; 0 for none. Such contexts run at the same time.
    uint64_t group;
    /// What it may use of the GPU's multiprocessors, in hundredths of a per cent, when it has a group.
    uint64_t share;
    /// Whether it had kernels to start when it looked last, for the others of its group.
    uint64_t hasWork;
} TimeContext;

typedef struct TimeGPU {
    /// The token of the process that changes what follows; 0 when nobody does. Held for microseconds, and taken from
    /// the dead. Every field stands for itself, so there is nothing to repair.
    uint64_t lock;
    /// The context whose turn it is, counted from 1; 0 when nobody has it.
    uint64_t turn;
    /// Whether the context whose turn it is has nothing more to start.
    uint64_t drained;
    /// When the last kernel ends.
    uint64_t busyUntil;
    /// When the turn's slice began, and when it ends; the beginning is 0 until its first kernel.
    uint64_t sliceStart;
    uint64_t sliceEnd;
    /// The context that ran last, counted from 1.
    uint64_t last;
    /// No context has a higher number.
    uint64_t highest;
    /// Since when the group of the context that ran last has the GPU.
    uint64_t heldSince;
    uint64_t reserved[7];
    TimeContext contexts[TIME_CONTEXT_LIMIT];
} TimeGPU;

typedef struct DeviceTime {
    /// 0 or `TIME_LAYOUT`.
    uint64_t layout;
    /// The newest process serial.
    uint64_t serials;
    uint64_t reserved[6];
    TimeProcess processes[TIME_PROCESS_LIMIT];
    TimeGPU lines[TIME_GPU_LIMIT * TIME_GPU_LINES];
} DeviceTime;

static inline uint64_t time_token(uint64_t serial, uint32_t slot) { return serial << 16 | slot; }
static inline uint32_t time_token_slot(uint64_t token) { return (uint32_t)(token & 0xFFFF); }
static inline uint64_t time_token_serial(uint64_t token) { return token >> 16; }

static inline TimeProcess *time_process(DeviceTime *time, uint32_t slot) { return &time->processes[slot]; }
static inline uint64_t *time_cgroup(TimeProcess *process, uint32_t index) { return &process->cgroups[index]; }
static inline TimeGPU *time_line(DeviceTime *time, uint32_t gpu, uint32_t line) {
    return &time->lines[gpu * TIME_GPU_LINES + line];
}
static inline TimeContext *time_context(TimeGPU *gpu, uint32_t index) { return &gpu->contexts[index]; }

#endif
