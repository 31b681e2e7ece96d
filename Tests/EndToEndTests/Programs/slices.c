// What an administrator does with nvidia-smi, for tests that must not depend on it. It needs nothing but libc.
//
//     slices LIBRARY on GPU              turns MIG mode on for the GPU with that index
//     slices LIBRARY off GPU             turns it off
//     slices LIBRARY cut GPU ID...       makes a GPU instance of each profile, with a compute instance of all of it;
//                                        prints the UUIDs of the GPU's MIG devices
//     slices LIBRARY crowd GPU ID        makes a GPU instance with two compute instances of one slice each; prints
//                                        the same
//     slices LIBRARY destroy GPU UUID    takes a MIG device away, and its GPU instance
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// nvmlComputeInstanceProfileInfo_t of the public NVML API.
struct profile {
    uint32_t id, slices, instances, multiprocessors, engines[5];
};

static void *library;

static void check(int status, const char *call) {
    if (status == 0) return;
    printf("%s: %d\n", call, status);
    exit(1);
}

static void *function(const char *name) {
    void *found = dlsym(library, name);
    if (found == NULL) {
        printf("%s is missing\n", name);
        exit(1);
    }
    return found;
}

#define CALL(name, types, ...) check(((int (*) types)function(#name))(__VA_ARGS__), #name)

// The profile of a compute instance of so many slices; of all that there are where it is 0.
static uint32_t compute_profile(void *instance, uint32_t slices) {
    int (*info)(void *, unsigned, unsigned, struct profile *) =
        function("nvmlGpuInstanceGetComputeInstanceProfileInfo");
    struct profile best = {0};
    for (unsigned kind = 0; kind < 8; kind++) {
        struct profile found = {0};
        if (info(instance, kind, 0, &found) != 0) continue;
        if (slices ? found.slices == slices : found.slices > best.slices) best = found;
    }
    return best.id;
}

static void cut(void *device, const char *id, int computes) {
    void *instance, *compute;
    CALL(nvmlDeviceCreateGpuInstance, (void *, unsigned, void **), device, (unsigned)atoi(id), &instance);
    uint32_t profile = compute_profile(instance, computes > 1 ? 1 : 0);
    for (int made = 0; made < computes; made++) {
        CALL(nvmlGpuInstanceCreateComputeInstance, (void *, unsigned, void **), instance, profile, &compute);
    }
}

// Prints the UUIDs of all MIG devices, or destroys the one with that UUID.
static void visit(void *device, const char *doomed) {
    unsigned maximum;
    CALL(nvmlDeviceGetMaxMigDeviceCount, (void *, unsigned *), device, &maximum);
    int (*at)(void *, unsigned, void **) = function("nvmlDeviceGetMigDeviceHandleByIndex");
    for (unsigned index = 0; index < maximum; index++) {
        void *part, *instance, *compute;
        char uuid[80];
        if (at(device, index, &part) != 0) continue;
        CALL(nvmlDeviceGetUUID, (void *, char *, unsigned), part, uuid, sizeof uuid);
        if (doomed == NULL) {
            puts(uuid);
            continue;
        }
        if (strcmp(uuid, doomed) != 0) continue;
        unsigned gpu, within;
        CALL(nvmlDeviceGetGpuInstanceId, (void *, unsigned *), part, &gpu);
        CALL(nvmlDeviceGetComputeInstanceId, (void *, unsigned *), part, &within);
        CALL(nvmlDeviceGetGpuInstanceById, (void *, unsigned, void **), device, gpu, &instance);
        CALL(nvmlGpuInstanceGetComputeInstanceById, (void *, unsigned, void **), instance, within, &compute);
        CALL(nvmlComputeInstanceDestroy, (void *), compute);
        CALL(nvmlGpuInstanceDestroy, (void *), instance);
        return;
    }
    if (doomed != NULL) check(6, "no MIG device has that UUID");
}

int main(int count, char **words) {
    if (count < 4) return 64;
    library = dlopen(words[1], RTLD_NOW);
    if (library == NULL) {
        puts(dlerror());
        return 1;
    }
    void *device;
    CALL(nvmlInit_v2, (void));
    CALL(nvmlDeviceGetHandleByIndex_v2, (unsigned, void **), (unsigned)atoi(words[3]), &device);
    const char *what = words[2];
    if (strcmp(what, "on") == 0 || strcmp(what, "off") == 0) {
        int activation;
        CALL(nvmlDeviceSetMigMode, (void *, unsigned, int *), device, strcmp(what, "on") == 0, &activation);
        check(activation, "activation of MIG mode");
    } else if (strcmp(what, "cut") == 0) {
        for (int word = 4; word < count; word++) cut(device, words[word], 1);
        visit(device, NULL);
    } else if (strcmp(what, "crowd") == 0 && count > 4) {
        cut(device, words[4], 2);
        visit(device, NULL);
    } else if (strcmp(what, "destroy") == 0 && count > 4) {
        visit(device, words[4]);
    } else {
        return 64;
    }
    return 0;
}
