"""Functions by name: versions, the thread's own default stream, and stubs. Through ctypes, as a runtime does it."""
import threading

from common import *

library = ctypes.CDLL("libcuda.so.1")
find = library.cuGetProcAddress_v2
find.argtypes = [ctypes.c_char_p, ctypes.c_void_p, ctypes.c_int, ctypes.c_uint64, ctypes.c_void_p]


def address(name, version=13000, flags=0):
    result, status = ctypes.c_void_p(), ctypes.c_int(-1)
    assert find(name, ctypes.byref(result), version, flags, ctypes.byref(status)) == 0
    return result.value, status.value


def exported(name):
    return ctypes.cast(getattr(library, name), ctypes.c_void_p).value


start()
assert address(b"cuMemAlloc", 2000) == (exported("cuMemAlloc"), 0)
assert address(b"cuMemAlloc", 3020) == (exported("cuMemAlloc_v2"), 0)
assert address(b"cuCtxCreate", 11000)[0] == exported("cuCtxCreate_v2")
assert address(b"cuCtxCreate", 12000)[0] == exported("cuCtxCreate_v3")
assert address(b"cuCtxCreate", 13000)[0] == exported("cuCtxCreate_v4")
assert address(b"cuLaunchKernel")[0] == exported("cuLaunchKernel")
assert address(b"cuLaunchKernel", 13000, 2)[0] == exported("cuLaunchKernel_ptsz")
assert address(b"cuMemcpyHtoD", 13000, 2)[0] == exported("cuMemcpyHtoD_v2_ptds")
assert address(b"cuCtxSynchronize", 12000, 2)[0] == exported("cuCtxSynchronize")
assert address(b"cuMemAlloc", 1000) == (None, 2)
assert address(b"cuNoSuchThing") == (None, 1)
assert address(b"cuGetProcAddress", 11030)[0] == exported("cuGetProcAddress")
assert address(b"cuGetProcAddress", 12000)[0] == exported("cuGetProcAddress_v2")
assert library.cuTexRefCreate(None) == 801
table = ctypes.c_void_p()
assert library.cuGetExportTable(ctypes.byref(table), b"\0" * 16) != 0

# What few programs use, straight through the library.
word, size = ctypes.c_void_p(), ctypes.c_size_t
old = ctypes.c_void_p(int(kernel(b"sim_2ms")))
assert library.cuLaunch(old) == 1
assert library.cuFuncSetBlockShape(old, 64, 1, 1) == 0 and library.cuParamSetSize(old, 0) == 0
assert milliseconds(lambda: (
    library.cuLaunch(old), library.cuLaunchGrid(old, 2, 2), library.cuLaunchGridAsync(old, 2, 2, None),
    library.cuCtxSynchronize())) >= 6
grid, block = ctypes.c_int(), ctypes.c_int()
assert library.cuOccupancyMaxPotentialBlockSize(
    ctypes.byref(grid), ctypes.byref(block), old, None, size(0), 256) == 0
assert (grid.value, block.value) == (108 * 8, 256)
assert library.cuOccupancyMaxPotentialBlockSizeWithFlags(
    ctypes.byref(grid), ctypes.byref(block), old, None, size(0), 0, 0) == 0 and block.value == 1024
assert library.cuModuleLoadFatBinary(ctypes.byref(word), b"anything") == 0
graph, exec = ctypes.c_void_p(), ctypes.c_void_p()
assert library.cuGraphCreate(ctypes.byref(graph), 0) == 0
assert library.cuGraphInstantiateWithFlags(ctypes.byref(exec), graph, ctypes.c_uint64(0)) == 0
assert library.cuGraphInstantiateWithParams(ctypes.byref(exec), graph, (ctypes.c_uint64 * 4)()) == 0
assert library.cuGraphInstantiateWithParams_ptsz(ctypes.byref(exec), graph, None) == 1
memory = int(do(cuda.cuMemAlloc(64)))
assert library.cuPointerSetAttribute(ctypes.byref(ctypes.c_int(1)), 6, ctypes.c_uint64(memory)) == 0
writes = (ctypes.c_uint64 * 12)(5, memory, 77, 0, 0, 0, 4, memory, 77, 1, 0, 0)
assert library.cuStreamBatchMemOp_v2(None, 2, writes, 0) == 0 and library.cuCtxSynchronize() == 0
assert read(memory, 8) == (77).to_bytes(8, "little")
peer = cuda.CUDA_MEMCPY3D_PEER()
peer.srcMemoryType = peer.dstMemoryType = cuda.CUmemorytype.CU_MEMORYTYPE_DEVICE
peer.srcDevice, peer.dstDevice, peer.WidthInBytes, peer.Height, peer.Depth = memory, memory + 8, 8, 1, 1
do(cuda.cuMemcpy3DPeer(peer))
peer.dstDevice = memory + 16
do(cuda.cuMemcpy3DPeerAsync(peer, 0))
do(cuda.cuCtxSynchronize())
assert read(memory, 24) == (77).to_bytes(8, "little") * 3

# The thread's own default stream does not wait for the other threads' ones; the legacy stream waits for all.
function = ctypes.c_void_p(int(kernel(b"sim_20ms")))
context = do(cuda.cuCtxGetCurrent())


def launch_own():
    do(cuda.cuCtxSetCurrent(context))
    assert library.cuLaunchKernel_ptsz(function, 1, 1, 1, 1, 1, 1, 0, None, None, None) == 0


worker = threading.Thread(target=launch_own)
worker.start()
worker.join()
assert library.cuStreamQuery_ptsz(None) == 0
assert library.cuStreamQuery(ctypes.c_void_p(1)) == 0
launch(kernel(), 1)
assert milliseconds(lambda: do(cuda.cuStreamSynchronize(1))) > 5
print("ok")
