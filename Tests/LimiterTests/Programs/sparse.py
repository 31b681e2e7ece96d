"""Sparse arrays, green contexts, multicast objects, pools of others: memory of other things, on a driver that answers."""
import ctypes
import os
import signal
import sys

cuda = ctypes.CDLL(sys.argv[1])
Word = ctypes.c_uint64
MIB = 1 << 20


class Properties(ctypes.Structure):
    _fields_ = [("type", ctypes.c_int), ("handles", ctypes.c_int), ("location", ctypes.c_int), ("device", ctypes.c_int),
                ("rest", Word * 2)]


class Descriptor(ctypes.Structure):
    _fields_ = [("width", Word), ("height", Word), ("depth", Word), ("format", ctypes.c_uint),
                ("channels", ctypes.c_uint), ("flags", ctypes.c_uint)]


class Mapping(ctypes.Structure):
    _fields_ = [("resourceType", ctypes.c_int), ("array", Word), ("subresourceType", ctypes.c_int),
                ("padding", ctypes.c_uint), ("place", ctypes.c_uint * 8), ("operation", ctypes.c_int),
                ("handleType", ctypes.c_int), ("handle", Word), ("offset", Word), ("devices", ctypes.c_uint),
                ("flags", ctypes.c_uint), ("reserved", ctypes.c_uint * 2)]


def do(status):
    assert status == 0, status


def left():
    free, total = Word(), Word()
    do(cuda.cuMemGetInfo_v2(ctypes.byref(free), ctypes.byref(total)))
    return free.value // MIB


def create(size):
    handle, wanted = Word(), Properties(1, 0, 1, 0)
    status = cuda.cuMemCreate(ctypes.byref(handle), Word(size), ctypes.byref(wanted), Word(0))
    return handle if status == 0 else status


def sparse(levels=None):
    array, shape = Word(), Descriptor(4096, 4096, 1, 0x20, 4, 0x40)
    if levels is None:
        do(cuda.cuArray3DCreate_v2(ctypes.byref(array), ctypes.byref(shape)))
    else:
        do(cuda.cuMipmappedArrayCreate(ctypes.byref(array), ctypes.byref(shape), levels))
    return array


def put(array, places, handle=None, tail=False):
    """Maps the handle to parts of an array, or nothing."""
    entries = (Mapping * len(places))()
    for entry, place in zip(entries, places):
        entry.array, entry.subresourceType, entry.place[:] = array.value, int(tail), place
        entry.operation, entry.handle = (1, handle.value) if handle else (2, 0)
        entry.padding = 0xABCD if handle else 0
        if tail:
            entry.place[1], entry.place[6], entry.place[7] = (7, 8, 9) if handle else (0, 0, 0)
    do(cuda.cuMemMapArrayAsync(entries, len(places), Word(0)))


# A process with a pool of 400 MiB, which another one may use, waits to be killed.
ready, telling = os.pipe()
owner = os.fork()
if owner == 0:
    pool, context, wanted = Word(), Word(), Properties(1, 0, 1, 0)
    do(cuda.cuInit(0))
    do(cuda.cuDevicePrimaryCtxRetain(ctypes.byref(context), 0))
    do(cuda.cuCtxSetCurrent(context))
    do(cuda.cuMemPoolCreate(ctypes.byref(pool), ctypes.byref(wanted)))
    assert left() == 324, left()
    do(cuda.cuMemPoolExportToShareableHandle(None, pool, 1, Word(0)))
    os.write(telling, b".")
    signal.pause()
os.read(ready, 1)
do(cuda.cuInit(0))
context, opened = Word(), Word()
do(cuda.cuDevicePrimaryCtxRetain(ctypes.byref(context), 0))
do(cuda.cuCtxSetCurrent(context))
assert left() == 24, left()
do(cuda.cuMemPoolImportPointer(ctypes.byref(opened), Word(1), None))
assert left() == 24, left()
os.kill(owner, signal.SIGKILL)
os.waitpid(owner, 0)
# All that is left of it is what is open here.
assert create(600 * MIB) == 2
assert left() == 574, left()
do(cuda.cuMemFree_v2(opened))
assert left() == 724, left()
do(cuda.cuDevicePrimaryCtxRelease_v2(0))
context = Word()

# A context of which there are parts is charged once, and as long as there are any.
green = [Word(), Word()]
for each in green:
    do(cuda.cuGreenCtxCreate(ctypes.byref(each), Word(0), 0, 1))
do(cuda.cuCtxFromGreenCtx(ctypes.byref(context), green[0]))
do(cuda.cuCtxSetCurrent(context))
assert left() == 724, left()
do(cuda.cuDevicePrimaryCtxRetain(ctypes.byref(context), 0))
assert left() == 724
do(cuda.cuGreenCtxDestroy(green[0]))
do(cuda.cuDevicePrimaryCtxRelease_v2(0))
assert left() == 724
do(cuda.cuGreenCtxDestroy(green[1]))
assert left() == 1024, left()
do(cuda.cuDevicePrimaryCtxRetain(ctypes.byref(context), 0))
do(cuda.cuCtxSetCurrent(context))
assert left() == 724

# A sparse array has no memory; a handle that is mapped to it has, as long as it is.
array, other = sparse(), sparse(levels=5)
assert left() == 724
first, second = create(200 * MIB), create(200 * MIB)
assert left() == 324
tiles = [[0, 0, 64 * column, 0, 0, 64, 64, 1] for column in range(3)]
put(array, tiles, first)
put(other, tiles[:1], second)
put(other, [[0, 0, 0, 0, 65536, 0, 0, 0]], second, tail=True)
do(cuda.cuMemRelease(first))
do(cuda.cuMemRelease(second))
assert left() == 324
assert create(400 * MIB) == 2
put(array, tiles[:2])
assert left() == 324
# Something else in its place is the end of it, too.
third = create(100 * MIB)
put(array, tiles[2:], third)
assert left() == 424, left()
do(cuda.cuMemRelease(third))
put(array, tiles[2:])
assert left() == 524
put(other, tiles[:1])
assert left() == 524
put(other, [[0, 0, 0, 0, 65536, 0, 0, 0]], tail=True)
assert left() == 724, left()
# So is the end of the array, but not that of another one.
first = create(200 * MIB)
put(array, tiles, first)
put(other, tiles, first)
do(cuda.cuMemRelease(first))
do(cuda.cuArrayDestroy(array))
assert left() == 524
do(cuda.cuMipmappedArrayDestroy(other))
assert left() == 724

# What is bound to a multicast object lives until it is unbound, or until the object is gone with all its mappings.
group = Word()
do(cuda.cuMulticastCreate(ctypes.byref(group), None))
assert left() == 724
SIZE = Word(200 * MIB)
first, second, third = create(200 * MIB), create(200 * MIB), create(200 * MIB)
do(cuda.cuMulticastBindMem(group, Word(0), first, Word(0), SIZE, Word(0)))
do(cuda.cuMulticastBindMem_v2(group, 0, Word(1 << 30), second, Word(0), SIZE, Word(5)))
do(cuda.cuMemMap(Word(1 << 40), SIZE, Word(0), third, Word(0)))
do(cuda.cuMulticastBindAddr(group, Word(2 << 30), Word((1 << 40) + 2 * MIB), Word(2 * MIB), Word(0)))
do(cuda.cuMemUnmap(Word(1 << 40), SIZE))
for handle in (first, second, third):
    do(cuda.cuMemRelease(handle))
assert left() == 124, left()
do(cuda.cuMulticastUnbind(group, 0, Word(1 << 30), SIZE))
assert left() == 324, left()
do(cuda.cuMemMap(Word(1 << 41), SIZE, Word(0), group, Word(0)))
do(cuda.cuMemRelease(group))
assert left() == 324
do(cuda.cuMemUnmap(Word(1 << 41), SIZE))
assert left() == 724, left()
print("ok")
