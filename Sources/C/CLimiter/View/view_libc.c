// Whatever became newer than glibc 2.17 is called by its old version or as a system call.

#define _GNU_SOURCE
#include "limiter_view.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "limiter_install.h"

#if defined(__x86_64__)
#define FIRST_VERSION "GLIBC_2.2.5"
#else
#define FIRST_VERSION "GLIBC_2.17"
#endif
__asm__(".symver first_dlopen, dlopen@" FIRST_VERSION);
__asm__(".symver first_dlsym, dlsym@" FIRST_VERSION);
void *first_dlopen(const char *path, int mode);
void *first_dlsym(void *library, const char *name);

/// `limiter_install` writes the path of the real library here.
static const volatile char mark[LIMITER_MARK_LENGTH + 1] =
    LIMITER_MARK "-------------------------------------------------------------------------------------------"
                 "-------------------------------------------------------------------------------------------"
                 "---------------------------------------";
_Static_assert(sizeof LIMITER_MARK - 1 + 91 + 91 + 39 == LIMITER_MARK_LENGTH, "the mark has its full length");

static char place[LIMITER_MARK_LENGTH + 32];
static const LimiterLimits *limits;
static const LimiterBooks *books;
static int booksFile = -1;

static int32_t (*memory)(nvmlDevice_t, nvmlMemory_t *);
static int32_t (*memory2)(nvmlDevice_t, nvmlMemory_v2_t *);
static int32_t (*uuid)(nvmlDevice_t, char *, unsigned);
static int32_t (*utilization)(nvmlDevice_t, nvmlUtilization_t *);
static int32_t (*samples)(nvmlDevice_t, void *, uint32_t *, uint64_t);
static int32_t (*lists[VIEW_LISTS])(nvmlDevice_t, uint32_t *, void *);

static const char *const listNames[VIEW_LISTS] = {
    "nvmlDeviceGetComputeRunningProcesses",       "nvmlDeviceGetComputeRunningProcesses_v2",
    "nvmlDeviceGetComputeRunningProcesses_v3",    "nvmlDeviceGetGraphicsRunningProcesses",
    "nvmlDeviceGetGraphicsRunningProcesses_v2",   "nvmlDeviceGetGraphicsRunningProcesses_v3",
    "nvmlDeviceGetMPSComputeRunningProcesses",    "nvmlDeviceGetMPSComputeRunningProcesses_v2",
    "nvmlDeviceGetMPSComputeRunningProcesses_v3",
};

__attribute__((constructor)) static void find_real(void) {
    for (int index = 0; index < LIMITER_MARK_LENGTH && mark[index] != 0; index++) { place[index] = mark[index]; }
    void *library = place[0] == '/' ? first_dlopen(place, RTLD_LAZY | RTLD_LOCAL) : NULL;
    if (library == NULL) { return; }
    memory = (int32_t(*)(nvmlDevice_t, nvmlMemory_t *))first_dlsym(library, "nvmlDeviceGetMemoryInfo");
    memory2 = (int32_t(*)(nvmlDevice_t, nvmlMemory_v2_t *))first_dlsym(library, "nvmlDeviceGetMemoryInfo_v2");
    uuid = (int32_t(*)(nvmlDevice_t, char *, unsigned))first_dlsym(library, "nvmlDeviceGetUUID");
    utilization =
        (int32_t(*)(nvmlDevice_t, nvmlUtilization_t *))first_dlsym(library, "nvmlDeviceGetUtilizationRates");
    samples = (int32_t(*)(nvmlDevice_t, void *, uint32_t *, uint64_t))first_dlsym(
        library, "nvmlDeviceGetProcessUtilization");
    for (int index = 0; index < VIEW_LISTS; index++) {
        lists[index] = (int32_t(*)(nvmlDevice_t, uint32_t *, void *))first_dlsym(library, listNames[index]);
    }
}

int32_t real_memory(nvmlDevice_t device, nvmlMemory_t *result) {
    return memory == NULL ? NVML_ERROR_NOT_SUPPORTED : memory(device, result);
}
int32_t real_memory_v2(nvmlDevice_t device, nvmlMemory_v2_t *result) {
    return memory2 == NULL ? NVML_ERROR_NOT_SUPPORTED : memory2(device, result);
}
int32_t real_utilization(nvmlDevice_t device, nvmlUtilization_t *result) {
    return utilization == NULL ? NVML_ERROR_NOT_SUPPORTED : utilization(device, result);
}
int32_t real_samples(nvmlDevice_t device, void *result, uint32_t *count, uint64_t since) {
    return samples == NULL ? NVML_ERROR_NOT_SUPPORTED : samples(device, result, count, since);
}
int32_t real_list(uint32_t list, nvmlDevice_t device, uint32_t *count, void *processes) {
    return lists[list] == NULL ? NVML_ERROR_NOT_SUPPORTED : lists[list](device, count, processes);
}
int32_t real_uuid(nvmlDevice_t device, char *text) {
    return uuid == NULL ? NVML_ERROR_NOT_SUPPORTED : uuid(device, text, VIEW_UUID_LENGTH);
}

static const void *map(const char *name, size_t size, int *file) {
    char path[sizeof place + 16];
    strcpy(path, place);
    char *end = strrchr(path, '/');
    if (end == NULL) { return NULL; }
    strcpy(end + 1, name);
    *file = open(path, O_RDONLY | O_CLOEXEC);
    if (*file < 0) { return NULL; }
    struct stat status;
    void *found = MAP_FAILED;
    if (syscall(SYS_fstat, *file, &status) == 0 && (uint64_t)status.st_size >= size) {
        found = mmap(NULL, size, PROT_READ, MAP_SHARED, *file, 0);
    }
    return found == MAP_FAILED ? NULL : found;
}

const LimiterLimits *view_limits(void) {
    const LimiterLimits *known = __atomic_load_n(&limits, __ATOMIC_ACQUIRE);
    if (known != NULL) { return known; }
    int file = -1;
    const LimiterLimits *found = map("limits", sizeof *found, &file);
    if (file >= 0) { close(file); }
    if (found == NULL || found->magic != LIMITER_MAGIC || found->layout != LIMITER_LAYOUT) { return NULL; }
    __atomic_store_n(&limits, found, __ATOMIC_RELEASE);
    return found;
}

const LimiterBooks *view_books(void) {
    const LimiterBooks *known = __atomic_load_n(&books, __ATOMIC_ACQUIRE);
    if (known != NULL) { return known; }
    int file = -1;
    const LimiterBooks *found = map("books", sizeof *found, &file);
    if (found == NULL) { return NULL; }
    booksFile = file;
    __atomic_store_n(&books, found, __ATOMIC_RELEASE);
    return found;
}

bool view_is_alive(uint32_t slot) {
    const int getDescriptionLock = 36;
    struct flock lock = {
        .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = LIMITER_LOCK_OFFSET + slot, .l_len = 1};
    return syscall(SYS_fcntl, booksFile, getDescriptionLock, &lock) != 0 || lock.l_type != F_UNLCK;
}

bool view_has_keeper(const LimiterLimits *known) {
    struct timespec now;
    if (syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now) != 0) { return false; }
    uint64_t time = (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
    return __atomic_load_n(&known->heartbeat, __ATOMIC_ACQUIRE) + LIMITER_PATIENCE > time;
}

uint64_t view_pid_namespace(void) {
    int file = open("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC);
    if (file < 0) { return 0; }
    struct stat status;
    uint64_t number = syscall(SYS_fstat, file, &status) == 0 ? status.st_ino : 0;
    close(file);
    return number;
}
