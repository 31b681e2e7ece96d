"""Graphs made by hand and by capture."""
from common import *

device = start()
function = kernel()
stream, side = (do(cuda.cuStreamCreate(1)) for _ in range(2))
event = do(cuda.cuEventCreate(2))
kinds = cuda.CUgraphNodeType
buffer = do(cuda.cuMemAlloc(4096))

# Captured, with a second stream that joins and comes back.
mode = cuda.CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_GLOBAL
do(cuda.cuStreamBeginCapture(stream, mode))
fails("STREAM_CAPTURE_UNSUPPORTED", cuda.cuStreamSynchronize, stream)
fails("STREAM_CAPTURE_INVALIDATED", cuda.cuStreamEndCapture, stream)
do(cuda.cuStreamBeginCapture(stream, mode))
launch(function, stream)
do(cuda.cuEventRecord(event, stream))
do(cuda.cuStreamWaitEvent(side, event, 0))
do(cuda.cuMemsetD8Async(buffer, 7, 4096, side))
do(cuda.cuEventRecord(event, side))
launch(function, stream)
do(cuda.cuStreamWaitEvent(stream, event, 0))
launch(function, stream)
assert do(cuda.cuStreamIsCapturing(stream)) == cuda.CUstreamCaptureStatus.CU_STREAM_CAPTURE_STATUS_ACTIVE
graph = do(cuda.cuStreamEndCapture(stream))
nodes, count = do(cuda.cuGraphGetNodes(graph, 10))
assert count == 4, count
types = [do(cuda.cuGraphNodeGetType(node)) for node in nodes[:4]]
assert types.count(kinds.CU_GRAPH_NODE_TYPE_KERNEL) == 3 and kinds.CU_GRAPH_NODE_TYPE_MEMSET in types
assert do(cuda.cuGraphGetRootNodes(graph, 10))[1] == 1
assert do(cuda.cuGraphGetEdges(graph, 10))[-1] == 4
exec = do(cuda.cuGraphInstantiate(graph, 0))
assert read(buffer, 2) == b"\0\0"
assert milliseconds(lambda: (do(cuda.cuGraphLaunch(exec, stream)), do(cuda.cuStreamSynchronize(stream)))) >= 0.6
assert read(buffer, 4096) == b"\7" * 4096

# Work that is left alone.
do(cuda.cuStreamBeginCapture(stream, mode))
launch(function, stream)
do(cuda.cuEventRecord(event, stream))
do(cuda.cuStreamWaitEvent(side, event, 0))
launch(function, side)
fails("STREAM_CAPTURE_UNJOINED", cuda.cuStreamEndCapture, stream)

# Made by hand.
graph2 = do(cuda.cuGraphCreate(0))
parameters = cuda.CUDA_KERNEL_NODE_PARAMS()
parameters.func = function
parameters.gridDimX = parameters.gridDimY = parameters.gridDimZ = 1
parameters.blockDimX, parameters.blockDimY, parameters.blockDimZ = 128, 1, 1
first = do(cuda.cuGraphAddKernelNode(graph2, None, 0, parameters))
setting = cuda.CUDA_MEMSET_NODE_PARAMS()
setting.dst, setting.elementSize, setting.width, setting.height, setting.value = buffer, 1, 100, 1, 9
context = do(cuda.cuCtxGetCurrent())
second = do(cuda.cuGraphAddMemsetNode(graph2, [first], 1, setting, context))
empty = do(cuda.cuGraphAddEmptyNode(graph2, [second], 1))
child = do(cuda.cuGraphAddChildGraphNode(graph2, [empty], 1, graph))
assert do(cuda.cuGraphKernelNodeGetParams(first)).blockDimX == 128
clone = do(cuda.cuGraphClone(graph2))
assert do(cuda.cuGraphGetNodes(clone, 10))[1] == 4
exec2 = do(cuda.cuGraphInstantiate(graph2, 0))
do(cuda.cuGraphLaunch(exec2, stream))
do(cuda.cuStreamSynchronize(stream))
assert read(buffer, 2) == b"\7\7"
do(cuda.cuGraphExecUpdate(exec2, clone))
fails("GRAPH_EXEC_UPDATE_FAILURE", cuda.cuGraphExecUpdate, exec2, graph)

# Memory of graphs.
before = free()
do(cuda.cuStreamBeginCapture(stream, mode))
memory = do(cuda.cuMemAllocAsync(3 * MIB, stream))
do(cuda.cuMemFreeAsync(memory, stream))
graph3 = do(cuda.cuStreamEndCapture(stream))
exec3 = do(cuda.cuGraphInstantiate(graph3, 0))
assert free() == before
for _ in range(3):
    do(cuda.cuGraphLaunch(exec3, stream))
do(cuda.cuStreamSynchronize(stream))
assert free() == before

for each in (exec, exec2, exec3):
    do(cuda.cuGraphExecDestroy(each))
for each in (graph, graph2, graph3, clone):
    do(cuda.cuGraphDestroy(each))
do(cuda.cuMemFree(buffer))
do(cuda.cuDevicePrimaryCtxRelease(device))
print("ok")
