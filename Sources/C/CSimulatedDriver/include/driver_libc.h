/// What Embedded Swift cannot reach by itself: variadic calls, futexes, and where the library was loaded from.
///
/// Only functions that glibc 2.17 has: the library is loaded into containers older than itself.
#ifndef DIVVY_DRIVER_LIBC_H
#define DIVVY_DRIVER_LIBC_H

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#ifndef AT_EMPTY_PATH
#define AT_EMPTY_PATH 0x1000
#endif

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

/// Whether the caller may do what only an administrator may: root, and who made the simulated machine.
static inline bool driver_may_administer(int file) {
    struct stat found;
    uid_t caller = geteuid();
    // The function of the library has had a symbol version after 2.17 for some years.
    return caller == 0 || (syscall(SYS_newfstatat, file, "", &found, AT_EMPTY_PATH) == 0 && found.st_uid == caller);
}

/// Whether there is a process of that number, dead and not yet buried or not.
static inline bool driver_process_exists(uint32_t pid) {
    return syscall(SYS_kill, (pid_t)pid, 0) == 0 || errno != ESRCH;
}

static inline void driver_sleep(uint64_t microseconds) {
    struct timespec time = {(time_t)(microseconds / 1000000U), (long)(microseconds % 1000000U) * 1000};
    nanosleep(&time, NULL);
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
