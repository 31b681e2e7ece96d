/// Structures of NVML about GPUs that are cut into instances (MIG).
#ifndef DIVVY_NVML_MIG_STRUCTS_H
#define DIVVY_NVML_MIG_STRUCTS_H

#include <stdint.h>

/// In memory slots of the GPU.
typedef struct nvmlGpuInstancePlacement_st {
    uint32_t start;
    uint32_t size;
} nvmlGpuInstancePlacement_t;

typedef struct nvmlGpuInstanceProfileInfo_st {
    /// What `nvmlDeviceCreateGpuInstance` takes.
    uint32_t id;
    uint32_t isP2pSupported;
    uint32_t sliceCount;
    /// How many there can be at most.
    uint32_t instanceCount;
    uint32_t multiprocessorCount;
    uint32_t copyEngineCount;
    uint32_t decoderCount;
    uint32_t encoderCount;
    uint32_t jpegCount;
    uint32_t ofaCount;
    uint64_t memorySizeMB;
} nvmlGpuInstanceProfileInfo_t;

typedef struct nvmlGpuInstanceProfileInfo_v2_st {
    uint32_t version;
    uint32_t id;
    uint32_t isP2pSupported;
    uint32_t sliceCount;
    uint32_t instanceCount;
    uint32_t multiprocessorCount;
    uint32_t copyEngineCount;
    uint32_t decoderCount;
    uint32_t encoderCount;
    uint32_t jpegCount;
    uint32_t ofaCount;
    uint64_t memorySizeMB;
    /// `MIG 1g.5gb`.
    char name[96];
} nvmlGpuInstanceProfileInfo_v2_t;

typedef struct nvmlGpuInstanceProfileInfo_v3_st {
    uint32_t version;
    uint32_t id;
    uint32_t sliceCount;
    uint32_t instanceCount;
    uint32_t multiprocessorCount;
    uint32_t copyEngineCount;
    uint32_t decoderCount;
    uint32_t encoderCount;
    uint32_t jpegCount;
    uint32_t ofaCount;
    uint64_t memorySizeMB;
    char name[96];
    uint32_t capabilities;
} nvmlGpuInstanceProfileInfo_v3_t;

typedef struct nvmlGpuInstanceInfo_st {
    nvmlDevice_t device;
    uint32_t id;
    uint32_t profileId;
    nvmlGpuInstancePlacement_t placement;
} nvmlGpuInstanceInfo_t;

/// In compute slices of the GPU instance.
typedef struct nvmlComputeInstancePlacement_st {
    uint32_t start;
    uint32_t size;
} nvmlComputeInstancePlacement_t;

typedef struct nvmlComputeInstanceProfileInfo_st {
    uint32_t id;
    uint32_t sliceCount;
    uint32_t instanceCount;
    uint32_t multiprocessorCount;
    uint32_t sharedCopyEngineCount;
    uint32_t sharedDecoderCount;
    uint32_t sharedEncoderCount;
    uint32_t sharedJpegCount;
    uint32_t sharedOfaCount;
} nvmlComputeInstanceProfileInfo_t;

/// Version 3 has a mask of capabilities after the name.
typedef struct nvmlComputeInstanceProfileInfo_v2_st {
    uint32_t version;
    uint32_t id;
    uint32_t sliceCount;
    uint32_t instanceCount;
    uint32_t multiprocessorCount;
    uint32_t sharedCopyEngineCount;
    uint32_t sharedDecoderCount;
    uint32_t sharedEncoderCount;
    uint32_t sharedJpegCount;
    uint32_t sharedOfaCount;
    char name[96];
} nvmlComputeInstanceProfileInfo_v2_t;

typedef struct nvmlComputeInstanceProfileInfo_v3_st {
    nvmlComputeInstanceProfileInfo_v2_t second;
    uint32_t capabilities;
} nvmlComputeInstanceProfileInfo_v3_t;

typedef struct nvmlComputeInstanceInfo_st {
    nvmlDevice_t device;
    nvmlGpuInstance_t gpuInstance;
    uint32_t id;
    uint32_t profileId;
    nvmlComputeInstancePlacement_t placement;
} nvmlComputeInstanceInfo_t;

#endif
