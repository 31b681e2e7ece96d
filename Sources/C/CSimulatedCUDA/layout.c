// Sizes that other programs depend on: the CUDA interface's structures, and what processes of different builds share.

#include <stddef.h>

#include "cuda_objects.h"

#define SIZE(type, bytes) _Static_assert(sizeof(type) == (bytes), #type " has a wrong size")
#define OFFSET(type, field, bytes) _Static_assert(offsetof(type, field) == (bytes), #type "." #field " is misplaced")

SIZE(CUuuid, 16);
SIZE(CUipcMemHandle, 64);
SIZE(CUdevprop, 56);
SIZE(CUmemLocation, 8);
SIZE(CUmemAllocationProp, 32);
SIZE(CUmemAccessDesc, 12);
SIZE(CUmemPoolProps, 88);
SIZE(CUDA_MEMCPY2D, 128);
SIZE(CUDA_MEMCPY3D, 200);
SIZE(CUDA_ARRAY_DESCRIPTOR, 24);
SIZE(CUDA_ARRAY3D_DESCRIPTOR, 40);
SIZE(CUlaunchConfig, 56);
OFFSET(CUlaunchConfig, hStream, 32);
SIZE(CUDA_LAUNCH_PARAMS, 56);
SIZE(CUDA_KERNEL_NODE_PARAMS, 72);
SIZE(CUDA_MEMSET_NODE_PARAMS, 40);
SIZE(CUDA_HOST_NODE_PARAMS, 16);
SIZE(CUDA_MEM_ALLOC_NODE_PARAMS, 120);
SIZE(CUDA_GRAPH_INSTANTIATE_PARAMS, 32);
SIZE(CUgraphEdgeData, 8);
SIZE(CUgraphNodeParams, 256);
SIZE(CUexternalMemory, 104);
SIZE(CUexternalBuffer, 88);
SIZE(CUstreamBatchMemOpParams, 48);

_Static_assert(TIME_LAYOUT == 2, "the numbers below are those of layout 2");
SIZE(TimeProcess, 128);
SIZE(TimeContext, 64);
SIZE(TimeGPU, 128 + 64 * 128);
SIZE(DeviceTime, 64 + 128 * 256 + 16 * 9 * (128 + 64 * 128));
SIZE(DriverOperation, 64);
