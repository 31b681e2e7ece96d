"""What a lease adds to calls of the driver: the same program with a lease and without, in turn."""
import os
import shutil
import statistics

from machine import HERE

# Nanoseconds that a lease may add; None is not judged.
MOST = {"launch": 10, "graph launch": 10, "alloc and free": 100, "memory info": None}


def costs(machine, table):
    program = prepared(machine)
    if program is None:
        table.note("cost of calls", "not measured: no divvy-gpu-check-calls in the directory, and no C compiler here")
        return
    times, rounds = (2, 50) if machine.quick else (7, 400)
    command = [program, str(rounds)]
    plain, leased = [], []
    # One each that does not count: what is read from disk for the first time, and clocks that rise.
    for number in range(times + 1):
        for kept, result in (
            (plain, machine.run(command, environment=machine.bare)),
            (leased, machine.run(machine.leased(0.5, command, machine.limit))),
        ):
            if result.answer is None:
                table.check("cost of calls", result.problem, "exit code 0", False)
                return
            if number:
                kept.append(result.answer)
    for name, most in MOST.items():
        bare = [one[name] for one in plain]
        base, added = statistics.median(bare), statistics.median(one[name] for one in leased) - statistics.median(bare)
        # How far apart the program's own runs are without any lease: nothing less than that can be told.
        noise = statistics.median(abs(one - base) for one in bare)
        got = f"{added:.1f} on {base:.1f}, +- {noise:.1f}"
        if most is None or machine.quick:
            table.note(f"added to {name}, ns", got, "-" if most is None else f"{most} or less (not judged: --quick)")
        else:
            table.check(f"added to {name}, ns", got, f"{most} or less", added <= most + noise)


def prepared(machine):
    """The program that measures: the one that came with the package, or one that is compiled here."""
    for directory in (
        os.path.join(os.path.dirname(machine.divvy), "..", "lib", "divvy"), os.path.dirname(machine.divvy),
    ):
        path = os.path.join(directory, "divvy-gpu-check-calls")
        if os.access(path, os.X_OK):
            return path
    compiler = shutil.which("cc") or shutil.which("clang") or shutil.which("gcc")
    if compiler is None:
        return None
    path = os.path.join(machine.work, "calls")
    made = machine.run([compiler, "-O2", "-o", path, os.path.join(HERE, "calls.c"), "-ldl"])
    return path if made.status == 0 else None
