"""Memory in all its kinds. Whatever was taken is given back to the byte."""
from common import *

device = start()
begin = free()
data = bytes(range(256)) * 16

# Plain and pitched.
plain = do(cuda.cuMemAlloc(MIB + 1))
assert begin - free() == 2 * MIB
do(cuda.cuMemcpyHtoD(plain, data, len(data)))
assert read(plain, len(data)) == data
assert [int(value) for value in do(cuda.cuMemGetAddressRange(int(plain) + 100))] == [int(plain), MIB + 1]
fails("INVALID_VALUE", cuda.cuMemcpyDtoH, bytearray(10), int(plain) + MIB, 10)
pitched, pitch = do(cuda.cuMemAllocPitch(100, 20, 4))
assert pitch == 512
do(cuda.cuMemsetD2D8(pitched, pitch, 3, 100, 20))
assert read(pitched, 101) == b"\3" * 100 + b"\0"
do(cuda.cuMemsetD32(pitched, 0x01020304, 2))
assert read(pitched, 8) == b"\4\3\2\1\4\3\2\1"
box = cuda.CUDA_MEMCPY2D()
box.srcMemoryType = box.dstMemoryType = cuda.CUmemorytype.CU_MEMORYTYPE_DEVICE
box.srcDevice, box.srcPitch, box.dstDevice, box.dstPitch = pitched, pitch, plain, 100
box.WidthInBytes, box.Height = 100, 20
do(cuda.cuMemcpy2D(box))
assert read(int(plain) + 100, 100) == b"\3" * 100
fails("OUT_OF_MEMORY", cuda.cuMemAlloc, 1 << 40)
do(cuda.cuMemFree(pitched))
do(cuda.cuMemFree(plain))
fails("INVALID_VALUE", cuda.cuMemFree, plain)
assert free() == begin

# Managed: on the host until it is fetched.
managed = do(cuda.cuMemAllocManaged(4 * MIB, 1))
ctypes.memset(int(managed), 9, 16)
assert read(managed, 16) == b"\t" * 16 and free() == begin
place = cuda.CUmemLocation()
place.type, place.id = cuda.CUmemLocationType.CU_MEM_LOCATION_TYPE_DEVICE, 0
try:
    do(cuda.cuMemPrefetchAsync(managed, 4 * MIB, place, 0, 0))
except TypeError:
    do(cuda.cuMemPrefetchAsync(managed, 4 * MIB, 0, 0))
assert begin - free() == 4 * MIB
do(cuda.cuMemFree(managed))
assert free() == begin

# Stream-ordered, and pools.
stream = do(cuda.cuStreamCreate(1))
pool = do(cuda.cuDeviceGetDefaultMemPool(device))
ordered = do(cuda.cuMemAllocAsync(3 * MIB, stream))
do(cuda.cuMemcpyHtoDAsync(ordered, data, len(data), stream))
do(cuda.cuStreamSynchronize(stream))
assert read(ordered, len(data)) == data
attribute = cuda.CUmemPool_attribute
used = lambda: int(do(cuda.cuMemPoolGetAttribute(pool, attribute.CU_MEMPOOL_ATTR_USED_MEM_CURRENT)))
kept = lambda: int(do(cuda.cuMemPoolGetAttribute(pool, attribute.CU_MEMPOOL_ATTR_RESERVED_MEM_CURRENT)))
assert (used(), kept()) == (4 * MIB, 4 * MIB) and begin - free() == 4 * MIB
do(cuda.cuMemPoolSetAttribute(pool, attribute.CU_MEMPOOL_ATTR_RELEASE_THRESHOLD, cuda.cuuint64_t(64 * MIB)))
do(cuda.cuMemFreeAsync(ordered, stream))
do(cuda.cuStreamSynchronize(stream))
assert (used(), kept()) == (0, 4 * MIB) and begin - free() == 4 * MIB
again = do(cuda.cuMemAllocAsync(4 * MIB, stream))
assert int(again) == int(ordered)
do(cuda.cuMemFreeAsync(again, stream))
do(cuda.cuStreamSynchronize(stream))
do(cuda.cuMemPoolTrimTo(pool, 0))
assert free() == begin
wanted = cuda.CUmemPoolProps()
wanted.allocType = cuda.CUmemAllocationType.CU_MEM_ALLOCATION_TYPE_PINNED
wanted.location.type, wanted.location.id = cuda.CUmemLocationType.CU_MEM_LOCATION_TYPE_DEVICE, 0
wanted.maxSize = 8 * MIB
own = do(cuda.cuMemPoolCreate(wanted))
block = do(cuda.cuMemAllocFromPoolAsync(6 * MIB, own, stream))
fails("OUT_OF_MEMORY", cuda.cuMemAllocFromPoolAsync, 4 * MIB, own, stream)
do(cuda.cuMemFreeAsync(block, stream))
do(cuda.cuStreamSynchronize(stream))
do(cuda.cuMemPoolDestroy(own))
assert free() == begin

# Virtual memory management.
prop = cuda.CUmemAllocationProp()
prop.type = cuda.CUmemAllocationType.CU_MEM_ALLOCATION_TYPE_PINNED
prop.location.type, prop.location.id = cuda.CUmemLocationType.CU_MEM_LOCATION_TYPE_DEVICE, 0
prop.requestedHandleTypes = cuda.CUmemAllocationHandleType.CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR
unit = do(cuda.cuMemGetAllocationGranularity(
    prop, cuda.CUmemAllocationGranularity_flags.CU_MEM_ALLOC_GRANULARITY_MINIMUM))
assert unit == 2 * MIB
address = do(cuda.cuMemAddressReserve(8 * MIB, 0, 0, 0))
handle = do(cuda.cuMemCreate(4 * MIB, prop, 0))
assert begin - free() == 4 * MIB
do(cuda.cuMemMap(address, 4 * MIB, 0, handle, 0))
do(cuda.cuMemMap(int(address) + 4 * MIB, 4 * MIB, 0, handle, 0))
fails("INVALID_VALUE", cuda.cuMemMap, address, 4 * MIB, 0, handle, 0)
fails("INVALID_VALUE", cuda.cuMemsetD8, address, 1, 10)
access = cuda.CUmemAccessDesc()
access.location = prop.location
access.flags = cuda.CUmemAccess_flags.CU_MEM_ACCESS_FLAGS_PROT_READWRITE
do(cuda.cuMemSetAccess(address, 8 * MIB, [access], 1))
do(cuda.cuMemsetD8(address, 5, 10))
assert read(int(address) + 4 * MIB, 10) == b"\5" * 10
assert int(do(cuda.cuMemGetAccess(prop.location, address))) == 3
assert do(cuda.cuMemGetAllocationPropertiesFromHandle(handle)).location.id == 0
retained = do(cuda.cuMemRetainAllocationHandle(int(address)))
assert int(retained) == int(handle)
do(cuda.cuMemRelease(retained))
shared = do(cuda.cuMemExportToShareableHandle(
    handle, cuda.CUmemAllocationHandleType.CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR, 0))
imported = do(cuda.cuMemImportFromShareableHandle(
    shared, cuda.CUmemAllocationHandleType.CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR))
do(cuda.cuMemRelease(imported))
do(cuda.cuMemRelease(handle))
assert begin - free() == 4 * MIB
fails("INVALID_VALUE", cuda.cuMemAddressFree, address, 8 * MIB)
do(cuda.cuMemUnmap(address, 8 * MIB))
do(cuda.cuMemAddressFree(address, 8 * MIB))
assert free() == begin

# Arrays.
shape = cuda.CUDA_ARRAY_DESCRIPTOR()
shape.Width, shape.Height, shape.NumChannels = 64, 32, 1
shape.Format = cuda.CUarray_format.CU_AD_FORMAT_FLOAT
array = do(cuda.cuArrayCreate(shape))
assert begin - free() == 2 * MIB
do(cuda.cuMemcpyHtoA(array, 0, data, 256))
back = bytearray(256)
do(cuda.cuMemcpyAtoH(back, array, 0, 256))
assert bytes(back) == data[:256] and do(cuda.cuArrayGetDescriptor(array)).Height == 32
do(cuda.cuArrayDestroy(array))
solid = cuda.CUDA_ARRAY3D_DESCRIPTOR()
solid.Width, solid.Height, solid.Depth, solid.NumChannels = 64, 64, 0, 4
solid.Format = cuda.CUarray_format.CU_AD_FORMAT_UNSIGNED_INT8
levels = do(cuda.cuMipmappedArrayCreate(solid, 3))
assert do(cuda.cuArray3DGetDescriptor(do(cuda.cuMipmappedArrayGetLevel(levels, 2)))).Width == 16
do(cuda.cuMipmappedArrayDestroy(levels))
assert free() == begin

# The host's memory costs nothing of the GPU's.
host = do(cuda.cuMemHostAlloc(MIB, 0))
assert int(do(cuda.cuMemHostGetDevicePointer(host, 0))) == int(host) and free() == begin
kind = cuda.CUpointer_attribute.CU_POINTER_ATTRIBUTE_MEMORY_TYPE
assert int(do(cuda.cuPointerGetAttribute(kind, int(host)))) == 1
do(cuda.cuMemFreeHost(host))
mine = ctypes.create_string_buffer(8192)
do(cuda.cuMemHostRegister(ctypes.addressof(mine), 8192, 0))
fails("HOST_MEMORY_ALREADY_REGISTERED", cuda.cuMemHostRegister, ctypes.addressof(mine), 100, 0)
do(cuda.cuMemHostUnregister(ctypes.addressof(mine)))
fails("INVALID_VALUE", cuda.cuPointerGetAttribute, kind, ctypes.addressof(mine))

# Values that streams wait for.
flag = do(cuda.cuMemAlloc(4))
do(cuda.cuMemsetD32(flag, 0, 1))
do(cuda.cuStreamWaitValue32(stream, flag, 2, 0))
fails("NOT_READY", cuda.cuStreamQuery, stream)
other = do(cuda.cuStreamCreate(1))
do(cuda.cuStreamWriteValue32(other, flag, 2, 0))
do(cuda.cuStreamSynchronize(stream))
do(cuda.cuMemFree(flag))
assert free() == begin
do(cuda.cuDevicePrimaryCtxRelease(device))
print("ok")
