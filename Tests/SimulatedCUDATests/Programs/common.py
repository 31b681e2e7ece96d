"""What the programs of these tests share: NVIDIA's own bindings, with errors as exceptions."""
import ctypes
import time

from cuda.bindings import driver as cuda

SUCCESS = cuda.CUresult.CUDA_SUCCESS
PTX = b".version 8.0\n.target sm_80\n.visible .entry sim_200us() { ret; }\n.visible .entry plain() { ret; }\n\0"


class Failure(Exception):
    pass


def do(result):
    status, values = result[0], result[1:]
    if status != SUCCESS:
        raise Failure(status.name)
    return None if not values else values[0] if len(values) == 1 else values


def fails(name, call, *arguments):
    """The call has to fail with that error."""
    status = call(*arguments)[0]
    assert status.name == "CUDA_ERROR_" + name, f"{call.__name__}: {status.name}"


def start(device=0):
    """A device with its primary context."""
    do(cuda.cuInit(0))
    handle = do(cuda.cuDeviceGet(device))
    context = do(cuda.cuDevicePrimaryCtxRetain(handle))
    do(cuda.cuCtxSetCurrent(context))
    return handle


def kernel(name=b"sim_200us"):
    return do(cuda.cuModuleGetFunction(do(cuda.cuModuleLoadData(PTX)), name))


def launch(function, stream=0):
    do(cuda.cuLaunchKernel(function, 1, 1, 1, 32, 1, 1, 0, stream, 0, 0))


def free():
    return do(cuda.cuMemGetInfo())[0]


def read(address, size):
    buffer = bytearray(size)
    do(cuda.cuMemcpyDtoH(buffer, address, size))
    return bytes(buffer)


def milliseconds(body):
    begin = time.monotonic()
    body()
    return (time.monotonic() - begin) * 1000


MIB = 1 << 20
