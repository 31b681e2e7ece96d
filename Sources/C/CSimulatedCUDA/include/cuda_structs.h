/// The structures that callers hand to the CUDA driver, as far as the simulated driver reads them.
#ifndef DIVVY_CUDA_STRUCTS_H
#define DIVVY_CUDA_STRUCTS_H

#include <stdbool.h>

#include "cuda_types.h"

typedef struct CUuuid { uint8_t bytes[16]; } CUuuid;

typedef struct CUipcMemHandle { uint64_t words[8]; } CUipcMemHandle;

typedef struct CUdevprop {
    int32_t maxThreadsPerBlock;
    int32_t maxThreadsDim[3];
    int32_t maxGridSize[3];
    int32_t sharedMemPerBlock;
    int32_t totalConstantMemory;
    int32_t SIMDWidth;
    int32_t memPitch;
    int32_t regsPerBlock;
    int32_t clockRate;
    int32_t textureAlign;
} CUdevprop;

typedef struct CUmemLocation {
    int32_t type;
    int32_t id;
} CUmemLocation;

typedef struct CUmemAllocationProp {
    int32_t type;
    int32_t requestedHandleTypes;
    CUmemLocation location;
    void *win32HandleMetaData;
    uint8_t compressionType;
    uint8_t gpuDirectRDMACapable;
    uint16_t usage;
    uint8_t reserved[4];
} CUmemAllocationProp;

typedef struct CUmemAccessDesc {
    CUmemLocation location;
    int32_t flags;
} CUmemAccessDesc;

typedef struct CUmemPoolProps {
    int32_t allocType;
    int32_t handleTypes;
    CUmemLocation location;
    void *win32SecurityAttributes;
    size_t maxSize;
    uint8_t reserved[56];
} CUmemPoolProps;

typedef struct CUDA_MEMCPY2D {
    size_t srcXInBytes;
    size_t srcY;
    int32_t srcMemoryType;
    const void *srcHost;
    CUdeviceptr srcDevice;
    CUarray srcArray;
    size_t srcPitch;
    size_t dstXInBytes;
    size_t dstY;
    int32_t dstMemoryType;
    void *dstHost;
    CUdeviceptr dstDevice;
    CUarray dstArray;
    size_t dstPitch;
    size_t WidthInBytes;
    size_t Height;
} CUDA_MEMCPY2D;

/// Also the structure of a copy between contexts, which has contexts in the two unused places.
typedef struct CUDA_MEMCPY3D {
    size_t srcXInBytes;
    size_t srcY;
    size_t srcZ;
    size_t srcLOD;
    int32_t srcMemoryType;
    const void *srcHost;
    CUdeviceptr srcDevice;
    CUarray srcArray;
    void *reserved0;
    size_t srcPitch;
    size_t srcHeight;
    size_t dstXInBytes;
    size_t dstY;
    size_t dstZ;
    size_t dstLOD;
    int32_t dstMemoryType;
    void *dstHost;
    CUdeviceptr dstDevice;
    CUarray dstArray;
    void *reserved1;
    size_t dstPitch;
    size_t dstHeight;
    size_t WidthInBytes;
    size_t Height;
    size_t Depth;
} CUDA_MEMCPY3D;

typedef struct CUDA_ARRAY_DESCRIPTOR {
    size_t Width;
    size_t Height;
    uint32_t Format;
    uint32_t NumChannels;
} CUDA_ARRAY_DESCRIPTOR;

typedef struct CUDA_ARRAY3D_DESCRIPTOR {
    size_t Width;
    size_t Height;
    size_t Depth;
    uint32_t Format;
    uint32_t NumChannels;
    uint32_t Flags;
} CUDA_ARRAY3D_DESCRIPTOR;

typedef struct CUlaunchConfig {
    uint32_t gridDimX;
    uint32_t gridDimY;
    uint32_t gridDimZ;
    uint32_t blockDimX;
    uint32_t blockDimY;
    uint32_t blockDimZ;
    uint32_t sharedMemBytes;
    CUstream hStream;
    void *attrs;
    uint32_t numAttrs;
} CUlaunchConfig;

typedef struct CUDA_LAUNCH_PARAMS {
    CUfunction function;
    uint32_t gridDimX;
    uint32_t gridDimY;
    uint32_t gridDimZ;
    uint32_t blockDimX;
    uint32_t blockDimY;
    uint32_t blockDimZ;
    uint32_t sharedMemBytes;
    CUstream hStream;
    void **kernelParams;
} CUDA_LAUNCH_PARAMS;

/// The second version; the first ends before `kern`.
typedef struct CUDA_KERNEL_NODE_PARAMS {
    CUfunction func;
    uint32_t gridDimX;
    uint32_t gridDimY;
    uint32_t gridDimZ;
    uint32_t blockDimX;
    uint32_t blockDimY;
    uint32_t blockDimZ;
    uint32_t sharedMemBytes;
    void **kernelParams;
    void **extra;
    CUkernel kern;
    CUcontext ctx;
} CUDA_KERNEL_NODE_PARAMS;

typedef struct CUDA_MEMSET_NODE_PARAMS {
    CUdeviceptr dst;
    size_t pitch;
    uint32_t value;
    uint32_t elementSize;
    size_t width;
    size_t height;
} CUDA_MEMSET_NODE_PARAMS;

typedef struct CUDA_HOST_NODE_PARAMS {
    CUhostFn fn;
    void *userData;
} CUDA_HOST_NODE_PARAMS;

typedef struct CUDA_MEM_ALLOC_NODE_PARAMS {
    CUmemPoolProps poolProps;
    const CUmemAccessDesc *accessDescs;
    size_t accessDescCount;
    size_t bytesize;
    CUdeviceptr dptr;
} CUDA_MEM_ALLOC_NODE_PARAMS;

typedef struct CUDA_GRAPH_INSTANTIATE_PARAMS {
    uint64_t flags;
    CUstream hUploadStream;
    CUgraphNode hErrNode_out;
    int32_t result_out;
} CUDA_GRAPH_INSTANTIATE_PARAMS;

typedef struct CUgraphEdgeData { uint8_t bytes[8]; } CUgraphEdgeData;

/// Any node: the kind, then its parameters.
typedef struct CUgraphNodeParams {
    int32_t type;
    int32_t reserved0[3];
    uint64_t words[29];
    int64_t reserved2;
} CUgraphNodeParams;

/// What is to be imported, as far as descriptors of files go.
typedef struct CUexternalMemory {
    int32_t type;
    int32_t reserved0;
    int32_t file;
    int32_t reserved1;
    uint64_t unused;
    uint64_t size;
    uint32_t flags;
    uint32_t reserved[16];
} CUexternalMemory;

typedef struct CUexternalBuffer {
    uint64_t offset;
    uint64_t size;
    uint32_t flags;
    uint32_t reserved[16];
} CUexternalBuffer;

/// One operation of `cuStreamBatchMemOp`: wait or write.
typedef struct CUstreamBatchMemOpParams {
    uint32_t operation;
    CUdeviceptr address;
    uint64_t value;
    uint32_t flags;
    CUdeviceptr alias;
    uint64_t pad;
} CUstreamBatchMemOpParams;

enum {
    MEMORY_OPERATION_WAIT_32 = 1,
    MEMORY_OPERATION_WRITE_32 = 2,
    MEMORY_OPERATION_WAIT_64 = 4,
    MEMORY_OPERATION_WRITE_64 = 5,
    MEMORY_OPERATION_BARRIER = 6,
    MEMORY_OPERATION_FLUSH = 3
};

#endif
