/// What Embedded Swift cannot reach by itself: atomics, futexes, clocks, file locks, threads, thread-local state.
///
/// Only functions that glibc 2.17 has: the library is loaded into containers older than itself.
#ifndef DIVVY_CUDA_LIBC_H
#define DIVVY_CUDA_LIBC_H

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "cuda_process.h"

// MARK: Atomics

static inline uint32_t atomic_read_32(const uint32_t *word) { return __atomic_load_n(word, __ATOMIC_ACQUIRE); }
static inline uint64_t atomic_read_64(const uint64_t *word) { return __atomic_load_n(word, __ATOMIC_ACQUIRE); }
static inline void atomic_write_32(uint32_t *word, uint32_t value) { __atomic_store_n(word, value, __ATOMIC_RELEASE); }
static inline void atomic_write_64(uint64_t *word, uint64_t value) { __atomic_store_n(word, value, __ATOMIC_RELEASE); }
static inline uint32_t atomic_add_32(uint32_t *word, uint32_t value) {
    return __atomic_add_fetch(word, value, __ATOMIC_SEQ_CST);
}
static inline uint64_t atomic_add_64(uint64_t *word, uint64_t value) {
    return __atomic_add_fetch(word, value, __ATOMIC_SEQ_CST);
}
static inline uint32_t atomic_swap_32(uint32_t *word, uint32_t value) {
    return __atomic_exchange_n(word, value, __ATOMIC_SEQ_CST);
}
static inline bool atomic_replace_32(uint32_t *word, uint32_t expected, uint32_t value) {
    return __atomic_compare_exchange_n(word, &expected, value, false, __ATOMIC_SEQ_CST, __ATOMIC_ACQUIRE);
}
static inline bool atomic_replace_64(uint64_t *word, uint64_t expected, uint64_t value) {
    return __atomic_compare_exchange_n(word, &expected, value, false, __ATOMIC_SEQ_CST, __ATOMIC_ACQUIRE);
}
static inline void atomic_fence(void) { __atomic_thread_fence(__ATOMIC_SEQ_CST); }

static inline void processor_pause(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#else
    __asm__ volatile("yield");
#endif
}

// MARK: Clock and sleep

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

/// Sleeps until the word is no longer `seen`, or a wake-up, a signal or the time-out. 0 is without a time-out.
static inline void futex_wait(const uint32_t *word, uint32_t seen, uint64_t nanoseconds, bool shared) {
    struct timespec timeout = {(time_t)(nanoseconds / 1000000000U), (long)(nanoseconds % 1000000000U)};
    const struct timespec *limit = nanoseconds == 0 ? NULL : &timeout;
    syscall(SYS_futex, word, shared ? FUTEX_WAIT : FUTEX_WAIT_PRIVATE, seen, limit, NULL, 0);
}

static inline void futex_wake(uint32_t *word, bool shared) {
    syscall(SYS_futex, word, shared ? FUTEX_WAKE : FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
}

// MARK: A lock between the threads of this process: 0 free, 1 held, 2 held and waited for

void process_lock_slowly(uint32_t *lock);

static inline bool process_try_lock(uint32_t *lock) { return atomic_replace_32(lock, 0, 1); }
static inline void process_lock(uint32_t *lock) {
    if (!process_try_lock(lock)) { process_lock_slowly(lock); }
}
static inline void process_unlock(uint32_t *lock) {
    if (atomic_swap_32(lock, 0) == 2) { futex_wake(lock, false); }
}

// MARK: Files and memory

static inline int open_file(const char *path, bool writable) {
    return open(path, (writable ? O_RDWR : O_RDONLY) | O_CLOEXEC);
}

/// Takes the lock on a byte for this opening of the file; false when another opening has it.
bool lock_byte(int file, int64_t offset);
void unlock_byte(int file, int64_t offset);
/// Whether another opening of the file holds the lock on a byte.
bool byte_is_locked(int file, int64_t offset);

/// The file's size in bytes, or -1 when it is not a regular file.
int64_t regular_file_size(int file);
/// Tells files apart: the inode's number.
uint64_t file_number(int file);

/// Memory that costs nothing until it is touched; NULL when there is none. `address` 0 is anywhere.
void *map_private(uint64_t address, size_t size);
/// Addresses without memory.
void *map_nothing(uint64_t address, size_t size);
static inline void copy_memory(uint64_t to, uint64_t from, uint64_t size) {
    memmove((void *)(uintptr_t)to, (const void *)(uintptr_t)from, size);
}
static inline void set_memory(uint64_t address, uint8_t value, uint64_t size) {
    memset((void *)(uintptr_t)address, value, size);
}

/// Maps a file, at exactly that address when it is not 0.
void *map_shared(uint64_t address, size_t size, int file, int64_t offset);
/// A file without a name, for memory that several mappings or processes share; -1 on failure.
int open_memory_file(size_t size);
/// Opens a file that another process has open.
int open_file_of_process(uint32_t pid, int file);
bool allow_access(uint64_t address, size_t size, bool readable, bool writable);
/// Puts a file without a name behind memory of this process, which keeps what it holds; -1 on failure.
int share_memory(uint64_t address, size_t size);
/// Makes private memory all zeros again, and gives its pages back.
void forget_memory(uint64_t address, size_t size);

// MARK: Threads

/// Starts a detached thread that handles no signals; false when there can be none.
bool start_thread(void *(*body)(void *), void *argument);
/// Wakes sleepers of this thread to the microsecond; the usual slack is fifty.
void sleep_exactly(void);
/// Sleeps until that time, to a few microseconds, and lets the processor go meanwhile where that is exact enough.
void sleep_until(uint64_t time);

/// The state of the calling thread.
extern __thread DriverThread driver_thread_state __attribute__((tls_model("initial-exec"), visibility("hidden")));
static inline DriverThread *driver_thread(void) { return &driver_thread_state; }

/// The state of the process.
extern DriverProcess driver_process_state __attribute__((visibility("hidden")));
static inline DriverProcess *driver_process(void) { return &driver_process_state; }

/// Registers the handler that marks a forked child, in which the driver does not work.
void watch_forks(void);
/// Set by the Swift side: what to do when the process ends in order.
void at_process_end(void (*handler)(void));

// MARK: Calls through pointers that came as plain addresses

static inline void call_host_function(uint64_t function, uint64_t data) {
    ((CUhostFn)(uintptr_t)function)((void *)(uintptr_t)data);
}
typedef void (*stream_callback)(CUstream stream, CUresult status, void *data);
static inline void call_stream_callback(uint64_t function, CUstream stream, uint64_t data) {
    ((stream_callback)(uintptr_t)function)(stream, CUDA_SUCCESS, (void *)(uintptr_t)data);
}

static inline int last_error(void) { return errno; }

/// The name and the text of a result; NULL when there is no such result.
const char *error_name(CUresult error);
const char *error_text(CUresult error);

#endif
