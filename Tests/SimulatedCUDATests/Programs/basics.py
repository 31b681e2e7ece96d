"""Devices, contexts, streams, events, modules, libraries and launches."""
from common import *

fails("NOT_INITIALIZED", cuda.cuDeviceGetCount)
device = start()
assert do(cuda.cuDeviceGetCount()) == 8
name = do(cuda.cuDeviceGetName(100, device)).rstrip(b"\0")
assert name == b"NVIDIA A100-SXM4-40GB", name
attribute = cuda.CUdevice_attribute
assert do(cuda.cuDeviceGetAttribute(attribute.CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT, device)) == 108
assert do(cuda.cuDeviceComputeCapability(device)) == (8, 0)
bus = do(cuda.cuDeviceGetPCIBusId(20, device)).rstrip(b" \0")
assert int(do(cuda.cuDeviceGetByPCIBusId(bus))) == 0
assert len(do(cuda.cuDeviceGetUuid(device)).bytes) == 16
assert do(cuda.cuDeviceCanAccessPeer(0, 1)) == 1
assert do(cuda.cuDeviceTotalMem(device)) == do(cuda.cuMemGetInfo())[1]
fails("INVALID_DEVICE", cuda.cuDeviceGet, 8)
assert do(cuda.cuGetErrorName(cuda.CUresult.CUDA_ERROR_OUT_OF_MEMORY)) == b"CUDA_ERROR_OUT_OF_MEMORY"
assert do(cuda.cuGetErrorString(cuda.CUresult.CUDA_ERROR_OUT_OF_MEMORY)) == b"out of memory"

# Contexts.
primary = do(cuda.cuCtxGetCurrent())
assert do(cuda.cuDevicePrimaryCtxGetState(device)) == (0, 1)
before = free()
other = do(cuda.cuCtxCreate(None, 0, 1))
assert int(do(cuda.cuCtxGetDevice())) == 1
assert do(cuda.cuCtxGetLimit(cuda.CUlimit.CU_LIMIT_STACK_SIZE)) == 1024
do(cuda.cuCtxEnablePeerAccess(primary, 0))
fails("PEER_ACCESS_ALREADY_ENABLED", cuda.cuCtxEnablePeerAccess, primary, 0)
do(cuda.cuCtxPopCurrent())
assert int(do(cuda.cuCtxGetCurrent())) == int(primary)
do(cuda.cuCtxDestroy(other))
fails("INVALID_CONTEXT", cuda.cuCtxDestroy, other)
third = do(cuda.cuCtxCreate(None, 0, 0))
assert do(cuda.cuMemGetInfo())[0] == before - 256 * MIB
do(cuda.cuCtxDestroy(third))
assert free() == before

# Modules and libraries.
module = do(cuda.cuModuleLoadData(PTX))
assert do(cuda.cuModuleGetFunctionCount(module)) == 2
slow = do(cuda.cuModuleGetFunction(module, b"sim_2ms"))
plain = do(cuda.cuModuleGetFunction(module, b"plain"))
fails("NOT_FOUND", cuda.cuModuleGetFunction, module, b"missing")
library = do(cuda.cuLibraryLoadData(PTX, None, None, 0, None, None, 0))
library_kernel = do(cuda.cuLibraryGetKernel(library, b"sim_200us"))
function = do(cuda.cuKernelGetFunction(library_kernel))
assert do(cuda.cuFuncGetName(function)) == b"sim_200us"
assert do(cuda.cuFuncGetAttribute(cuda.CUfunction_attribute.CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK, function)) == 1024
assert do(cuda.cuOccupancyMaxActiveBlocksPerMultiprocessor(function, 256, 0)) == 8

# Streams and events.
stream = do(cuda.cuStreamCreateWithPriority(1, -3))
assert do(cuda.cuStreamGetPriority(stream)) == -3 and do(cuda.cuStreamGetFlags(stream)) == 1
first, last = (do(cuda.cuEventCreate(0)) for _ in range(2))
do(cuda.cuEventRecord(first, stream))
for _ in range(50):
    launch(function, stream)
do(cuda.cuEventRecord(last, stream))
fails("NOT_READY", cuda.cuStreamQuery, stream)
fails("NOT_READY", cuda.cuEventQuery, last)
do(cuda.cuEventSynchronize(last))
elapsed = do(cuda.cuEventElapsedTime(first, last))
assert 9.9 < elapsed < 13, elapsed
do(cuda.cuStreamSynchronize(stream))
do(cuda.cuStreamQuery(stream))

# One stream waits for another one.
second = do(cuda.cuStreamCreate(1))
launch(slow, stream)
do(cuda.cuEventRecord(first, stream))
do(cuda.cuStreamWaitEvent(second, first, 0))
do(cuda.cuEventRecord(last, second))
do(cuda.cuStreamSynchronize(second))
do(cuda.cuEventSynchronize(first))
assert do(cuda.cuEventElapsedTime(first, last)) >= 0

# Launches in all forms.
launch(plain)
config = cuda.CUlaunchConfig()
config.gridDimX = config.gridDimY = config.gridDimZ = config.blockDimY = config.blockDimZ = 1
config.blockDimX, config.hStream, config.numAttrs = 64, stream, 0
do(cuda.cuLaunchKernelEx(config, function, 0, 0))
do(cuda.cuLaunchCooperativeKernel(function, 108, 1, 1, 1024, 1, 1, 0, stream, 0))
fails("COOPERATIVE_LAUNCH_TOO_LARGE", cuda.cuLaunchCooperativeKernel, function, 1000, 1, 1, 1024, 1, 1, 0, stream, 0)
fails("INVALID_VALUE", cuda.cuLaunchKernel, function, 1, 1, 1, 2048, 1, 1, 0, stream, 0, 0)
assert 1.9 < milliseconds(lambda: (launch(slow), do(cuda.cuCtxSynchronize()))) < 60

# Functions of the program run in their place.
seen = []
callback = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(lambda data: seen.append(data))
address = ctypes.cast(callback, ctypes.c_void_p).value
launch(slow, stream)
do(cuda.cuLaunchHostFunc(stream, address, 7))
assert seen == []
do(cuda.cuStreamSynchronize(stream))
assert seen == [7], seen

do(cuda.cuStreamDestroy(stream))
do(cuda.cuEventDestroy(first))
do(cuda.cuLibraryUnload(library))
do(cuda.cuModuleUnload(module))
do(cuda.cuDevicePrimaryCtxRelease(device))
print("ok")
