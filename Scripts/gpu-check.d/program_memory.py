"""What a program with a memory limit is given and refused; prints it as JSON. It knows nothing of Divvy.

usage: program_memory.py all|brief|fill LIMIT [--library PATH] [--deep]

`all` tries every way to allocate, `brief` only cuMemAlloc, `fill` allocates until it is refused.
"""
import argparse
import ctypes
import json
import os
from ctypes import byref, c_int, c_size_t, c_uint, c_uint64, c_void_p

from cuda import MULTIPROCESSORS, CUDAError, Driver

MIB = 1 << 20
WAYS = [
    "cuMemAlloc", "cuMemAllocManaged", "cuMemAllocPitch", "cuMemAllocAsync", "cuMemAllocFromPoolAsync", "cuMemCreate",
    "cuArrayCreate", "cuMemAlloc by cuGetProcAddress"]


class PoolProperties(ctypes.Structure):
    """CUmemPoolProps of CUDA 11.2 and newer: pinned memory (1) of a device (1)."""

    _fields_ = [
        ("kind", c_int), ("handles", c_int), ("place", c_int), ("number", c_int), ("security", c_void_p),
        ("most", c_size_t), ("reserved", ctypes.c_ubyte * 56)]


class AllocationProperties(ctypes.Structure):
    """CUmemAllocationProp of CUDA 10.2 and newer."""

    _fields_ = [
        ("kind", c_int), ("handles", c_int), ("place", c_int), ("number", c_int), ("metadata", c_void_p),
        ("flags", ctypes.c_ubyte * 8)]


class ArrayDescriptor(ctypes.Structure):
    """CUDA_ARRAY_DESCRIPTOR_v2; a format of 32 is float."""

    _fields_ = [("width", c_size_t), ("height", c_size_t), ("format", c_int), ("channels", c_uint)]


class Ways:
    """Every way to allocate: the status for so many bytes. What was given is given back at once."""

    def __init__(self, driver):
        self.driver, self.stream, self.pool = driver, driver.stream(), c_void_p()
        wanted = PoolProperties(kind=1, place=1, number=driver.device.value)
        driver.do("cuMemPoolCreate", byref(self.pool), byref(wanted))

    def status(self, name, size):
        driver, address, handle = self.driver, c_uint64(), c_void_p()
        free = "cuMemFree_v2"
        if name == "cuMemAlloc":
            status = driver.status("cuMemAlloc_v2", byref(address), c_size_t(size))
        elif name == "cuMemAllocManaged":
            status = driver.status(name, byref(address), c_size_t(size), c_uint(1))
        elif name == "cuMemAllocPitch":
            width, pitch = c_size_t(MIB), c_size_t()
            status = driver.status(
                "cuMemAllocPitch_v2", byref(address), byref(pitch), width, c_size_t(size // MIB), c_uint(4))
        elif name == "cuMemAllocAsync":
            status, free = driver.status(name, byref(address), c_size_t(size), self.stream), "stream"
        elif name == "cuMemAllocFromPoolAsync":
            status, free = driver.status(name, byref(address), c_size_t(size), self.pool, self.stream), "stream"
        elif name == "cuMemCreate":
            wanted = AllocationProperties(kind=1, place=1, number=driver.device.value)
            status = driver.status(name, byref(address), c_size_t(size), byref(wanted), c_uint64(0))
            free = "cuMemRelease"
        elif name == "cuArrayCreate":
            wide = ArrayDescriptor(width=16384, height=size // (16384 * 16), format=32, channels=4)
            status, free = driver.status("cuArrayCreate_v2", byref(handle), byref(wide)), "cuArrayDestroy"
        else:
            status = self.pointer("cuMemAlloc", 0, c_int, c_void_p, c_size_t)(
                ctypes.addressof(address), size)
        if status == 0:
            self.release(free, handle if free == "cuArrayDestroy" else address)
        return status

    def release(self, free, what):
        if free == "stream":
            self.driver.do("cuMemFreeAsync", what, self.stream)
            self.driver.do("cuStreamSynchronize", self.stream)
            self.driver.do("cuMemPoolTrimTo", self.pool, c_size_t(0))
        else:
            self.driver.do(free, what)

    def pointer(self, name, flags, *types):
        """What a program that looks functions up by version finds, as the CUDA runtime does."""
        version, found, state = c_int(), c_void_p(), c_int()
        self.driver.do("cuDriverGetVersion", byref(version))
        words = [name.encode(), byref(found), version, c_uint64(flags)]
        if hasattr(self.driver.library, "cuGetProcAddress_v2"):
            self.driver.do("cuGetProcAddress_v2", *words, byref(state))
        else:
            self.driver.do("cuGetProcAddress", *words)
        return ctypes.CFUNCTYPE(*types)(found.value) if types else found.value


def every(driver, limit):
    """With half of the limit held, a quarter more and three quarters more, by every way."""
    status, held = driver.allocate(limit // 2)
    answers = {"held": status, "ways": {}}
    ways = Ways(driver)
    for name in WAYS:
        try:
            answers["ways"][name] = [ways.status(name, limit // 4), ways.status(name, limit // 4 * 3)]
        except (CUDAError, AttributeError) as error:
            answers["ways"][name] = str(error)
    if status == 0:
        driver.release(held)
    answers["apart"] = all(
        ways.pointer(name, 2) != ways.pointer(name, 0) for name in ("cuLaunchKernel", "cuMemAllocAsync"))
    return answers


def tools(driver):
    """What NVML tells of the GPU that the driver is at: all of its memory."""
    library, device, sizes = ctypes.CDLL("libnvidia-ml.so.1"), c_void_p(), (ctypes.c_ulonglong * 3)()
    for call in (
        lambda: library.nvmlInit_v2(),
        lambda: library.nvmlDeviceGetHandleByUUID(driver.uuid().encode(), byref(device)),
        lambda: library.nvmlDeviceGetMemoryInfo(device, byref(sizes)),
    ):
        status = call()
        if status:
            return f"NVML: {status}"
    return sizes[0]


def fill(driver, piece):
    """Bytes that were given until the first refusal, and the refusal."""
    total = 0
    while True:
        status, _ = driver.allocate(piece)
        if status:
            return [total, status]
        total += piece


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["all", "brief", "fill"])
    parser.add_argument("limit", type=int)
    parser.add_argument("--library", default="libcuda.so.1")
    parser.add_argument("--deep", action="store_true")
    wanted = parser.parse_args()
    driver = Driver(wanted.library, os.RTLD_NOW | os.RTLD_DEEPBIND if wanted.deep else ctypes.DEFAULT_MODE)
    free, total, size = driver.memory()
    answer = {"free": free, "total": total, "size": size, "processors": driver.attribute(MULTIPROCESSORS)}
    if wanted.what == "all":
        answer["nvml"] = tools(driver)
        answer.update(every(driver, wanted.limit))
    if wanted.what == "fill":
        answer["fill"] = fill(driver, wanted.limit // 64)
    else:
        answer["beyond"] = driver.allocate(wanted.limit + 2 * MIB)[0]
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
