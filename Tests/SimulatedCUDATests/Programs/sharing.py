"""Memory between processes: IPC handles, descriptors of VMM memory, and memory from outside."""
import os
import socket
import sys

from common import *

if len(sys.argv) > 1:
    # The other process: opens what it was given, changes it, and takes nothing of the GPU's memory.
    start()
    begin = free()
    handle = cuda.CUipcMemHandle()
    ctypes.memmove(handle.getPtr(), bytes.fromhex(sys.argv[1]), 64)
    opened = do(cuda.cuIpcOpenMemHandle(handle, 1))
    assert read(opened, 5) == b"hello"
    do(cuda.cuMemcpyHtoD(opened, b"world", 5))
    assert free() == begin
    do(cuda.cuIpcCloseMemHandle(opened))
    end = socket.socket(fileno=int(sys.argv[2]))
    descriptor = socket.recv_fds(end, 1, 1)[1][0]
    kind = cuda.CUmemAllocationHandleType.CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR
    imported = do(cuda.cuMemImportFromShareableHandle(descriptor, kind))
    address = do(cuda.cuMemAddressReserve(2 * MIB, 0, 0, 0))
    do(cuda.cuMemMap(address, 2 * MIB, 0, imported, 0))
    access = cuda.CUmemAccessDesc()
    access.location.type, access.location.id = cuda.CUmemLocationType.CU_MEM_LOCATION_TYPE_DEVICE, 0
    access.flags = cuda.CUmemAccess_flags.CU_MEM_ACCESS_FLAGS_PROT_READWRITE
    do(cuda.cuMemSetAccess(address, 2 * MIB, [access], 1))
    do(cuda.cuMemsetD8(address, 42, 100))
    do(cuda.cuCtxSynchronize())
    assert free() == begin
    sys.exit(0)

device = start()
begin = free()
small, large = do(cuda.cuMemAlloc(1000)), do(cuda.cuMemAlloc(4 * MIB))
do(cuda.cuMemcpyHtoD(small, b"hello", 5))
handle = do(cuda.cuIpcGetMemHandle(small))
fails("INVALID_CONTEXT", cuda.cuIpcOpenMemHandle, handle, 1)
prop = cuda.CUmemAllocationProp()
prop.type = cuda.CUmemAllocationType.CU_MEM_ALLOCATION_TYPE_PINNED
prop.location.type, prop.location.id = cuda.CUmemLocationType.CU_MEM_LOCATION_TYPE_DEVICE, 0
kind = cuda.CUmemAllocationHandleType.CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR
prop.requestedHandleTypes = kind
memory = do(cuda.cuMemCreate(2 * MIB, prop, 0))
descriptor = do(cuda.cuMemExportToShareableHandle(memory, kind, 0))

mine, other = socket.socketpair()
other.set_inheritable(True)
child = os.spawnv(os.P_NOWAIT, sys.executable, [
    sys.executable, __file__, ctypes.string_at(handle.getPtr(), 64).hex(), str(other.fileno())])
socket.send_fds(mine, [b"x"], [descriptor])
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
assert read(small, 5) == b"world"

address = do(cuda.cuMemAddressReserve(2 * MIB, 0, 0, 0))
do(cuda.cuMemMap(address, 2 * MIB, 0, memory, 0))
access = cuda.CUmemAccessDesc()
access.location, access.flags = prop.location, cuda.CUmemAccess_flags.CU_MEM_ACCESS_FLAGS_PROT_READWRITE
do(cuda.cuMemSetAccess(address, 2 * MIB, [access], 1))
assert read(address, 100) == b"\x2a" * 100
do(cuda.cuMemUnmap(address, 2 * MIB))
do(cuda.cuMemRelease(memory))

# Memory from outside.
outside = os.memfd_create("outside")
os.truncate(outside, 65536)
os.pwrite(outside, b"from outside", 4096)
description = cuda.CUDA_EXTERNAL_MEMORY_HANDLE_DESC()
description.type = cuda.CUexternalMemoryHandleType.CU_EXTERNAL_MEMORY_HANDLE_TYPE_OPAQUE_FD
description.handle.fd, description.size = outside, 65536
external = do(cuda.cuImportExternalMemory(description))
part = cuda.CUDA_EXTERNAL_MEMORY_BUFFER_DESC()
part.offset, part.size = 4096, 4096
mapped = do(cuda.cuExternalMemoryGetMappedBuffer(external, part))
assert read(mapped, 12) == b"from outside"
do(cuda.cuMemFree(mapped))
do(cuda.cuDestroyExternalMemory(external))
do(cuda.cuMemFree(small))
do(cuda.cuMemFree(large))
assert free() == begin
print("ok")
