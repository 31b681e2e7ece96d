// How long calls of the CUDA driver take, in nanoseconds: the median of many rounds. Prints JSON.
//
// Scripts/package puts it, compiled, into lib/divvy, because a machine with a GPU need not have a compiler. It needs
// nothing but libc, and loads the driver by its usual name.
//
// usage: calls ROUNDS
#include <dlfcn.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

// Fewer than a driver queues: none of them waits for the GPU.
enum { LAUNCHES = 256, PAIRS = 64 };

static const char module_text[] =
    ".version 5.0\n.target sm_50\n.address_size 64\n.visible .entry empty_sim_1ns()\n{\n    ret;\n}\n";

static void *driver;

static void check(int status, const char *call) {
    if (status == 0) return;
    fprintf(stderr, "%s: %d\n", call, status);
    exit(1);
}

static void *function(const char *name) {
    void *found = dlsym(driver, name);
    if (found == NULL) {
        fprintf(stderr, "%s is missing\n", name);
        exit(1);
    }
    return found;
}

#define CALL(name, types, ...) check(((int(*) types)function(#name)) (__VA_ARGS__), #name)

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static int compare(const void *left, const void *right) {
    double difference = *(const double *)left - *(const double *)right;
    return (difference > 0) - (difference < 0);
}

static double median(double *values, int count) {
    qsort(values, (size_t)count, sizeof *values, compare);
    return values[count / 2];
}

int main(int count, char **words) {
    int rounds = count > 1 ? atoi(words[1]) : 0;
    if (rounds <= 0) return 64;
    driver = dlopen("libcuda.so.1", RTLD_NOW);
    if (driver == NULL) {
        fprintf(stderr, "%s\n", dlerror());
        return 1;
    }
    void *context, *module, *kernel, *stream, *graph, *ready;
    int device;
    CALL(cuInit, (unsigned), 0);
    CALL(cuDeviceGet, (int *, int), &device, 0);
    CALL(cuDevicePrimaryCtxRetain, (void **, int), &context, device);
    CALL(cuCtxSetCurrent, (void *), context);
    CALL(cuModuleLoadData, (void **, const void *), &module, module_text);
    CALL(cuModuleGetFunction, (void **, void *, const char *), &kernel, module, "empty_sim_1ns");
    CALL(cuStreamCreate, (void **, unsigned), &stream, 1);
    int (*launch)(
        void *, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, void *, void *, void *) =
        function("cuLaunchKernel");
    CALL(cuStreamBeginCapture_v2, (void *, int), stream, 2);
    check(launch(kernel, 1, 1, 1, 32, 1, 1, 0, stream, NULL, NULL), "cuLaunchKernel");
    CALL(cuStreamEndCapture, (void *, void **), stream, &graph);
    CALL(cuGraphInstantiateWithFlags, (void **, void *, unsigned long long), &ready, graph, 0);
    int (*launch_graph)(void *, void *) = function("cuGraphLaunch");
    int (*synchronize)(void *) = function("cuStreamSynchronize");
    int (*allocate)(uint64_t *, size_t) = function("cuMemAlloc_v2");
    int (*release)(uint64_t) = function("cuMemFree_v2");
    int (*information)(size_t *, size_t *) = function("cuMemGetInfo_v2");

    // Small pieces are carved from a block, which stays because of this one: it is not its making that is measured.
    uint64_t kept;
    check(allocate(&kept, 512), "cuMemAlloc");

    double *times[4];
    for (int i = 0; i < 4; i++) {
        times[i] = calloc((size_t)rounds, sizeof **times);
        if (times[i] == NULL) return 1;
    }
    for (int round = 0; round < rounds; round++) {
        double start = now();
        for (int i = 0; i < LAUNCHES; i++) {
            check(launch(kernel, 1, 1, 1, 32, 1, 1, 0, stream, NULL, NULL), "cuLaunchKernel");
        }
        times[0][round] = (now() - start) / LAUNCHES;
        check(synchronize(stream), "cuStreamSynchronize");
        start = now();
        for (int i = 0; i < LAUNCHES; i++) check(launch_graph(ready, stream), "cuGraphLaunch");
        times[1][round] = (now() - start) / LAUNCHES;
        check(synchronize(stream), "cuStreamSynchronize");
        uint64_t address;
        start = now();
        for (int i = 0; i < PAIRS; i++) {
            check(allocate(&address, 64 << 10), "cuMemAlloc");
            check(release(address), "cuMemFree");
        }
        times[2][round] = (now() - start) / PAIRS;
        size_t available, total;
        start = now();
        for (int i = 0; i < PAIRS; i++) check(information(&available, &total), "cuMemGetInfo");
        times[3][round] = (now() - start) / PAIRS;
    }
    printf(
        "{\"launch\": %.1f, \"graph launch\": %.1f, \"alloc and free\": %.1f, \"memory info\": %.1f}\n",
        median(times[0], rounds), median(times[1], rounds), median(times[2], rounds), median(times[3], rounds));
    return 0;
}
