"""What a program finds whose memory is a gibibyte of a GPU, and half a gibibyte of the host beyond that."""
from cuda.bindings import driver as cuda

MIB = 1 << 20
GIB = 1 << 30


def do(result):
    assert int(result[0]) == 0, result[0].name
    return None if len(result) == 1 else result[1] if len(result) == 2 else result[1:]


def refused(call, *arguments):
    status = call(*arguments)[0]
    assert int(status) == 2, f"{call.__name__}: {status.name}"


do(cuda.cuInit(0))
context = do(cuda.cuDevicePrimaryCtxRetain(0))
do(cuda.cuCtxSetCurrent(context))
left = lambda: do(cuda.cuMemGetInfo())[0]
assert tuple(do(cuda.cuMemGetInfo())) == (1536 * MIB, 1536 * MIB)
assert do(cuda.cuDeviceTotalMem(0)) == 1536 * MIB

# One allocation has to fit the one or the other.
refused(cuda.cuMemAlloc, GIB + 1)
first = do(cuda.cuMemAlloc(1000 * MIB))
second = do(cuda.cuMemAlloc(300 * MIB))
assert left() == 236 * MIB, left()
# What is on the host works like any other memory.
do(cuda.cuMemsetD8(second, 7, 300 * MIB))
back = bytearray(4)
do(cuda.cuMemcpyDtoH(back, int(second) + 200 * MIB, 4))
assert bytes(back) == b"\x07\x07\x07\x07"
# Handles, pools and arrays never are there.
stream = do(cuda.cuStreamCreate(1))
refused(cuda.cuMemAllocAsync, 100 * MIB, stream)
refused(cuda.cuMemAllocManaged, 100 * MIB, 1)
prop = cuda.CUmemAllocationProp()
prop.type = cuda.CUmemAllocationType.CU_MEM_ALLOCATION_TYPE_PINNED
prop.location.type, prop.location.id = cuda.CUmemLocationType.CU_MEM_LOCATION_TYPE_DEVICE, 0
refused(cuda.cuMemCreate, 100 * MIB, prop, 0)
shape = cuda.CUDA_ARRAY_DESCRIPTOR()
shape.Width, shape.Height, shape.NumChannels = 8192, 4096, 4
shape.Format = cuda.CUarray_format.CU_AD_FORMAT_FLOAT
refused(cuda.cuArrayCreate, shape)
# Rows are as they are on the GPU.
third, pitch = do(cuda.cuMemAllocPitch(1000, 100 * 1024, 4))
assert pitch == 1024
assert left() == 136 * MIB, left()
refused(cuda.cuMemAlloc, 200 * MIB)
do(cuda.cuMemFree(third))
# On the GPU there is room again, and that is where the next one goes.
do(cuda.cuMemFree(first))
fourth = do(cuda.cuMemAlloc(900 * MIB))
assert left() == 336 * MIB, left()
do(cuda.cuMemFreeAsync(second, stream))
assert left() == 636 * MIB, left()
do(cuda.cuMemFree(fourth))
assert left() == 1536 * MIB
# What a context had is free when it is gone.
for _ in range(3):
    other = do(cuda.cuCtxCreate(None, 0, 0)) if cuda.CUDA_VERSION >= 13000 else do(cuda.cuCtxCreate(0, 0))
    for _ in range(3):
        do(cuda.cuMemAlloc(500 * MIB))
    refused(cuda.cuMemAlloc, 500 * MIB)
    do(cuda.cuCtxDestroy(other))
do(cuda.cuCtxSetCurrent(context))
assert left() == 1536 * MIB
print("ok")
