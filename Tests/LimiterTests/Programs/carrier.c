// Loads the CUDA driver in some way, and prints what it gets of two gibibytes: the answers to an allocation and what
// there is in all. `carrier plain|deep|namespace PATH`.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

typedef int (*two)(void *, size_t);

int main(int count, char **arguments) {
    if (count < 3) { return 2; }
    const char *path = arguments[2];
    void *library = NULL;
    if (strcmp(arguments[1], "plain") == 0) { library = dlopen(path, RTLD_NOW); }
#ifndef STATIC
    if (strcmp(arguments[1], "deep") == 0) { library = dlopen(path, RTLD_NOW | RTLD_DEEPBIND); }
    if (strcmp(arguments[1], "namespace") == 0) { library = dlmopen(LM_ID_NEWLM, path, RTLD_NOW); }
#endif
    if (library == NULL) {
        fprintf(stderr, "%s\n", dlerror());
        return 1;
    }
    int (*start)(unsigned) = (int (*)(unsigned))dlsym(library, "cuInit");
    int (*context)(void *, unsigned, int) = (int (*)(void *, unsigned, int))dlsym(library, "cuCtxCreate_v2");
    int (*find)(const char *, void *, int, uint64_t, void *) =
        (int (*)(const char *, void *, int, uint64_t, void *))dlsym(library, "cuGetProcAddress_v2");
    two allocate = (two)dlsym(library, "cuMemAlloc_v2"), found = NULL;
    // A function that the limiter does not change.
    int (*version)(int *) = (int (*)(int *))dlsym(library, "cuDriverGetVersion");
    void *made = NULL;
    uint64_t address = 0;
    size_t total = 0;
    int number = 0;
#ifdef STATIC
    // Contexts have threads, which libraries cannot start in programs that were linked statically with this libc.
    struct {
        int kind, handles, location, device;
        uint64_t rest[2];
    } wanted = {1, 0, 1, 0, {0, 0}};
    int (*create)(uint64_t *, size_t, void *, uint64_t) =
        (int (*)(uint64_t *, size_t, void *, uint64_t))dlsym(library, "cuMemCreate");
    if (start(0) != 0 || ((two)dlsym(library, "cuDeviceTotalMem_v2"))(&total, 0) != 0) { return 3; }
    int refused = create(&address, (size_t)2 << 30, &wanted, 0), given = create(&address, (size_t)2 << 20, &wanted, 0);
    printf("%d %d %zu\n", refused, given, total);
    return 0;
#endif
    if (start(0) != 0 || context(&made, 0, 0) != 0 || version(&number) != 0 || number < 11000) { return 3; }
    if (find("cuMemAlloc", &found, 12000, 0, NULL) != 0) { return 4; }
    two whole = (two)dlsym(library, "cuDeviceTotalMem_v2");
    if (whole(&total, 0) != 0) { return 5; }
    printf("%d %d %d %zu\n", allocate(&address, (size_t)2 << 30), found(&address, (size_t)2 << 30),
        allocate(&address, (size_t)1 << 20), total);
    return 0;
}
