"""What devices, contexts, functions, streams and pools say of themselves, and what can be set."""
import tempfile

from common import *

assert do(cuda.cuDriverGetVersion()) == 13040
device = start()
do(cuda.cuDevicePrimaryCtxSetFlags(device, 4))
assert do(cuda.cuDevicePrimaryCtxGetState(device)) == (4, 1)
assert do(cuda.cuDeviceGetProperties(device)).maxThreadsPerBlock == 1024
ability = cuda.CUdevice_P2PAttribute
assert do(cuda.cuDeviceGetP2PAttribute(ability.CU_DEVICE_P2P_ATTRIBUTE_ACCESS_SUPPORTED, 0, 1)) == 1
context = do(cuda.cuCtxGetCurrent())
assert do(cuda.cuCtxGetApiVersion(context)) > 3000 and do(cuda.cuCtxGetId(context)) > 0
assert do(cuda.cuCtxGetFlags()) == 4
do(cuda.cuCtxSetFlags(8))
assert do(cuda.cuCtxGetFlags()) == 8
assert do(cuda.cuCtxGetStreamPriorityRange()) == (0, -5)
do(cuda.cuCtxSetLimit(cuda.CUlimit.CU_LIMIT_STACK_SIZE, 4096))
assert do(cuda.cuCtxGetLimit(cuda.CUlimit.CU_LIMIT_STACK_SIZE)) == 4096
do(cuda.cuCtxSetCacheConfig(cuda.CUfunc_cache.CU_FUNC_CACHE_PREFER_L1))
assert do(cuda.cuCtxGetCacheConfig()) == cuda.CUfunc_cache.CU_FUNC_CACHE_PREFER_L1
bank = cuda.CUsharedconfig.CU_SHARED_MEM_CONFIG_FOUR_BYTE_BANK_SIZE
do(cuda.cuCtxSetSharedMemConfig(bank))
assert do(cuda.cuCtxGetSharedMemConfig()) == bank
do(cuda.cuCtxResetPersistingL2Cache())
do(cuda.cuCtxPushCurrent(context))
peer = do(cuda.cuCtxCreate(None, 0, 1))
do(cuda.cuCtxSetCurrent(context))
do(cuda.cuCtxEnablePeerAccess(peer, 0))
do(cuda.cuCtxDisablePeerAccess(peer))
fails("PEER_ACCESS_NOT_ENABLED", cuda.cuCtxDisablePeerAccess, peer)
do(cuda.cuProfilerStart())
do(cuda.cuProfilerStop())

# Modules, libraries, functions and kernels.
with tempfile.NamedTemporaryFile(suffix=".ptx") as file:
    file.write(PTX[:-1])
    file.flush()
    module = do(cuda.cuModuleLoad(file.name.encode()))
    library = do(cuda.cuLibraryLoadFromFile(file.name.encode(), None, None, 0, None, None, 0))
    state = do(cuda.cuLinkCreate(0, None, None))
    do(cuda.cuLinkAddFile(state, cuda.CUjitInputType.CU_JIT_INPUT_PTX, file.name.encode(), 0, None, None))
    do(cuda.cuLinkAddData(state, cuda.CUjitInputType.CU_JIT_INPUT_PTX, PTX, len(PTX), b"x", 0, None, None))
    image, size = do(cuda.cuLinkComplete(state))
    linked = do(cuda.cuModuleLoadDataEx(image, 0, None, None))
    assert size == len(PTX) and do(cuda.cuModuleGetFunctionCount(linked)) == 2
    do(cuda.cuLinkDestroy(state))
fails("FILE_NOT_FOUND", cuda.cuModuleLoad, b"/nowhere")
assert do(cuda.cuModuleGetLoadingMode()) == cuda.CUmoduleLoadingMode.CU_MODULE_EAGER_LOADING
fails("NOT_FOUND", cuda.cuModuleGetGlobal, module, b"variable")
function = do(cuda.cuModuleEnumerateFunctions(2, module))[0]
assert int(do(cuda.cuFuncGetModule(function))) == int(module)
attribute = cuda.CUfunction_attribute.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES
do(cuda.cuFuncSetAttribute(function, attribute, 65536))
assert do(cuda.cuFuncGetAttribute(attribute, function)) == 65536
do(cuda.cuFuncSetCacheConfig(function, cuda.CUfunc_cache.CU_FUNC_CACHE_PREFER_L1))
do(cuda.cuFuncSetSharedMemConfig(function, bank))
do(cuda.cuFuncLoad(function))
assert do(cuda.cuFuncIsLoaded(function)) == cuda.CUfunctionLoadingState.CU_FUNCTION_LOADING_STATE_LOADED
assert do(cuda.cuLibraryGetKernelCount(library)) == 2
kernel_ = do(cuda.cuLibraryEnumerateKernels(2, library))[0]
assert do(cuda.cuKernelGetName(kernel_)) in (b"plain", b"sim_200us")
assert int(do(cuda.cuKernelGetLibrary(kernel_))) == int(library)
do(cuda.cuKernelSetAttribute(attribute, 1024, kernel_, device))
assert do(cuda.cuKernelGetAttribute(attribute, kernel_, device)) == 1024
do(cuda.cuKernelSetCacheConfig(kernel_, cuda.CUfunc_cache.CU_FUNC_CACHE_PREFER_L1, device))
fails("NOT_FOUND", cuda.cuLibraryGetGlobal, library, b"variable")
do(cuda.cuLibraryGetModule(library))
assert do(cuda.cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(function, 1024, 0, 0)) == 2

# Streams.
stream = do(cuda.cuStreamCreate(1))
assert int(do(cuda.cuStreamGetDevice(stream))) == 0 and do(cuda.cuStreamGetId(stream)) > 0
owner = do(cuda.cuStreamGetCtx(stream))
assert int(owner[0] if isinstance(owner, tuple) else owner) == int(context)
seen = []
callback = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p)(
    lambda stream, status, data: seen.append((status, data)))
do(cuda.cuStreamAddCallback(stream, ctypes.cast(callback, ctypes.c_void_p).value, 3, 0))
event = do(cuda.cuEventCreate(0))
do(cuda.cuEventRecordWithFlags(event, stream, 0))
do(cuda.cuEventSynchronize(event))
do(cuda.cuStreamSynchronize(stream))
assert seen == [(0, 3)]
fails("INVALID_HANDLE", cuda.cuEventElapsedTime, event, do(cuda.cuEventCreate(0)))
do(cuda.cuCtxRecordEvent(context, event))

# Memory: pools, access, attributes, 64-bit values.
pool = do(cuda.cuDeviceGetMemPool(device))
do(cuda.cuDeviceSetMemPool(device, pool))
place = cuda.CUmemAccessDesc()
place.location.type, place.location.id = cuda.CUmemLocationType.CU_MEM_LOCATION_TYPE_DEVICE, 1
place.flags = cuda.CUmemAccess_flags.CU_MEM_ACCESS_FLAGS_PROT_READWRITE
do(cuda.cuMemPoolSetAccess(pool, [place], 1))
place.location.id = 0
assert int(do(cuda.cuMemPoolGetAccess(pool, place.location))) == 3
memory = do(cuda.cuMemAlloc(64))
pointer = cuda.CUpointer_attribute
values = do(cuda.cuPointerGetAttributes(
    2, [pointer.CU_POINTER_ATTRIBUTE_MEMORY_TYPE, pointer.CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL], memory))
assert [int(value) for value in values] == [2, 0]
do(cuda.cuMemsetD8(memory, 0, 64))
do(cuda.cuStreamWaitValue64(stream, memory, 1 << 40, 1))
do(cuda.cuStreamWriteValue64(0, memory, 1 << 40, 0))
do(cuda.cuStreamSynchronize(stream))
managed = do(cuda.cuMemAllocManaged(4096, 1))
do(cuda.cuStreamAttachMemAsync(stream, managed, 0, 1))
do(cuda.cuMemAdvise(managed, 4096, cuda.CUmem_advise.CU_MEM_ADVISE_SET_READ_MOSTLY, place.location))
host = do(cuda.cuMemAllocHost(100))
assert do(cuda.cuMemHostGetFlags(host)) == 0
do(cuda.cuMemFreeHost(host))
do(cuda.cuDevicePrimaryCtxReset(device))
fails("INVALID_CONTEXT", cuda.cuCtxSynchronize)
print("ok")
