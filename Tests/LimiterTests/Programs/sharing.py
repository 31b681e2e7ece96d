"""Processes of one container that open one another's memory: it is charged once, as long as anybody has it."""
import ctypes
import os
import signal
import socket
import sys
import time

from cuda.bindings import driver as cuda

MIB = 1 << 20
GIB = 1 << 30
SIZE = 400 * MIB
FILE = cuda.CUmemAllocationHandleType.CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR


def do(result):
    assert int(result[0]) == 0, result[0].name
    return None if len(result) == 1 else result[1] if len(result) == 2 else result[1:]


def start():
    do(cuda.cuInit(0))
    do(cuda.cuCtxSetCurrent(do(cuda.cuDevicePrimaryCtxRetain(0))))


def left():
    return do(cuda.cuMemGetInfo())[0]


def properties():
    prop = cuda.CUmemAllocationProp()
    prop.type = cuda.CUmemAllocationType.CU_MEM_ALLOCATION_TYPE_PINNED
    prop.location.type, prop.location.id = cuda.CUmemLocationType.CU_MEM_LOCATION_TYPE_DEVICE, 0
    prop.requestedHandleTypes = FILE
    return prop


class Other:
    """Another process, which does what it is told: each request is a name, and answered by what is left to it."""

    def __init__(self):
        ours, theirs = socket.socketpair()
        self.pid = os.fork()
        if self.pid == 0:
            ours.close()
            start()
            serve(theirs)
            os._exit(0)
        theirs.close()
        self.socket = ours

    def ask(self, name, payload=b"", files=()):
        socket.send_fds(self.socket, [name.encode() + b" " + payload], list(files))
        data, received, _, _ = socket.recv_fds(self.socket, 4096, 4)
        assert data, f"the other process is gone after {name}"
        number, _, rest = data.partition(b" ")
        return int(number), rest, received

    def kill(self):
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)


def serve(connection):
    held = {}
    while True:
        data, files, _, _ = socket.recv_fds(connection, 4096, 4)
        if not data:
            return
        name, _, payload = data.partition(b" ")
        rest, sent = b"", ()
        if name == b"allocate":
            held["memory"] = do(cuda.cuMemAlloc(SIZE))
            rest = ctypes.string_at(do(cuda.cuIpcGetMemHandle(held["memory"])).getPtr(), 64)
        elif name == b"free":
            do(cuda.cuMemFree(held.pop("memory")))
        elif name == b"open":
            handle = cuda.CUipcMemHandle()
            ctypes.memmove(handle.getPtr(), payload, 64)
            held["opened"] = do(cuda.cuIpcOpenMemHandle(handle, 1))
        elif name == b"close":
            do(cuda.cuIpcCloseMemHandle(held.pop("opened")))
        elif name == b"create":
            held["handle"] = do(cuda.cuMemCreate(SIZE, properties(), 0))
            sent = [int(do(cuda.cuMemExportToShareableHandle(held["handle"], FILE, 0)))]
        elif name == b"release":
            do(cuda.cuMemRelease(held.pop("handle")))
        elif name == b"import":
            held["imported"] = do(cuda.cuMemImportFromShareableHandle(files[0], FILE))
        elif name == b"map":
            held["address"] = do(cuda.cuMemAddressReserve(SIZE, 0, 0, 0))
            do(cuda.cuMemMap(held["address"], SIZE, 0, held["imported"], 0))
        elif name == b"drop":
            do(cuda.cuMemUnmap(held["address"], SIZE))
            do(cuda.cuMemAddressFree(held.pop("address"), SIZE))
            do(cuda.cuMemRelease(held.pop("imported")))
        for file in files:
            os.close(file)
        socket.send_fds(connection, [str(left()).encode() + b" " + rest], list(sent))
        for file in sent:
            os.close(file)


owner, user, second = Other(), Other(), Other()
start()
REST = GIB - SIZE

# Plain memory that two others have opened is charged where it was made.
_, handle, _ = owner.ask("allocate")
assert left() == REST
for other in (user, second):
    assert other.ask("open", handle)[0] == REST
assert second.ask("close")[0] == REST and left() == REST
# The owner gives it back, and it lives on.
assert owner.ask("free")[0] == REST, left()
assert int(cuda.cuMemAlloc(REST + 1)[0]) == 2
assert user.ask("close")[0] == GIB, left()

# Nobody has opened what goes from hand to hand in one process.
for _ in range(30):
    _, handle, _ = owner.ask("allocate")
    assert owner.ask("free")[0] == GIB
    files = owner.ask("create")[2]
    assert left() == REST
    assert owner.ask("release")[0] == GIB
    os.close(files[0])

# Handles: whoever maps them has the memory, whatever became of its owner.
files = owner.ask("create")[2]
assert user.ask("import", files=files)[0] == REST
assert second.ask("import", files=files)[0] == REST
assert user.ask("map")[0] == REST
assert second.ask("map")[0] == REST
assert owner.ask("release")[0] == REST
assert user.ask("drop")[0] == REST
assert second.ask("drop")[0] == GIB
os.close(files[0])

# What was opened and not mapped yet counts as soon as its owner has it no more.
files = owner.ask("create")[2]
user.ask("import", files=files)
assert owner.ask("release")[0] == REST
assert user.ask("map")[0] == REST
assert user.ask("drop")[0] == GIB
os.close(files[0])

# An owner that dies leaves no hole behind, and no debt either.
files = owner.ask("create")[2]
user.ask("import", files=files)
assert user.ask("map")[0] == REST
os.close(files[0])
owner.kill()
deadline = time.monotonic() + 2
assert int(cuda.cuMemAlloc(REST + 1)[0]) == 2
assert left() == REST
do(cuda.cuMemFree(do(cuda.cuMemAlloc(REST))))
user.kill()
while left() != GIB:
    assert time.monotonic() < deadline, left()
    time.sleep(0.01)
print("ok")
