"""The CUDA driver by ctypes, as far as gpu-check needs it: no toolkit, no wheel, nothing but libcuda.so.1."""
import ctypes
from ctypes import byref, c_int, c_size_t, c_uint, c_uint64, c_void_p

OUT_OF_MEMORY = 2
MULTIPROCESSORS = 16
CAPTURE_RELAXED = 2
NON_BLOCKING = 1

# The lengths of kernels that there are, microseconds. The simulated driver takes a kernel's length from its name; a
# real one runs the loop, as often as it is told.
LENGTHS = {"200us": 200, "2ms": 2000}

ENTRY = """
.visible .entry %s(.param .u32 rounds, .param .u64 result)
{
    .reg .pred %%more;
    .reg .b32 %%left, %%value;
    .reg .b64 %%place;
    ld.param.u32 %%left, [rounds];
    ld.param.u64 %%place, [result];
    cvta.to.global.u64 %%place, %%place;
    mov.u32 %%value, %%tid.x;
AGAIN:
    mad.lo.u32 %%value, %%value, 1664525, 1013904223;
    sub.u32 %%left, %%left, 1;
    setp.ne.u32 %%more, %%left, 0;
    @%%more bra AGAIN;
    st.global.u32 [%%place], %%value;
    ret;
}
"""


def text(length):
    """A module whose one kernel does a fixed amount of work. Its result is stored, so that the work is not left out."""
    return (".version 5.0\n.target sm_50\n.address_size 64\n" + ENTRY % f"spin_sim_{length}").encode()


class CUDAError(Exception):
    pass


class Driver:
    """A driver library with the primary context of its first GPU."""

    def __init__(self, library="libcuda.so.1", mode=ctypes.DEFAULT_MODE):
        self.library = ctypes.CDLL(library, mode=mode)
        self.do("cuInit", c_uint(0))
        self.device = c_int()
        self.do("cuDeviceGet", byref(self.device), c_int(0))
        context = c_void_p()
        self.do("cuDevicePrimaryCtxRetain", byref(context), self.device)
        self.do("cuCtxSetCurrent", context)

    def status(self, name, *arguments):
        """Calls a function and gives what it returns."""
        return getattr(self.library, name)(*arguments)

    def do(self, name, *arguments):
        status = self.status(name, *arguments)
        if status:
            raise CUDAError(f"{name}: {status}")

    def memory(self):
        """Free and all bytes, and the device's size."""
        free, total, size = c_size_t(), c_size_t(), c_size_t()
        self.do("cuMemGetInfo_v2", byref(free), byref(total))
        self.do("cuDeviceTotalMem_v2", byref(size), self.device)
        return free.value, total.value, size.value

    def attribute(self, number):
        value = c_int()
        self.do("cuDeviceGetAttribute", byref(value), c_int(number), self.device)
        return value.value

    def uuid(self):
        raw = (ctypes.c_ubyte * 16)()
        self.do("cuDeviceGetUuid_v2", byref(raw), self.device)
        digits = bytes(raw).hex()
        return "GPU-" + "-".join(
            digits[start:end] for start, end in ((0, 8), (8, 12), (12, 16), (16, 20), (20, 32)))

    def allocate(self, size):
        """The status of cuMemAlloc and the address."""
        address = c_uint64()
        return self.status("cuMemAlloc_v2", byref(address), c_size_t(size)), address

    def release(self, address):
        self.do("cuMemFree_v2", address)

    def stream(self):
        stream = c_void_p()
        self.do("cuStreamCreate", byref(stream), c_uint(NON_BLOCKING))
        return stream

    def event(self):
        event = c_void_p()
        self.do("cuEventCreate", byref(event), c_uint(0))
        return event

    def wait(self, event):
        self.do("cuEventSynchronize", event)


class Spin:
    """A kernel of a length, on a stream of its own."""

    def __init__(self, driver, length, rounds):
        self.driver, self.stream = driver, driver.stream()
        module, self.function = c_void_p(), c_void_p()
        driver.do("cuModuleLoadData", byref(module), ctypes.c_char_p(text(length)))
        driver.do("cuModuleGetFunction", byref(self.function), module, f"spin_sim_{length}".encode())
        status, self.result = driver.allocate(4)
        if status:
            raise CUDAError(f"cuMemAlloc: {status}")
        self.rounds = c_uint(rounds)
        self.parameters = (c_void_p * 2)(ctypes.addressof(self.rounds), ctypes.addressof(self.result))
        self.begin, self.end = driver.event(), driver.event()

    def launch(self):
        one, none = c_uint(1), c_uint(0)
        self.driver.do(
            "cuLaunchKernel", self.function, one, one, one, c_uint(32), one, one, none, self.stream, self.parameters,
            None)

    def record(self, event):
        self.driver.do("cuEventRecord", event, self.stream)

    def graph(self, kernels):
        """A graph of so many kernels, one behind the other."""
        graph, ready = c_void_p(), c_void_p()
        self.driver.do("cuStreamBeginCapture_v2", self.stream, c_int(CAPTURE_RELAXED))
        for _ in range(kernels):
            self.launch()
        self.driver.do("cuStreamEndCapture", self.stream, byref(graph))
        self.driver.do("cuGraphInstantiateWithFlags", byref(ready), graph, c_uint64(0))
        return ready

    def launch_graph(self, graph):
        self.driver.do("cuGraphLaunch", graph, self.stream)

    def milliseconds(self, kernels):
        """How long so many kernels take, by the device's own events."""
        taken = ctypes.c_float()
        self.record(self.begin)
        for _ in range(kernels):
            self.launch()
        self.record(self.end)
        self.driver.wait(self.end)
        self.driver.do("cuEventElapsedTime", byref(taken), self.begin, self.end)
        return taken.value
