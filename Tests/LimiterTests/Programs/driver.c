// A driver that does next to nothing, for what the simulated one does not have: green contexts, sparse arrays, multicast
// objects, pools of other processes. It answers, and keeps no memory. One GPU, whose UUID is sixteen sevens.
#include <stdint.h>
#include <string.h>

typedef uint64_t W;
static W next = 0x100000;
static int references, greens;
static const W primary = 0x77000;
static __thread W current;

int cuInit(unsigned flags) { return 0; }
int cuDriverGetVersion(int *version) {
    *version = 13000;
    return 0;
}
int cuDeviceGetUuid_v2(void *uuid, int device) {
    memset(uuid, 7, 16);
    return device == 0 ? 0 : 101;
}
int cuDeviceTotalMem_v2(W *bytes, int device) {
    *bytes = 80ULL << 30;
    return 0;
}
int cuMemGetInfo_v2(W *free, W *total) {
    *free = *total = 80ULL << 30;
    return 0;
}

int cuCtxGetCurrent(W *context) {
    *context = current;
    return 0;
}
int cuCtxSetCurrent(W context) {
    current = context;
    return 0;
}
int cuCtxGetDevice(int *device) {
    *device = 0;
    return 0;
}
int cuDevicePrimaryCtxRetain(W *context, int device) {
    references++;
    *context = primary;
    return 0;
}
int cuDevicePrimaryCtxRelease_v2(int device) {
    if (references == 0) { return 201; }
    references--;
    return 0;
}
int cuDevicePrimaryCtxGetState(int device, unsigned *flags, int *isActive) {
    *flags = 0;
    *isActive = references + greens > 0;
    return 0;
}
int cuGreenCtxCreate(W *context, W resources, int device, unsigned flags) {
    greens++;
    *context = next += 16;
    return 0;
}
int cuGreenCtxDestroy(W context) {
    greens--;
    return 0;
}
int cuCtxFromGreenCtx(W *context, W green) {
    *context = green + 8;
    return 0;
}

int cuMemCreate(W *handle, W size, const void *properties, W flags) {
    *handle = next += 16;
    return 0;
}
int cuMemRelease(W handle) { return 0; }
int cuArray3DCreate_v2(W *array, const void *descriptor) {
    *array = next += 16;
    return 0;
}
int cuMipmappedArrayCreate(W *array, const void *descriptor, unsigned levels) {
    *array = next += 16;
    return 0;
}
int cuArrayDestroy(W array) { return 0; }
int cuMipmappedArrayDestroy(W array) { return 0; }
int cuMemMapArrayAsync(const void *list, unsigned count, W stream) { return 0; }

int cuMemPoolCreate(W *pool, const void *properties) {
    *pool = next += 16;
    return 0;
}
int cuMemPoolGetAttribute(W pool, int attribute, W *value) {
    *value = 400ULL << 20;
    return 0;
}
int cuMemPoolExportToShareableHandle(void *handle, W pool, int type, W flags) { return 0; }
int cuMemPoolImportPointer(W *address, W pool, const void *data) {
    *address = 0x7000000000;
    return 0;
}
int cuMemGetAddressRange_v2(W *base, W *size, W address) {
    *base = address;
    *size = 150 << 20;
    return 0;
}
int cuPointerGetAttribute(void *data, int attribute, W address) {
    *(int *)data = 0;
    return 0;
}
int cuMemFree_v2(W address) { return 0; }

int cuMemGetAllocationPropertiesFromHandle(int *properties, W handle) {
    memset(properties, 0, 32);
    properties[2] = 1;
    return 0;
}
int cuMemMap(W address, W size, W offset, W handle, W flags) { return 0; }
int cuMemUnmap(W address, W size) { return 0; }
int cuMulticastCreate(W *object, const void *properties) {
    *object = next += 16;
    return 0;
}
int cuMulticastBindMem(W object, W offset, W handle, W from, W size, W flags) { return 0; }
int cuMulticastBindMem_v2(W object, int device, W offset, W handle, W from, W size, W flags) {
    return flags == 5 ? 0 : 1;
}
int cuMulticastBindAddr(W object, W offset, W address, W size, W flags) { return 0; }
int cuMulticastUnbind(W object, int device, W offset, W size) { return 0; }
