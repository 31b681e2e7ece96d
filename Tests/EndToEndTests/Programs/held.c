// What the tests of the driver's memory limits run: it allocates pieces on a GPU until it is refused or has all that it
// wants, and prints how many MiB it got and the last status.
//
//     device GPU MIB ALL      by cuMemAlloc
//     managed GPU MIB ALL     by cuMemAllocManaged, which lies on the host until it is used
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

int main(int count, char **words) {
    if (count < 5) return 64;
    driver = dlopen("libcuda.so.1", RTLD_NOW);
    if (driver == NULL) {
        puts(dlerror());
        return 1;
    }
    check(((int (*)(unsigned))function("cuInit"))(0), "cuInit");
    void *context;
    check(((int (*)(void **, unsigned, int))function("cuCtxCreate_v2"))(&context, 0, atoi(words[2])), "cuCtxCreate");
    int (*allocate)(uint64_t *, size_t) = function("cuMemAlloc_v2");
    int (*managed)(uint64_t *, size_t, unsigned) = function("cuMemAllocManaged");
    uint64_t address, piece = strtoull(words[3], NULL, 10), all = strtoull(words[4], NULL, 10), sum = 0;
    int status = 0;
    while (sum + piece <= all && status == 0) {
        status = strcmp(words[1], "managed") == 0 ? managed(&address, piece << 20, 1) : allocate(&address, piece << 20);
        if (status == 0) sum += piece;
    }
    printf("%llu %d\n", (unsigned long long)sum, status);
    return 0;
}
