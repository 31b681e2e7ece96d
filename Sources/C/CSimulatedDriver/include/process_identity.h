/// Which process a pid means, from `/proc`: the library and the control side must agree on it.
#ifndef DIVVY_PROCESS_IDENTITY_H
#define DIVVY_PROCESS_IDENTITY_H

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

/// Writes `/proc/<pid>/<leaf>` into the buffer, which holds at least 48 bytes; the leaf is at most 16 long.
static inline void process_path(char *path, uint32_t pid, const char *leaf) {
    char digits[10];
    size_t count = 0;
    do {
        digits[count++] = (char)('0' + pid % 10);
        pid /= 10;
    } while (pid != 0);
    memcpy(path, "/proc/", 6);
    path += 6;
    while (count != 0) { *path++ = digits[--count]; }
    *path++ = '/';
    memcpy(path, leaf, strlen(leaf) + 1);
}

/// Reads at most `length` bytes from the beginning of a file. The result is how many, or -1.
static inline long process_read(const char *path, char *buffer, size_t length) {
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) { return -1; }
    long count = read(file, buffer, length);
    close(file);
    return count;
}

/// When the process started, in clock ticks since boot; 0 when there is no such process or it is dead.
///
/// A zombie is dead: a real driver has taken its memory back by then.
static inline uint64_t process_start_time(uint32_t pid) {
    char path[48];
    char stat[1024];
    process_path(path, pid, "stat");
    long count = process_read(path, stat, sizeof stat - 1);
    if (count <= 0) { return 0; }
    stat[count] = 0;
    // The name, in parentheses, may itself hold anything: the fields begin after the last of them.
    const char *field = strrchr(stat, ')');
    if (field == NULL || field[1] != ' ' || field[2] == 'Z' || field[2] == 'X') { return 0; }
    field += 2;
    for (int number = 3; number < 22; number++) {
        field = strchr(field, ' ');
        if (field == NULL) { return 0; }
        field++;
    }
    uint64_t ticks = 0;
    while (*field >= '0' && *field <= '9') { ticks = ticks * 10 + (uint64_t)(*field++ - '0'); }
    return ticks;
}

/// Writes the first word of the process's command line, cut to fit; the result is false when it has none.
static inline bool process_name(uint32_t pid, char *name, size_t length) {
    char path[48];
    process_path(path, pid, "cmdline");
    long count = process_read(path, name, length - 1);
    if (count <= 0) { return false; }
    name[count] = 0;
    return true;
}

/// The number of the PID namespace that the caller lives in; 0 when `/proc` is not there.
static inline uint64_t process_pid_namespace(void) {
    char target[64];
    long count = readlink("/proc/self/ns/pid", target, sizeof target);
    uint64_t number = 0;
    for (long index = 0; index < count; index++) {
        if (target[index] >= '0' && target[index] <= '9') { number = number * 10 + (uint64_t)(target[index] - '0'); }
    }
    return number;
}

#endif
