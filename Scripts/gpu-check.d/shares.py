"""Leases of 30 and 70 hundredths of one GPU, both always with work, against one program alone without a lease."""
import json
import select
import time

from table import near

SHARES = (0.3, 0.7)
SECOND = 1_000_000_000
TRIES = 3


class Trouble(Exception):
    pass


def shares(machine, table):
    for length, form in (("200us", "plain"), ("2ms", "plain"), ("200us", "graph")):
        what = f"30/70, {length} kernels" + (" in graphs" if form == "graph" else "")
        # Both programs do the same work for a kernel, whoever runs at the time.
        found = machine.run(machine.program("program_spin.py", "calibrate", length), environment=machine.bare)
        if found.answer is None:
            table.check(what, found.problem, "exit code 0", False)
            continue
        compare(machine, table, what, machine.program("program_spin.py", "run", length, found.answer["rounds"], form))
    for length in ("200us", "2ms"):
        cap(machine, table, length)


def cap(machine, table, length):
    """Half a GPU and never more, with nobody else there, against the same program without a lease."""
    what = f"a cap of half, alone, {length} kernels, %"
    # Beside other work a cap is more easily missed from below: turns come late.
    seconds, tolerance = (2, 6) if machine.quick else (10, 2)
    found = machine.run(machine.program("program_spin.py", "calibrate", length), environment=machine.bare)
    if found.answer is None:
        table.check(what, found.problem, "exit code 0", False)
        return
    program = machine.program("program_spin.py", "run", length, found.answer["rounds"], "plain")
    try:
        for tries in range(1, TRIES + 1):
            alone = sum(together(machine, [program], seconds, machine.bare))
            kernels = sum(together(machine, [machine.leased(0.5, program, machine.limit, burst="no")], seconds))
            part = 100 * kernels / alone if alone else 0
            if near(part, 50, tolerance):
                break
    except Trouble as trouble:
        table.check(what, trouble, "the program runs", False)
        return
    again = f" (try {tries})" if tries > 1 else ""
    table.check(what, f"{part:.1f}{again}", f"50 +- {tolerance}", near(part, 50, tolerance))


def compare(machine, table, what, program):
    """Two leases that always have work, against the same program alone without a lease."""
    seconds, tolerance, busy_enough = (2, 3, 85) if machine.quick else (10, 2, 97)
    commands = [machine.leased(share, program, machine.limit) for share in SHARES]
    try:
        # Whatever else the machine does at that moment is in the measurement too: one good one of three will do.
        for tries in range(1, TRIES + 1):
            alone = sum(together(machine, [program], seconds, machine.bare))
            kernels = together(machine, commands, seconds)
            if not alone or not sum(kernels):
                raise Trouble(f"no kernels were done: {alone} alone, {kernels} together")
            part, busy = 100 * kernels[0] / sum(kernels), 100 * sum(kernels) / alone
            if near(part, 30, tolerance) and busy >= busy_enough:
                break
    except Trouble as trouble:
        table.check(what, trouble, "both programs run", False)
        return
    again = f" (try {tries})" if tries > 1 else ""
    table.check(f"{what}: the first's part, %", f"{part:.1f}{again}", f"30 +- {tolerance}", near(part, 30, tolerance))
    table.check(f"{what}: busy, % of one alone", f"{busy:.1f}", f"{busy_enough} or more", busy >= busy_enough)


def together(machine, commands, seconds, environment=None):
    """Runs programs for the same time; the kernels that each one did."""
    programs = [machine.start(command, environment) for command in commands]
    try:
        for program in programs:
            if not select.select([program.stdout], [], [], 120)[0] or program.stdout.readline() != "ready\n":
                machine.end(program)
                raise Trouble((program.communicate()[1].strip().splitlines() or ["a program did not get ready"])[-1])
        begin = time.monotonic_ns() + SECOND // 2
        # The first second does not count: all have begun by then.
        for program in programs:
            program.stdin.write(f"{begin} {begin + SECOND} {begin + (seconds + 1) * SECOND}\n")
            program.stdin.flush()
        kernels = []
        for program in programs:
            output, errors = program.communicate(timeout=seconds + 120)
            if program.returncode:
                raise Trouble((errors.strip().splitlines() or [f"exit code {program.returncode}"])[-1])
            kernels.append(json.loads(output.strip().splitlines()[-1])["kernels"])
        return kernels
    finally:
        for program in programs:
            if program.poll() is None:
                machine.end(program)
                program.wait()
