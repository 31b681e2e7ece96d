"""Nodes of graphs by their kinds, and what is known of them."""
from common import *

device = start()
context = do(cuda.cuCtxGetCurrent())
function = kernel()
stream = do(cuda.cuStreamCreate(1))
event = do(cuda.cuEventCreate(0))
buffer, target = (do(cuda.cuMemAlloc(4096)) for _ in range(2))
begin = free()
seen = []
callback = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(lambda data: seen.append(data))


def run(graph):
    exec = do(cuda.cuGraphInstantiate(graph, 0))
    assert int(do(cuda.cuGraphExecGetFlags(exec))) == 0
    do(cuda.cuGraphUpload(exec, stream))
    do(cuda.cuGraphLaunch(exec, stream))
    do(cuda.cuStreamSynchronize(stream))
    return exec


graph = do(cuda.cuGraphCreate(0))
host = cuda.CUDA_HOST_NODE_PARAMS()
host.fn, host.userData = ctypes.cast(callback, ctypes.c_void_p).value, 5
first = do(cuda.cuGraphAddHostNode(graph, None, 0, host))
box = cuda.CUDA_MEMCPY3D()
box.srcMemoryType = box.dstMemoryType = cuda.CUmemorytype.CU_MEMORYTYPE_DEVICE
box.srcDevice, box.dstDevice, box.WidthInBytes, box.Height, box.Depth = buffer, target, 100, 1, 1
copy = do(cuda.cuGraphAddMemcpyNode(graph, [first], 1, box, context))
record = do(cuda.cuGraphAddEventRecordNode(graph, [copy], 1, event))
waiting = do(cuda.cuGraphAddEventWaitNode(graph, [record], 1, event))
memory = cuda.CUDA_MEM_ALLOC_NODE_PARAMS()
memory.poolProps.allocType = cuda.CUmemAllocationType.CU_MEM_ALLOCATION_TYPE_PINNED
memory.poolProps.location.type = cuda.CUmemLocationType.CU_MEM_LOCATION_TYPE_DEVICE
memory.poolProps.location.id, memory.bytesize = 0, 3 * MIB
taken = do(cuda.cuGraphAddMemAllocNode(graph, [waiting], 1, memory))
address = do(cuda.cuGraphMemAllocNodeGetParams(taken)).dptr
setting = cuda.CUDA_MEMSET_NODE_PARAMS()
setting.dst, setting.elementSize, setting.width, setting.height, setting.value = int(address), 1, 100, 1, 9
filled = do(cuda.cuGraphAddMemsetNode(graph, [taken], 1, setting, context))
assert do(cuda.cuGraphMemsetNodeGetParams(filled)).width == 100
given = do(cuda.cuGraphAddMemFreeNode(graph, None, 0, int(address)))
do(cuda.cuGraphAddDependencies(graph, [filled], [given], None, 1))
assert do(cuda.cuGraphNodeGetDependencies(given, 5))[-1] == 1
assert do(cuda.cuGraphNodeGetDependentNodes(filled, 5))[-1] == 1
assert int(do(cuda.cuGraphMemFreeNodeGetParams(given))) == int(address)
assert int(do(cuda.cuGraphEventRecordNodeGetEvent(record))) == int(event)
assert int(do(cuda.cuGraphEventWaitNodeGetEvent(waiting))) == int(event)
assert do(cuda.cuGraphMemcpyNodeGetParams(copy)).WidthInBytes == 100
do(cuda.cuMemsetD8(buffer, 6, 100))
exec = run(graph)
assert seen == [5] and read(target, 100) == b"\6" * 100 and free() == begin
do(cuda.cuEventSynchronize(event))

# Changed in the graph, and in what was made of it.
setting.dst = target
do(cuda.cuGraphMemsetNodeSetParams(filled, setting))
box.WidthInBytes = 50
do(cuda.cuGraphMemcpyNodeSetParams(copy, box))
host.userData = 7
do(cuda.cuGraphExecHostNodeSetParams(exec, first, host))
do(cuda.cuGraphLaunch(exec, stream))
do(cuda.cuStreamSynchronize(stream))
assert seen == [5, 7]
host.userData = 8
do(cuda.cuGraphHostNodeSetParams(first, host))
assert do(cuda.cuGraphHostNodeGetParams(first)).userData == 8
run(graph)
assert seen == [5, 7, 8] and read(target, 101) == b"\t" * 100 + b"\0"

# A node of any kind, and kernels.
other = do(cuda.cuGraphCreate(0))
parameters = cuda.CUgraphNodeParams()
parameters.type = cuda.CUgraphNodeType.CU_GRAPH_NODE_TYPE_KERNEL
parameters.kernel.func = function
parameters.kernel.gridDimX = parameters.kernel.gridDimY = parameters.kernel.gridDimZ = 1
parameters.kernel.blockDimX, parameters.kernel.blockDimY, parameters.kernel.blockDimZ = 64, 1, 1
node = do(cuda.cuGraphAddNode(other, None, None, 0, parameters))
assert do(cuda.cuGraphNodeGetType(node)) == parameters.type
wanted = do(cuda.cuGraphKernelNodeGetParams(node))
assert wanted.blockDimX == 64
wanted.blockDimX = 32
do(cuda.cuGraphKernelNodeSetParams(node, wanted))
child = do(cuda.cuGraphAddChildGraphNode(graph, None, 0, other))
assert do(cuda.cuGraphGetNodes(do(cuda.cuGraphChildGraphNodeGetGraph(child)), 5))[-1] == 1
clone = do(cuda.cuGraphClone(other))
twin = do(cuda.cuGraphNodeFindInClone(node, clone))
assert do(cuda.cuGraphKernelNodeGetParams(twin)).blockDimX == 32
exec = run(other)
wanted.func = kernel(b"sim_20ms")
do(cuda.cuGraphExecKernelNodeSetParams(exec, node, wanted))
assert milliseconds(lambda: (do(cuda.cuGraphLaunch(exec, stream)), do(cuda.cuStreamSynchronize(stream)))) >= 19
last = do(cuda.cuGraphAddEmptyNode(other, [node], 1))
do(cuda.cuGraphRemoveDependencies(other, [node], [last], None, 1))
do(cuda.cuGraphDestroyNode(node))
assert do(cuda.cuGraphGetNodes(other, 5))[-1] == 1
do(cuda.cuDeviceGraphMemTrim(device))
used = cuda.CUgraphMem_attribute.CU_GRAPH_MEM_ATTR_USED_MEM_CURRENT
assert int(do(cuda.cuDeviceGetGraphMemAttribute(device, used))) == 0

# Into a graph that is there, with what the capture says of itself.
mode = cuda.CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_RELAXED
assert do(cuda.cuThreadExchangeStreamCaptureMode(mode)) == cuda.CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_GLOBAL
do(cuda.cuStreamBeginCaptureToGraph(stream, other, [last], None, 1, mode))
launch(function, stream)
info = do(cuda.cuStreamGetCaptureInfo(stream))
assert info[0] == cuda.CUstreamCaptureStatus.CU_STREAM_CAPTURE_STATUS_ACTIVE and info[-1] == 1
do(cuda.cuStreamUpdateCaptureDependencies(stream, [last], None, 1, 1))
launch(function, stream)
assert int(do(cuda.cuStreamEndCapture(stream))) == int(other)
assert do(cuda.cuGraphNodeGetDependentNodes(last, 5))[-1] == 2
print("ok")
