/// What was ordered to go wrong: calls that fail or hang, and memory limits of cgroups.
#ifndef DIVVY_DEVICE_MODEL_FAULTS_H
#define DIVVY_DEVICE_MODEL_FAULTS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "device_model_access.h"
#include "process_identity.h"

// MARK: Faults

/// The hash of a call's name without its version: of `nvmlDeviceGetCount_v2`, and of `nvmlDeviceGetCount2(_:)`, it is
/// that of `nvmlDeviceGetCount`.
static inline uint64_t model_call_hash(const char *name, size_t length) {
    size_t end = 0;
    while (end < length && name[end] != 0 && name[end] != '(') { end++; }
    size_t version = end;
    while (version > 0 && name[version - 1] >= '0' && name[version - 1] <= '9') { version--; }
    if (version < end) { end = version; }
    if (end > 2 && name[end - 1] == 'v' && name[end - 2] == '_') { end -= 2; }
    uint64_t hash = 0xCBF29CE484222325ULL;
    for (size_t index = 0; index < end; index++) {
        hash = (hash ^ (uint64_t)(unsigned char)name[index]) * 0x100000001B3ULL;
    }
    return hash;
}

static inline bool model_has_faults(DeviceModel *model) { return model_load_32(&model->faultCount) != 0; }
static inline ModelFault *model_fault(DeviceModel *model, uint32_t slot) { return &model->faults[slot]; }

/// Takes one from a counter unless it is zero; the result is whether there was one.
static inline bool model_count_down(uint64_t *counter) {
    uint64_t left = model_load_64(counter);
    while (left != 0) {
        if (left == UINT64_MAX) { return true; }
        if (__atomic_compare_exchange_n(counter, &left, left - 1, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
            return true;
        }
    }
    return false;
}

/// What a call has to do now: a `ModelFaultKind`, and the result to fail with. A library where the model cannot be
/// written does not count, and fails at once.
static inline uint32_t model_meet_fault(DeviceModel *model, uint64_t call, bool writable, uint32_t *result) {
    for (uint32_t slot = 0; slot < MODEL_FAULT_LIMIT; slot++) {
        ModelFault *fault = &model->faults[slot];
        uint32_t kind = model_load_32(&fault->kind);
        if (kind == MODEL_FAULT_NONE || model_load_64(&fault->call) != call) { continue; }
        if (writable) {
            if (model_count_down(&fault->after)) { continue; }
            if (!model_count_down(&fault->times)) { continue; }
        }
        *result = model_load_32(&fault->result);
        return kind;
    }
    return MODEL_FAULT_NONE;
}

/// Whether a call that hangs has to go on hanging.
static inline bool model_still_hangs(DeviceModel *model, uint64_t call) {
    for (uint32_t slot = 0; slot < MODEL_FAULT_LIMIT; slot++) {
        ModelFault *fault = &model->faults[slot];
        if (model_load_32(&fault->kind) == MODEL_FAULT_HANG && model_load_64(&fault->call) == call) { return true; }
    }
    return false;
}

// MARK: Memory limits of cgroups

static inline uint64_t model_limit_key(uint32_t gpu, uint64_t cgroup) {
    return ((uint64_t)(gpu + 1) << 48) | (cgroup & 0xFFFFFFFFFFFFULL);
}

/// The number of the cgroup whose directory that is; 0 when there is none. It is the same in every namespace.
static inline uint64_t cgroup_at(const char *path) {
    struct stat found;
    // The function of the library has had a symbol version after 2.17 for some years.
    if (syscall(SYS_newfstatat, AT_FDCWD, path, &found, 0) != 0 || !S_ISDIR(found.st_mode)) { return 0; }
    return (uint64_t)found.st_ino;
}

/// The same, where limits can stand: in the tree of cgroups that memory is counted in.
static inline uint64_t cgroup_counted_at(const char *path) {
    struct stat found, root;
    if (syscall(SYS_newfstatat, AT_FDCWD, path, &found, 0) != 0) { return 0; }
    // Where version 1 has a memory controller, that is the one; see `cgroups_of_process`.
    if (syscall(SYS_newfstatat, AT_FDCWD, "/sys/fs/cgroup/memory/cgroup.procs", &root, 0) != 0
        && syscall(SYS_newfstatat, AT_FDCWD, "/sys/fs/cgroup", &root, 0) != 0) {
        return 0;
    }
    return found.st_dev == root.st_dev ? cgroup_at(path) : 0;
}

/// The numbers of the cgroup of a process and of those above it, as far as this process can see them; how many. A pid
/// of 0 is the caller's.
static inline uint32_t cgroups_of_process(uint32_t pid, uint64_t *numbers, uint32_t limit) {
    char file[48], text[4096], path[4160];
    if (pid == 0) {
        memcpy(file, "/proc/self/cgroup", sizeof "/proc/self/cgroup");
    } else {
        process_path(file, pid, "cgroup");
    }
    long length = process_read(file, text, sizeof text - 1);
    if (length <= 0) { return 0; }
    text[length] = 0;
    // `0::/path` is the one hierarchy of version 2; else the memory controller's of version 1 counts.
    const char *mount = "/sys/fs/cgroup";
    char *line = text, *found = NULL;
    while (line != NULL && *line != 0) {
        char *end = strchr(line, '\n');
        if (end != NULL) { *end = 0; }
        if (strncmp(line, "0::/", 4) == 0 && found == NULL) { found = line + 3; }
        char *memory = strstr(line, ":memory:");
        if (memory != NULL) { found = memory + 8, mount = "/sys/fs/cgroup/memory"; }
        line = end == NULL ? NULL : end + 1;
    }
    if (found == NULL || strlen(mount) + strlen(found) >= sizeof path) { return 0; }
    size_t root = strlen(mount);
    memcpy(path, mount, root);
    memcpy(path + root, found, strlen(found) + 1);
    uint32_t count = 0;
    for (size_t end = strlen(path); end >= root && count < limit;) {
        path[end] = 0;
        uint64_t number = cgroup_at(path);
        if (number != 0) { numbers[count++] = number; }
        if (end == root) { break; }
        end--;
        while (end > root && path[end] != '/') { end--; }
    }
    return count;
}

/// The limits of a cgroup on a GPU; false when it has none.
static inline bool model_read_limit(DeviceModel *model, uint32_t gpu, uint64_t cgroup, ModelMemoryLimit *copy) {
    uint64_t key = model_limit_key(gpu, cgroup);
    for (uint32_t slot = 0; slot < MODEL_MEMORY_LIMITS; slot++) {
        ModelMemoryLimit *limit = &model->limits[slot];
        if (model_load_64(&limit->key) != key) { continue; }
        copy->key = key;
        copy->soft = model_load_64(&limit->soft);
        copy->hard = model_load_64(&limit->hard);
        return model_load_64(&limit->key) == key;
    }
    return false;
}

/// Sets the limits of a cgroup on a GPU, or takes them away where nothing is reserved and `hard` is UINT64_MAX; false
/// when there is no room.
static inline bool model_write_limit(DeviceModel *model, uint32_t gpu, uint64_t cgroup, uint64_t soft, uint64_t hard) {
    uint64_t key = model_limit_key(gpu, cgroup);
    bool remove = (soft == 0 || soft == UINT64_MAX) && hard == UINT64_MAX;
    for (uint32_t slot = 0; slot < MODEL_MEMORY_LIMITS; slot++) {
        ModelMemoryLimit *limit = &model->limits[slot];
        if (model_load_64(&limit->key) != key) { continue; }
        model_store_64(&limit->soft, soft);
        model_store_64(&limit->hard, hard);
        if (remove) { model_exchange_64(&limit->key, key, 0); }
        return true;
    }
    if (remove) { return true; }
    for (uint32_t slot = 0; slot < MODEL_MEMORY_LIMITS; slot++) {
        ModelMemoryLimit *limit = &model->limits[slot];
        if (!model_exchange_64(&limit->key, 0, 1)) { continue; }
        model_store_64(&limit->soft, soft);
        model_store_64(&limit->hard, hard);
        model_store_64(&limit->key, key);
        return true;
    }
    return false;
}

/// Bytes that the processes of a cgroup, and of those below it, hold on a GPU.
static inline uint64_t model_cgroup_memory(DeviceModel *model, uint32_t gpu, uint64_t cgroup) {
    uint64_t bytes = 0;
    for (uint32_t slot = 0; slot < MODEL_PROCESS_LIMIT; slot++) {
        ModelProcess process;
        if (!model_read_process(&model->processes[slot], &process)) { continue; }
        if (!model_owner_is_on(process.owner, gpu)) { continue; }
        uint64_t numbers[32];
        uint32_t count = cgroups_of_process(model_owner_pid(process.owner), numbers, 32);
        for (uint32_t index = 0; index < count; index++) {
            if (numbers[index] == cgroup) { bytes += process.memory; }
        }
    }
    return bytes;
}

#endif
