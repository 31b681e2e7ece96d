// What a container of the limiter's tests runs. It needs nothing but libc, and loads the CUDA driver by its usual name.
//
//     info                          prints free and all bytes of the first GPU, and the device's size
//     tools MIB                     allocates that much; prints free, used and all bytes, as NVML tells them
//     fill MIB                      allocates pieces of that size until it is refused; prints MiB and the last status
//     hold MIB                      allocates that much, says so, and waits to be ended
//     managed MIB                   the same with managed memory, fetched to the GPU
//     share MICROSECONDS START LENGTH
//                                   keeps the GPU busy with kernels of that length from START on, nanoseconds of the
//                                   monotonic clock; prints nanoseconds of kernels done within LENGTH
#include <dlfcn.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static void *driver;

static void check(int status, const char *call) {
    if (status == 0) return;
    printf("%s: %d\n", call, status);
    exit(1);
}

static void *function(const char *name) {
    void *found = dlsym(driver, name);
    if (found == NULL) {
        printf("%s is missing\n", name);
        exit(1);
    }
    return found;
}

static uint64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static int (*allocate)(uint64_t *, size_t);

static void share(uint64_t length, uint64_t start, uint64_t span) {
    void *module, *kernel, *stream, *events[4];
    char name[40];
    snprintf(name, sizeof name, "sim_%lluus", (unsigned long long)length);
    check(((int (*)(void **, const char *))function("cuModuleLoadData"))(&module, "simulated"), "cuModuleLoadData");
    check(
        ((int (*)(void **, void *, const char *))function("cuModuleGetFunction"))(&kernel, module, name),
        "cuModuleGetFunction");
    check(((int (*)(void **, unsigned))function("cuStreamCreate"))(&stream, 1), "cuStreamCreate");
    for (int i = 0; i < 4; i++) {
        check(((int (*)(void **, unsigned))function("cuEventCreate"))(&events[i], 0), "cuEventCreate");
    }
    int (*launch)(void *, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, void *, void *, void *) =
        function("cuLaunchKernel");
    int (*record)(void *, void *) = function("cuEventRecord");
    int (*wait)(void *) = function("cuEventSynchronize");
    uint64_t batch = 3000 / length ? 3000 / length : 1, done = 0;
    while (now() < start) usleep(100);
    for (int put = 0;; put++) {
        if (put >= 4) {
            check(wait(events[put % 4]), "cuEventSynchronize");
            if (now() > start + span) break;
            done += batch * length * 1000;
        }
        for (uint64_t i = 0; i < batch; i++) {
            check(launch(kernel, 1, 1, 1, 32, 1, 1, 0, stream, NULL, NULL), "cuLaunchKernel");
        }
        check(record(events[put % 4], stream), "cuEventRecord");
    }
    printf("%llu\n", (unsigned long long)done);
}

static void tools(void) {
    void *library = dlopen("libnvidia-ml.so.1", RTLD_NOW), *device;
    if (library == NULL) {
        puts(dlerror());
        exit(1);
    }
    unsigned long long memory[3];
    check(((int (*)(void))dlsym(library, "nvmlInit_v2"))(), "nvmlInit");
    check(
        ((int (*)(unsigned, void **))dlsym(library, "nvmlDeviceGetHandleByIndex_v2"))(0, &device),
        "nvmlDeviceGetHandleByIndex");
    check(
        ((int (*)(void *, void *))dlsym(library, "nvmlDeviceGetMemoryInfo"))(device, memory),
        "nvmlDeviceGetMemoryInfo");
    // In the order of nvmlMemory_t: total, free, used.
    printf("%llu %llu %llu\n", memory[1], memory[2], memory[0]);
}

int main(int count, char **words) {
    if (count < 2) return 64;
    driver = dlopen("libcuda.so.1", RTLD_NOW);
    if (driver == NULL) {
        puts(dlerror());
        return 1;
    }
    check(((int (*)(unsigned))function("cuInit"))(0), "cuInit");
    void *context;
    check(((int (*)(void **, unsigned, int))function("cuCtxCreate_v2"))(&context, 0, 0), "cuCtxCreate");
    allocate = function("cuMemAlloc_v2");
    uint64_t address, mebibytes = count > 2 ? strtoull(words[2], NULL, 10) : 0;
    if (strcmp(words[1], "info") == 0) {
        size_t available, total, size;
        check(((int (*)(size_t *, size_t *))function("cuMemGetInfo_v2"))(&available, &total), "cuMemGetInfo");
        check(((int (*)(size_t *, int))function("cuDeviceTotalMem_v2"))(&size, 0), "cuDeviceTotalMem");
        printf("%zu %zu %zu\n", available, total, size);
    } else if (strcmp(words[1], "tools") == 0) {
        check(allocate(&address, mebibytes << 20), "cuMemAlloc");
        tools();
    } else if (strcmp(words[1], "fill") == 0) {
        uint64_t sum = 0;
        int status;
        while ((status = allocate(&address, mebibytes << 20)) == 0) sum += mebibytes;
        printf("%llu %d\n", (unsigned long long)sum, status);
    } else if (strcmp(words[1], "hold") == 0 || strcmp(words[1], "managed") == 0) {
        if (words[1][0] == 'h') {
            check(allocate(&address, mebibytes << 20), "cuMemAlloc");
        } else {
            check(
                ((int (*)(uint64_t *, size_t, unsigned))function("cuMemAllocManaged"))(&address, mebibytes << 20, 1),
                "cuMemAllocManaged");
            check(
                ((int (*)(uint64_t, size_t, int, void *))function("cuMemPrefetchAsync"))(
                    address, mebibytes << 20, 0, NULL),
                "cuMemPrefetchAsync");
        }
        puts("held");
        fflush(stdout);
        while (1) pause();
    } else if (strcmp(words[1], "share") == 0 && count > 4) {
        share(mebibytes, strtoull(words[3], NULL, 10), strtoull(words[4], NULL, 10));
    } else {
        return 64;
    }
    return 0;
}
