/// What Embedded Swift cannot reach by itself: atomics, futexes, clocks, file locks, threads, the real driver.
///
/// Only functions that glibc 2.17 has: the library is loaded into containers older than itself.
#ifndef DIVVY_LIMITER_LIBC_H
#define DIVVY_LIMITER_LIBC_H

#include <limits.h>
#include <linux/futex.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "limiter_real.h"
#include "limiter_state.h"

// MARK: Atomics

static inline uint32_t load32(const uint32_t *word) { return __atomic_load_n(word, __ATOMIC_ACQUIRE); }
static inline uint64_t load64(const uint64_t *word) { return __atomic_load_n(word, __ATOMIC_ACQUIRE); }
static inline void store32(uint32_t *word, uint32_t value) { __atomic_store_n(word, value, __ATOMIC_RELEASE); }
static inline void store64(uint64_t *word, uint64_t value) { __atomic_store_n(word, value, __ATOMIC_RELEASE); }
static inline uint32_t add32(uint32_t *word, uint32_t value) {
    return __atomic_add_fetch(word, value, __ATOMIC_SEQ_CST);
}
static inline uint64_t add64(uint64_t *word, uint64_t value) {
    return __atomic_add_fetch(word, value, __ATOMIC_SEQ_CST);
}
static inline uint32_t swap32(uint32_t *word, uint32_t value) {
    return __atomic_exchange_n(word, value, __ATOMIC_SEQ_CST);
}
static inline bool replace32(uint32_t *word, uint32_t expected, uint32_t value) {
    return __atomic_compare_exchange_n(word, &expected, value, false, __ATOMIC_SEQ_CST, __ATOMIC_ACQUIRE);
}
static inline bool replace64(uint64_t *word, uint64_t expected, uint64_t value) {
    return __atomic_compare_exchange_n(word, &expected, value, false, __ATOMIC_SEQ_CST, __ATOMIC_ACQUIRE);
}
static inline void pause_processor(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#else
    __asm__ volatile("yield");
#endif
}

// MARK: Clock, sleep, locks

/// Nanoseconds of the monotonic clock.
static inline uint64_t clock_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
}

static inline void sleep_for(uint64_t nanoseconds) {
    struct timespec length = {(time_t)(nanoseconds / 1000000000U), (long)(nanoseconds % 1000000000U)};
    nanosleep(&length, NULL);
}

/// Sleeps until the word is no longer `seen`, or a wake-up, a signal or the time-out.
static inline void wait_for_change(const uint32_t *word, uint32_t seen, uint64_t nanoseconds, bool shared) {
    struct timespec timeout = {(time_t)(nanoseconds / 1000000000U), (long)(nanoseconds % 1000000000U)};
    syscall(SYS_futex, word, shared ? FUTEX_WAIT : FUTEX_WAIT_PRIVATE, seen, &timeout, NULL, 0);
}

static inline void wake_waiters(uint32_t *word, bool shared) {
    syscall(SYS_futex, word, shared ? FUTEX_WAKE : FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
}

void lock_slowly(uint32_t *lock);
/// A lock between the threads of this process: 0 free, 1 held, 2 held and waited for.
static inline void take_lock(uint32_t *lock) {
    if (!replace32(lock, 0, 1)) { lock_slowly(lock); }
}
static inline void give_lock(uint32_t *lock) {
    if (swap32(lock, 0) == 2) { wake_waiters(lock, false); }
}

// MARK: Files and memory

/// The directory in which the limits and the books are; NULL when the library was not installed.
const char *limiter_place(void);
/// Maps the whole of a file in that directory; NULL when it is not there or too short. `file`, if any, gets it opened.
void *map_file(const char *name, size_t size, bool writable, int32_t *file);
/// Memory that costs nothing until it is touched; NULL when there is none.
void *map_memory(size_t size);

bool lock_byte(int file, int64_t offset);
bool byte_is_locked(int file, int64_t offset);

/// When a process started, in clock ticks since boot; 0 when there is none of that pid in this PID namespace.
uint64_t start_time_of(uint64_t pid);
/// The number of this process's PID namespace.
uint64_t pid_namespace(void);

// MARK: Threads and processes

/// Starts a detached thread that handles no signals; false when there can be none.
bool start_thread(void *(*body)(void *), void *argument);
/// Wakes sleepers of this thread to the microsecond; the usual slack is fifty.
void sleep_exactly(void);

/// Not of the kind that is reserved when a program starts: programs that were linked statically have none to spare.
extern __thread LimiterThread limiter_thread_state __attribute__((tls_model("global-dynamic"), visibility("hidden")));
static inline LimiterThread *limiter_thread(void) { return &limiter_thread_state; }
extern LimiterState limiter_state __attribute__((visibility("hidden")));
static inline LimiterState *limiter(void) { return &limiter_state; }

// MARK: The real driver

/// Its functions, by `REAL_...`; what it does not have answers that it is not supported.
extern const void *limiter_real[REAL_COUNT] __attribute__((visibility("hidden")));
extern const char *const limiter_real_names[REAL_COUNT] __attribute__((visibility("hidden")));
/// How many gates are not open.
extern const uint32_t *limiter_gates __attribute__((visibility("hidden")));
void look_at_gates(const uint32_t *word);
bool real_is_there(uint32_t index);

typedef struct LimiterEntry {
    /// The name that programs ask for, the function of ours, and the driver's.
    const char *name;
    const void *address;
    uint32_t real;
    /// The CUDA version since which the name means this, and whether the default stream is that of the thread.
    uint32_t version;
    uint32_t isPerThread;
} LimiterEntry;
extern const LimiterEntry limiter_entries[] __attribute__((visibility("hidden")));
extern const uint32_t limiter_entry_count __attribute__((visibility("hidden")));
static inline const LimiterEntry *limiter_entry(uint32_t index) { return &limiter_entries[index]; }
static inline const void *real_address(uint32_t index) { return limiter_real[index]; }

#define REAL_CALL(declared, passed) \
    { return ((int32_t(*) declared)limiter_real[index])passed; }
typedef uint64_t Word;
static inline int32_t real0(uint32_t index) REAL_CALL((void), ())
static inline int32_t real1(uint32_t index, Word a) REAL_CALL((Word), (a))
static inline int32_t real2(uint32_t index, Word a, Word b) REAL_CALL((Word, Word), (a, b))
static inline int32_t real3(uint32_t index, Word a, Word b, Word c) REAL_CALL((Word, Word, Word), (a, b, c))
static inline int32_t real4(uint32_t index, Word a, Word b, Word c, Word d)
    REAL_CALL((Word, Word, Word, Word), (a, b, c, d))
static inline int32_t real5(uint32_t index, Word a, Word b, Word c, Word d, Word e)
    REAL_CALL((Word, Word, Word, Word, Word), (a, b, c, d, e))
static inline int32_t real6(uint32_t index, Word a, Word b, Word c, Word d, Word e, Word f)
    REAL_CALL((Word, Word, Word, Word, Word, Word), (a, b, c, d, e, f))
static inline int32_t real7(uint32_t index, Word a, Word b, Word c, Word d, Word e, Word f, Word g)
    REAL_CALL((Word, Word, Word, Word, Word, Word, Word), (a, b, c, d, e, f, g))
// Those that write a result, as the first parameter, the second or the third.
static inline int32_t ask1(uint32_t index, void *a) REAL_CALL((void *), (a))
static inline int32_t ask2(uint32_t index, void *a, Word b) REAL_CALL((void *, Word), (a, b))
static inline int32_t ask3(uint32_t index, void *a, Word b, Word c) REAL_CALL((void *, Word, Word), (a, b, c))
static inline int32_t tell2(uint32_t index, Word a, void *b) REAL_CALL((Word, void *), (a, b))
static inline int32_t tell3(uint32_t index, Word a, void *b, void *c) REAL_CALL((Word, void *, void *), (a, b, c))
static inline int32_t asked3(uint32_t index, void *a, void *b, Word c) REAL_CALL((void *, void *, Word), (a, b, c))
static inline int32_t attribute3(uint32_t index, Word a, Word b, void *c) REAL_CALL((Word, Word, void *), (a, b, c))
static inline int32_t capture6(uint32_t index, Word a, void *b, void *c, void *d, void *e, void *f)
    REAL_CALL((Word, void *, void *, void *, void *, void *), (a, b, c, d, e, f))
#undef REAL_CALL

static inline bool has_uuid(const LimiterGPU *limit, const void *uuid) {
    return memcmp(limit->uuid, uuid, sizeof limit->uuid) == 0;
}

#endif
