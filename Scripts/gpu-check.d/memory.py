"""A lease's memory limit: every way to allocate, what programs are told, and the ways in which they load the driver."""
import os
import re
import sys

from cuda import OUT_OF_MEMORY
from machine import GIB, MIB
from program_memory import WAYS


def limits(machine, table):
    limit = machine.limit
    name = f"memory {limit // GIB} GiB"
    least = limit - limit // 4
    result = machine.run(machine.leased(0.5, machine.program("program_memory.py", "all", limit), limit))
    answer = result.answer
    if answer is None:
        table.check(f"{name}: a program runs", result.problem, "exit code 0", False)
        return
    newest = max(machine.ask("ps", "--all")["items"], key=lambda one: one["askedAt"])
    table.check(
        "grade of half a GPU", newest.get("grade"), "cooperative or better",
        newest.get("grade") in ("cooperative", "enforced"))
    table.check(f"{name}: cuMemGetInfo, all", answer["total"], limit)
    # A context may be charged to its lease.
    table.check(
        f"{name}: cuMemGetInfo, free", answer["free"], f"{least} to {limit}", least <= answer["free"] <= limit)
    table.check(f"{name}: cuDeviceTotalMem", answer["size"], limit)
    table.check(f"{name}: NVML, all", answer["nvml"], limit)
    query = ["nvidia-smi", "--query-gpu=memory.total", "--format=csv,noheader,nounits"]
    listed = machine.run(machine.leased(0.5, query, limit))
    table.check(f"{name}: nvidia-smi, MiB", listed.output.strip() or listed.problem, str(limit // MIB))
    for way in WAYS:
        table.check(f"{name}: {way}, within and beyond", answer["ways"].get(way), [0, OUT_OF_MEMORY])
    table.check("functions for the thread's own stream are others", answer["apart"], True)
    filled = machine.run(machine.leased(0.5, machine.program("program_memory.py", "fill", limit), limit))
    got = (filled.answer or {}).get("fill")
    table.check(
        f"{name}: pieces until one is refused", got or filled.problem, f"[{least} to {limit}, {OUT_OF_MEMORY}]",
        got and least <= got[0] <= limit and got[1] == OUT_OF_MEMORY)


def loaded(machine):
    """Where the loader finds the driver's library: its path without symbolic links."""
    script = "import ctypes; ctypes.CDLL('libcuda.so.1'); print(open('/proc/self/maps').read())"
    found = re.findall(r"(/\S*libcuda\.so\S*)", machine.run([sys.executable, "-c", script]).output)
    return found[0] if found else None


def carriers(machine, table):
    """However a program comes to the driver, its limit is there."""
    limit, expected = machine.limit, f"all {machine.limit}, beyond {OUT_OF_MEMORY}"
    program = machine.program("program_memory.py", "brief", limit)
    path = loaded(machine)
    if path is None:
        table.check("the driver's library is loaded by its name", None, "libcuda.so.1")
        return
    # A driver that only LD_LIBRARY_PATH leads to is not found without it.
    plain = machine.run(["env", "-i", sys.executable, "-c", "import ctypes; ctypes.CDLL('libcuda.so.1')"])
    kept = [f"LD_LIBRARY_PATH={os.environ.get('LD_LIBRARY_PATH', '')}"] if plain.status else []
    ways = {
        "environment empty" + (" but for LD_LIBRARY_PATH" if kept else ""): ["env", "-i"] + kept + program,
        "child of a shell, without our variables":
            ["sh", "-c", 'unset DIVVY_LEASE LD_PRELOAD; "$@"; exit $?', "sh"] + program,
        "opened with RTLD_DEEPBIND": program + ["--deep"],
    }
    directory = os.path.dirname(path)
    names = {path} | {os.path.join(directory, name) for name in ("libcuda.so.1", "libcuda.so")}
    for each in sorted(name for name in names if os.path.exists(name)):
        ways[f"opened as {each}, environment empty"] = ["env", "-i"] + program + ["--library", each]
    for name, command in ways.items():
        result = machine.run(machine.leased(0.5, command, limit))
        answer = result.answer
        got = f"all {answer['total']}, beyond {answer['beyond']}" if answer else result.problem
        table.check(f"held: {name}", got, expected)
