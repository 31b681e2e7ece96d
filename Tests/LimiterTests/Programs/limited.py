"""What the limiter has to do for a program that holds a gibibyte: NVIDIA's own bindings know nothing of it."""
import sys

from cuda.bindings import driver as cuda

SUCCESS = cuda.CUresult.CUDA_SUCCESS
MIB = 1 << 20
GIB = 1 << 30


def do(result):
    assert result[0] == SUCCESS, result[0].name
    return None if len(result) == 1 else result[1] if len(result) == 2 else result[1:]


def refused(call, *arguments):
    status = call(*arguments)[0]
    assert int(status) == 2, f"{call.__name__}: {status.name}"


do(cuda.cuInit(0))
device = do(cuda.cuDeviceGet(0))
context = do(cuda.cuDevicePrimaryCtxRetain(device))
do(cuda.cuCtxSetCurrent(context))
free, total = do(cuda.cuMemGetInfo())
assert total == GIB == do(cuda.cuDeviceTotalMem(device)), total
assert free == GIB, free
begin = free
left = lambda: do(cuda.cuMemGetInfo())[0]

# Every way to allocate is refused beyond the limit, and nothing changes.
stream = do(cuda.cuStreamCreate(1))
wanted = cuda.CUmemPoolProps()
wanted.allocType = cuda.CUmemAllocationType.CU_MEM_ALLOCATION_TYPE_PINNED
wanted.location.type, wanted.location.id = cuda.CUmemLocationType.CU_MEM_LOCATION_TYPE_DEVICE, 0
pool = do(cuda.cuMemPoolCreate(wanted))
prop = cuda.CUmemAllocationProp()
prop.type = cuda.CUmemAllocationType.CU_MEM_ALLOCATION_TYPE_PINNED
prop.location = wanted.location
flat = cuda.CUDA_ARRAY_DESCRIPTOR()
flat.Width, flat.Height, flat.NumChannels = 32768, 32768, 4
flat.Format = cuda.CUarray_format.CU_AD_FORMAT_FLOAT
solid = cuda.CUDA_ARRAY3D_DESCRIPTOR()
solid.Width, solid.Height, solid.Depth, solid.NumChannels = 2048, 2048, 512, 1
solid.Format = cuda.CUarray_format.CU_AD_FORMAT_FLOAT
for held in (0, 512 * MIB, GIB):
    block = do(cuda.cuMemAlloc(held)) if held else None
    assert left() == GIB - held
    size = GIB - held + 1
    refused(cuda.cuMemAlloc, size)
    refused(cuda.cuMemAllocPitch, size // 1024 + 512, 1024, 4)
    refused(cuda.cuMemAllocManaged, size, 1)
    refused(cuda.cuMemAllocAsync, size, stream)
    refused(cuda.cuMemAllocFromPoolAsync, size, pool, stream)
    refused(cuda.cuMemCreate, (size + 2 * MIB - 1) // (2 * MIB) * 2 * MIB, prop, 0)
    refused(cuda.cuArrayCreate, flat)
    refused(cuda.cuArray3DCreate, solid)
    refused(cuda.cuMipmappedArrayCreate, solid, 3)
    assert left() == GIB - held
    if held:
        do(cuda.cuMemFree(block))
assert left() == begin

# Up to the limit everything is given.
everything = do(cuda.cuMemAlloc(GIB))
assert left() == 0
do(cuda.cuMemFree(everything))
managed = do(cuda.cuMemAllocManaged(GIB, 1))
do(cuda.cuMemFree(managed))
small = [do(cuda.cuMemAlloc(1000)) for _ in range(5000)]
assert GIB - left() <= 10 * MIB, GIB - left()
for address in small:
    do(cuda.cuMemFree(address))
assert left() == begin

# Pools: what they keep is charged, and given up before anybody is refused.
kept = cuda.cuuint64_t(GIB)
do(cuda.cuMemPoolSetAttribute(pool, cuda.CUmemPool_attribute.CU_MEMPOOL_ATTR_RELEASE_THRESHOLD, kept))
block = do(cuda.cuMemAllocFromPoolAsync(700 * MIB, pool, stream))
refused(cuda.cuMemAllocFromPoolAsync, 400 * MIB, pool, stream)
do(cuda.cuMemFreeAsync(block, stream))
do(cuda.cuStreamSynchronize(stream))
assert left() == GIB - 700 * MIB
again = do(cuda.cuMemAllocFromPoolAsync(700 * MIB, pool, stream))
do(cuda.cuMemFreeAsync(again, stream))
do(cuda.cuStreamSynchronize(stream))
other = do(cuda.cuMemAllocAsync(900 * MIB, stream))
do(cuda.cuMemFreeAsync(other, stream))
plain = do(cuda.cuMemAllocAsync(900 * MIB, stream))
do(cuda.cuMemFreeAsync(plain, stream))
do(cuda.cuStreamSynchronize(stream))
plain = do(cuda.cuMemAlloc(GIB))
do(cuda.cuMemFree(plain))
do(cuda.cuMemPoolDestroy(pool))
assert left() == begin

# A handle that was released is there as long as it is mapped.
address = do(cuda.cuMemAddressReserve(4 * GIB, 0, 0, 0))
mapped = 0
for _ in range(8):
    status, handle = cuda.cuMemCreate(256 * MIB, prop, 0)
    if int(status) == 2:
        break
    do((status,))
    do(cuda.cuMemMap(int(address) + mapped, 256 * MIB, 0, handle, 0))
    do(cuda.cuMemRelease(handle))
    mapped += 256 * MIB
assert mapped == GIB and left() == 0, mapped
do(cuda.cuMemUnmap(address, 256 * MIB))
assert left() == 256 * MIB
do(cuda.cuMemUnmap(int(address) + 256 * MIB, mapped - 256 * MIB))
assert left() == begin
for _ in range(100):
    handle = do(cuda.cuMemCreate(512 * MIB, prop, 0))
    do(cuda.cuMemMap(address, 512 * MIB, 0, handle, 0))
    retained = do(cuda.cuMemRetainAllocationHandle(int(address)))
    do(cuda.cuMemRelease(handle))
    do(cuda.cuMemUnmap(address, 512 * MIB))
    assert left() == 512 * MIB
    do(cuda.cuMemRelease(retained))
assert left() == begin

# Memory on the host is nobody's of the GPU.
host = do(cuda.cuMemHostAlloc(64 * MIB, 0))
assert left() == begin
do(cuda.cuMemFreeHost(host))

# Arrays, in all forms.
flat.Width, flat.Height = 8192, 4096
arrays = [do(cuda.cuArrayCreate(flat))]
assert left() == begin - 512 * MIB
solid.Width, solid.Height, solid.Depth = 256, 256, 256
arrays.append(do(cuda.cuArray3DCreate(solid)))
assert left() == begin - 576 * MIB
levels = do(cuda.cuMipmappedArrayCreate(solid, 4))
assert left() <= begin - 640 * MIB
do(cuda.cuMipmappedArrayDestroy(levels))
for array in arrays:
    do(cuda.cuArrayDestroy(array))
assert left() == begin

# Memory of graphs.
graph = do(cuda.cuGraphCreate(0))
node = cuda.CUDA_MEM_ALLOC_NODE_PARAMS()
node.poolProps = wanted
node.bytesize = 600 * MIB
do(cuda.cuGraphAddMemAllocNode(graph, None, 0, node))
run = do(cuda.cuGraphInstantiate(graph, 0))
assert left() <= begin - 600 * MIB
refused(cuda.cuGraphInstantiate, graph, 0)
do(cuda.cuGraphExecDestroy(run))
do(cuda.cuGraphDestroy(graph))
assert left() == begin, begin - left()

# What a context held is free when it is gone.
for _ in range(3):
    second = do(cuda.cuCtxCreate(None, 0, device)) if cuda.CUDA_VERSION >= 13000 else do(cuda.cuCtxCreate(0, device))
    do(cuda.cuMemAlloc(800 * MIB))
    do(cuda.cuCtxDestroy(second))
do(cuda.cuCtxSetCurrent(context))
assert left() == begin
do(cuda.cuMemAlloc(800 * MIB))
do(cuda.cuDevicePrimaryCtxRelease(device))
do(cuda.cuCtxSetCurrent(do(cuda.cuDevicePrimaryCtxRetain(device))))
assert left() == begin

# Names mean what they mean to the driver: by version, and by default stream.
def address_of(name, version, flags=0):
    found, status = do(cuda.cuGetProcAddress(name, version, flags))
    return int(found)


for name in (b"cuLaunchKernel", b"cuLaunchKernelEx", b"cuLaunchCooperativeKernel", b"cuGraphLaunch",
             b"cuMemAllocAsync", b"cuMemAllocFromPoolAsync"):
    assert address_of(name, 13000, 2) != address_of(name, 13000, 0), name
contexts = [address_of(b"cuCtxCreate", version) for version in (2000, 11000, 11040, 13000)]
assert len(set(contexts)) == 4, contexts
assert address_of(b"cuMemAlloc", 2000) != address_of(b"cuMemAlloc", 12000)
print("ok")
