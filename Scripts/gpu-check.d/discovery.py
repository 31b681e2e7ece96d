"""Divvy sees what nvidia-smi sees, and a lease shows its GPU alone."""
import re
import time

from machine import MIB
from table import near


def number(text):
    try:
        return float(text)
    except ValueError:
        return None  # [N/A], [Not Supported]


def fleet(machine, table):
    """Every GPU, value by value."""
    seen = machine.ask("ls")
    ours = {gpu["id"]: gpu for gpu in seen["gpus"]}
    table.check("number of GPUs", len(ours), len(machine.gpus))
    versions = " ".join({gpu["driver_version"] for gpu in machine.gpus})
    table.check("driver", (seen.get("driver") or {}).get("version"), versions)
    for theirs in machine.gpus:
        uuid = theirs["uuid"]
        short = uuid[:12]
        table.check(f"{short} uuid", uuid if uuid in ours else None, uuid)
        if uuid in ours:
            one(table, short, ours[uuid], theirs)


def one(table, short, mine, theirs):
    table.check(f"{short} index", mine.get("index"), int(theirs["index"]))
    table.check(f"{short} name", mine.get("name"), theirs["name"])
    memory = mine["memory"]
    total = number(theirs["memory.total"])
    if total is not None:
        got = memory["totalBytes"] / MIB
        table.check(f"{short} memory, MiB", int(got), int(total), near(got, total, 1))
    reserved = number(theirs["memory.reserved"])
    if reserved is not None:
        got = memory["reservedBytes"] / MIB
        # What the driver keeps moves a little with what runs.
        table.check(f"{short} reserved, MiB", round(got), round(reserved), near(got, reserved, 64))
    address = (mine.get("pciAddress") or "").lower()
    table.check(f"{short} pci", address[-10:], theirs["pci.bus_id"].lower()[-10:])
    table.check(f"{short} compute", mine.get("computeCapability"), theirs["compute_cap"])
    limit = number(theirs["power.limit"])
    if limit is not None:
        got = (mine.get("reading") or {}).get("powerLimitWatts")
        table.check(f"{short} power limit, W", got, limit, near(got, limit, 1))
    table.check(f"{short} health", mine["health"]["state"], "healthy")


def leases(machine, table):
    """Whole and half GPUs, as the first two leases of this daemon's life."""
    divvy = [machine.divvy, "run"]
    results = [
        ("whole", machine.run(divvy + ["--gpus", "1", "--", "nvidia-smi", "-L"])),
        ("half", machine.run(divvy + ["--gpus", "0.5", "--gpu-memory", "1GiB", "--", "nvidia-smi", "-L"])),
    ]
    seven = machine.run(divvy + ["--gpus", "0.25", "--", "sh", "-c", "exit 7"])
    many = machine.run(divvy + ["--gpus", "1000", "--no-wait", "--", "true"])
    ended = sorted(machine.ask("ps", "--all")["items"], key=lambda lease: lease["askedAt"])
    granted = [[grant["gpu"] for grant in lease["grants"]] for lease in ended if lease.get("grants")]
    for (name, result), expected in zip(results, granted + [["a lease"]] * 2):
        listed = re.findall(r"UUID: (GPU-[0-9a-f-]+)", result.output)
        table.check(f"run, {name} GPU: exit code", result.status, 0)
        table.check(
            f"run, {name} GPU: nvidia-smi -L shows the lease's", " ".join(listed) or result.problem, " ".join(expected))
    table.check("run: the exit code is the command's", seven.status, 7)
    table.check(
        "run --gpus 1000 --no-wait is refused", many.status, "not 0, not 127", many.status not in (0, 127))


def given_back(machine, table):
    """Nothing is left of what ran."""
    end = time.monotonic() + 10
    while machine.ask("ps")["items"] and time.monotonic() < end:
        time.sleep(0.1)
    table.check("leases after the commands ended", len(machine.ask("ps")["items"]), 0)
    free = [gpu["freeMilliGPU"] for gpu in machine.ask("ls")["gpus"]]
    table.check("everything is free again", free, [1000] * len(machine.gpus))
