"""The driver's own memory limits for a cgroup, where it has them (release 615 and newer)."""
import ctypes
import os
from ctypes import byref, c_uint64, c_void_p

from cuda import OUT_OF_MEMORY
from machine import GIB

CALL = "nvmlDeviceSetMemoryLimits_v1"
NONE = (1 << 64) - 1
# NVML's answers of a driver, or of a machine, that has no such limits: not supported, function not found.
ABSENT = (3, 13)


class Limits(ctypes.Structure):
    """nvmlGetMemoryLimits_v1_t; nvmlSetMemoryLimits_v1_t is its beginning."""

    _fields_ = [("place", ctypes.c_char_p), ("soft", c_uint64), ("hard", c_uint64), ("used", c_uint64)]


def driver_limits(machine, table):
    library = ctypes.CDLL("libnvidia-ml.so.1")
    if not hasattr(library, CALL):
        table.note("the driver's memory limits", f"not tried: this driver has no {CALL}")
        return
    if os.geteuid() != 0:
        table.note("the driver's memory limits", "not tried: only root sets them")
        return
    device = c_void_p()
    library.nvmlInit_v2()
    status = library.nvmlDeviceGetHandleByUUID(machine.gpu["uuid"].encode(), byref(device))
    if status:
        table.check("the driver's memory limits", f"NVML does not know the GPU: {status}", "tried", False)
        return
    # The one hierarchy of version 2, or of version 1 the one that counts memory.
    root = next(
        (path for path in ("/sys/fs/cgroup", "/sys/fs/cgroup/memory") if
         os.path.exists(os.path.join(path, "cgroup.procs")) and os.access(path, os.W_OK)), None)
    if root is None:
        table.note("the driver's memory limits", "not tried: no cgroup can be made here")
        return
    place = os.path.join(root, f"divvy-gpu-check-{os.getpid()}")
    os.mkdir(place)
    try:
        status = put(library, device, place, machine.limit, machine.limit)
        if status in ABSENT:
            table.note("the driver's memory limits", f"not tried: NVML answers {status}, there are none here")
            return
        held(machine, table, library, device, place, status)
        # A soft limit that is left would stay with the cgroups above.
        table.check("the driver's memory limits: soft limit zeroed", put(library, device, place, 0, NONE), 0)
    finally:
        put(library, device, place, 0, NONE)
        os.rmdir(place)
        library.nvmlShutdown()


def put(library, device, place, soft, hard):
    return getattr(library, CALL)(device, byref(Limits(place=place.encode(), soft=soft, hard=hard)))


def held(machine, table, library, device, place, status):
    limit, name = machine.limit, f"the driver's memory limit of {machine.limit // GIB} GiB"
    table.check(f"{name}: set", status, 0)
    if status:
        return
    read = Limits(place=place.encode())
    status = library.nvmlDeviceGetMemoryLimits_v1(device, byref(read))
    table.check(f"{name}: read back", read.hard if status == 0 else f"NVML: {status}", limit)
    script = f'echo $$ >"{place}/cgroup.procs" && exec "$@"'
    command = machine.program("program_memory.py", "fill", limit)
    result = machine.run(["sh", "-c", script, "sh"] + command, environment=machine.bare)
    answer = result.answer
    if answer is None:
        table.check(f"{name}: a program runs", result.problem, "exit code 0", False)
        return
    table.check(f"{name}: cuMemGetInfo, all", answer["total"], limit)
    total, refusal = answer["fill"]
    # The driver charges contexts and code too.
    table.check(
        f"{name}: pieces until one is refused", answer["fill"], f"[at most {limit}, {OUT_OF_MEMORY}]",
        limit // 2 <= total <= limit and refusal == OUT_OF_MEMORY)
