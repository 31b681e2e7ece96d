#include "foreign_process.h"

#include <dirent.h>
#include <stddef.h>
#include <sys/syscall.h>

// Constants and structures only: the CUDA driver's library is not linked here.
#include "../CSimulatedCUDA/include/device_time.h"
#include "device_model_access.h"
#include "driver_libc.h"
#include "process_identity.h"

/// `F_OFD_GETLK`, which older headers do not have.
enum { GET_DESCRIPTION_LOCK = 36 };

bool foreign_process_lives(int file, uint32_t foreign) {
    off_t place = TIME_LOCK_OFFSET + (off_t)(foreign & 0x7FFFFFFFU);
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = place, .l_len = 1};
    // Who cannot ask must not declare anybody dead. The function of the library has had a version after 2.17.
    return syscall(SYS_fcntl, file, GET_DESCRIPTION_LOCK, &lock) != 0 || lock.l_type != F_UNLCK;
}

bool listed_process_lives(int file, const ModelProcess *process) {
    uint32_t pid = (uint32_t)process->owner;
    return pid_is_foreign(pid) ? foreign_process_lives(file, pid) : process_start_time(pid) == process->startTime;
}

/// The last number of the line of `/proc/<pid>/status` that has the pid in each namespace, the innermost last.
static uint32_t innermost_pid(uint32_t pid) {
    char path[48], text[4096];
    process_path(path, pid, "status");
    long length = process_read(path, text, sizeof text - 1);
    if (length <= 0) { return 0; }
    text[length] = 0;
    const char *line = strstr(text, "\nNSpid:");
    if (line == NULL) { return 0; }
    uint32_t number = 0;
    for (line += 7; *line != 0 && *line != '\n'; line++) {
        if (*line == '\t' || *line == ' ') { number = 0; }
        if (*line >= '0' && *line <= '9') { number = number * 10 + (uint32_t)(*line - '0'); }
    }
    return number;
}

/// The PID namespace of a process; 0 where the caller may not know.
static uint64_t pid_namespace(uint32_t pid) {
    char path[48], target[64];
    process_path(path, pid, "ns/pid");
    long count = readlink(path, target, sizeof target);
    uint64_t number = 0;
    for (long index = 0; index < count; index++) {
        if (target[index] >= '0' && target[index] <= '9') { number = number * 10 + (uint64_t)(target[index] - '0'); }
    }
    return number;
}

static bool is_process(uint32_t pid, const TimeProcess *wanted) {
    if (process_start_time(pid) != wanted->startTime || innermost_pid(pid) != wanted->pid) { return false; }
    uint64_t found = pid_namespace(pid);
    return found == 0 || found == wanted->pidNamespace;
}

static uint32_t find_process(const TimeProcess *wanted) {
    DIR *directory = opendir("/proc");
    if (directory == NULL) { return 0; }
    uint32_t found = 0;
    for (struct dirent *entry = readdir(directory); entry != NULL && found == 0; entry = readdir(directory)) {
        uint32_t pid = 0;
        const char *digit = entry->d_name;
        while (*digit >= '0' && *digit <= '9') { pid = pid * 10 + (uint32_t)(*digit++ - '0'); }
        if (*digit == 0 && pid != 0 && is_process(pid, wanted)) { found = pid; }
    }
    closedir(directory);
    return found;
}

uint32_t foreign_process_pid(int file, uint32_t foreign) {
    // For each slot, the serial of the process that was looked for and what was found. Threads may write the same.
    static struct {
        uint64_t serial;
        uint64_t pid;
    } known[TIME_PROCESS_LIMIT];

    uint32_t slot = foreign & 0x7FFFFFFFU;
    if (slot >= TIME_PROCESS_LIMIT) { return 0; }
    TimeProcess process;
    off_t place = TIME_OFFSET + offsetof(DeviceTime, processes) + slot * sizeof process;
    if (pread(file, &process, sizeof process, place) != sizeof process || process.serial == 0) { return 0; }
    if (model_load_64(&known[slot].serial) == process.serial) {
        uint32_t pid = (uint32_t)model_load_64(&known[slot].pid);
        if (model_load_64(&known[slot].serial) == process.serial) { return pid; }
    }
    uint32_t pid = find_process(&process);
    model_store_64(&known[slot].serial, 0);
    model_store_64(&known[slot].pid, pid);
    model_store_64(&known[slot].serial, process.serial);
    return pid;
}
