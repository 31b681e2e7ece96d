"""Copies and fills in all their forms: what arrives is what was sent."""
from common import *

device = start()
begin = free()
stream = do(cuda.cuStreamCreate(1))
wait = lambda: do(cuda.cuStreamSynchronize(stream))
first, second = (do(cuda.cuMemAlloc(MIB)) for _ in range(2))
text = bytes(range(1, 201)) * 5
back = bytearray(1000)

mine = ctypes.create_string_buffer(text)
do(cuda.cuMemcpy(int(first), ctypes.addressof(mine), 1000))
assert read(first, 1000) == text
do(cuda.cuMemcpyDtoD(second, first, 1000))
assert read(second, 1000) == text
do(cuda.cuMemsetD8(second, 0, 1000))
do(cuda.cuMemcpyDtoDAsync(second, first, 1000, stream))
do(cuda.cuMemcpyDtoHAsync(back, second, 1000, stream))
wait()
assert bytes(back) == text
do(cuda.cuMemcpyAsync(int(first) + 1000, int(second), 1000, stream))
wait()
assert read(int(first) + 1000, 1000) == text
context = do(cuda.cuCtxGetCurrent())
do(cuda.cuMemcpyPeer(int(first) + 2000, context, second, context, 1000))
do(cuda.cuMemcpyPeerAsync(int(first) + 3000, context, second, context, 1000, stream))
wait()
assert read(int(first) + 2000, 2000) == text * 2
fails("INVALID_VALUE", cuda.cuMemcpyDtoD, second, int(first) + 10, 1 << 40)

# What was given to an asynchronous copy may be changed at once.
source = bytearray(text)
do(cuda.cuMemcpyHtoDAsync(first, source, 1000, stream))
source[:] = bytes(1000)
wait()
assert read(first, 1000) == text

# Fills.
do(cuda.cuMemsetD16(first, 0x0102, 3))
assert read(first, 7) == b"\2\1\2\1\2\1" + text[6:7]
do(cuda.cuMemsetD16Async(first, 0x0304, 1, stream))
do(cuda.cuMemsetD32Async(int(first) + 4, 0x05060708, 1, stream))
do(cuda.cuMemsetD8Async(int(first) + 8, 9, 2, stream))
wait()
assert read(first, 10) == b"\4\3\2\1\x08\x07\x06\x05\t\t"
fails("INVALID_VALUE", cuda.cuMemsetD32, int(first) + 1, 1, 1)
do(cuda.cuMemsetD8(first, 0, 4096))
do(cuda.cuMemsetD2D16(first, 100, 0x0101, 2, 2))
do(cuda.cuMemsetD2D32(int(first) + 200, 100, 0x02020202, 1, 2))
do(cuda.cuMemsetD2D8Async(int(first) + 400, 100, 3, 4, 2, stream))
do(cuda.cuMemsetD2D16Async(int(first) + 600, 100, 0x0404, 2, 2, stream))
do(cuda.cuMemsetD2D32Async(int(first) + 800, 100, 0x05050505, 1, 2, stream))
wait()
for row in range(10):
    assert read(int(first) + 100 * row, 5) == bytes([row // 2 + 1] * 4 + [0]), row

# Boxes.
kind = cuda.CUmemorytype
solid = cuda.CUDA_ARRAY3D_DESCRIPTOR()
solid.Width, solid.Height, solid.Depth, solid.NumChannels = 10, 10, 2, 1
solid.Format = cuda.CUarray_format.CU_AD_FORMAT_UNSIGNED_INT8
array = do(cuda.cuArray3DCreate(solid))
do(cuda.cuMemcpyHtoD(first, text, 1000))
box = cuda.CUDA_MEMCPY3D()
box.srcMemoryType, box.srcDevice, box.srcPitch, box.srcHeight = kind.CU_MEMORYTYPE_DEVICE, first, 10, 10
box.dstMemoryType, box.dstArray = kind.CU_MEMORYTYPE_ARRAY, array
box.WidthInBytes, box.Height, box.Depth = 10, 10, 2
do(cuda.cuMemcpy3D(box))
out = cuda.CUDA_MEMCPY3D()
out.srcMemoryType, out.srcArray, out.srcZ, out.srcY, out.srcXInBytes = kind.CU_MEMORYTYPE_ARRAY, array, 1, 3, 2
out.dstMemoryType, out.dstDevice, out.dstPitch, out.dstHeight = kind.CU_MEMORYTYPE_DEVICE, second, 5, 2
out.WidthInBytes, out.Height, out.Depth = 5, 2, 1
do(cuda.cuMemsetD8(second, 0, 100))
do(cuda.cuMemcpy3DAsync(out, stream))
wait()
assert read(second, 10) == text[132:137] + text[142:147]
flat = cuda.CUDA_MEMCPY2D()
flat.srcMemoryType, flat.srcDevice, flat.srcPitch = kind.CU_MEMORYTYPE_DEVICE, first, 50
flat.dstMemoryType, flat.dstDevice, flat.dstPitch = kind.CU_MEMORYTYPE_DEVICE, second, 10
flat.WidthInBytes, flat.Height = 10, 4
do(cuda.cuMemcpy2DAsync(flat, stream))
wait()
assert read(second, 40) == text[0:10] + text[50:60] + text[100:110] + text[150:160]
do(cuda.cuMemsetD8(second, 0, 100))
do(cuda.cuMemcpy2DUnaligned(flat))
assert read(second, 20) == text[0:10] + text[50:60]
flat.dstPitch = 5
fails("INVALID_VALUE", cuda.cuMemcpy2D, flat)

# Rows of arrays.
row = cuda.CUDA_ARRAY_DESCRIPTOR()
row.Width, row.Height, row.NumChannels, row.Format = 1000, 0, 1, solid.Format
one, two = (do(cuda.cuArrayCreate(row)) for _ in range(2))
do(cuda.cuMemcpyHtoAAsync(one, 0, text, 1000, stream))
wait()
do(cuda.cuMemcpyAtoA(two, 0, one, 0, 1000))
do(cuda.cuMemcpyAtoD(second, two, 10, 100))
assert read(second, 100) == text[10:110]
do(cuda.cuMemcpyDtoA(one, 0, second, 100))
do(cuda.cuMemcpyAtoHAsync(back, one, 0, 1000, stream))
wait()
assert bytes(back[:100]) == text[10:110] and bytes(back[100:]) == text[100:]
for each in (array, one, two):
    do(cuda.cuArrayDestroy(each))

# Numbers that make no sense are refused.
huge = (1 << 64) - 1
fails("INVALID_VALUE", cuda.cuMemsetD32, first, 1, 1 << 62)
fails("INVALID_VALUE", cuda.cuMemsetD2D32, first, 1 << 62, 1, 1, 1 << 40)
fails("OUT_OF_MEMORY", cuda.cuMemAllocPitch, (1 << 63) - 1, 1 << 62, 4)
fails("INVALID_VALUE", cuda.cuMemAlloc, huge)
flat.dstPitch = flat.Height = flat.WidthInBytes = 1 << 62
fails("INVALID_VALUE", cuda.cuMemcpy2D, flat)
flat.dstPitch, flat.Height, flat.WidthInBytes, flat.dstY = 10, 4, 10, 1 << 62
fails("INVALID_VALUE", cuda.cuMemcpy2D, flat)

# Zeros of many gigabytes cost no memory of the host.
large = do(cuda.cuMemAlloc(20 << 30))
do(cuda.cuMemsetD8(int(large) + (10 << 30), 1, 16))
do(cuda.cuMemsetD8(large, 0, 20 << 30))
assert read(int(large) + (10 << 30), 16) == bytes(16)
for each in (large, first, second):
    do(cuda.cuMemFree(each))
assert free() == begin
print("ok")
