/// What Embedded Swift cannot reach by itself: variadic calls, futexes, and where the library was loaded from.
///
/// Only functions that glibc 2.17 has: the library is loaded into containers older than itself.
#ifndef DIVVY_DRIVER_LIBC_H
#define DIVVY_DRIVER_LIBC_H

#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

static inline int driver_open(const char *path, bool writable) {
    return open(path, (writable ? O_RDWR : O_RDONLY) | O_CLOEXEC);
}

/// `MAP_FAILED`, which is a cast that Swift does not import.
static inline void *driver_map_failed(void) { return MAP_FAILED; }

/// Microseconds since 1970.
static inline uint64_t driver_wall_clock(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000000U + (uint64_t)now.tv_nsec / 1000U;
}

/// Sleeps until the lower half of `*value` is no longer that of `seen`, or a wake-up, a signal or the time-out.
static inline void driver_wait(const uint64_t *value, uint64_t seen, uint64_t microseconds) {
    struct timespec timeout = {(time_t)(microseconds / 1000000U), (long)(microseconds % 1000000U) * 1000};
    syscall(SYS_futex, (const uint32_t *)value, FUTEX_WAIT, (uint32_t)seen, &timeout, NULL, 0);
}

static inline void driver_wake_all(uint64_t *value) {
    syscall(SYS_futex, (uint32_t *)value, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

/// Writes the path by which the loader found this library; the result is false where it has none or it is too long.
bool driver_own_path(char *path, size_t length);

#endif
