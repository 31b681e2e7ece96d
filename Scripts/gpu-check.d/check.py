"""Checks a machine with a GPU and prints a table. Scripts/gpu-check starts it beside a daemon of its own.

usage: check.py DIVVY WORK [--quick] [--mps] [--only PART]...
"""
import argparse
import sys
import traceback

import discovery
from costs import costs
from driverlimits import driver_limits
from machine import Machine
from memory import carriers, limits
from mps import mps
from pytorch import pytorch
from shares import shares
from table import Table


PARTS = {
    "discovery": discovery.fleet,
    "leases": discovery.leases,
    "memory": limits,
    "carriers": carriers,
    "shares": shares,
    "costs": costs,
    "pytorch": pytorch,
    "mps": mps,
    "driver-limits": driver_limits,
}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("divvy")
    parser.add_argument("work")
    parser.add_argument("--mps", action="store_true")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", action="append", choices=sorted(PARTS))
    wanted = parser.parse_args()
    machine, table = Machine(wanted.divvy, wanted.work, wanted.quick, wanted.mps), Table()
    others = "; others compute on it: shares and costs are theirs too" if machine.is_shared else ""
    table.note("GPU that programs are run on", machine.gpu["uuid"] + others)
    parts = [(name, part) for name, part in PARTS.items() if name in (wanted.only or PARTS)]
    for name, part in parts + [("what is left", discovery.given_back)]:
        print(f"gpu-check: {name}", file=sys.stderr, flush=True)
        try:
            part(machine, table)
        except Exception as error:  # One part that cannot be done does not hide the others.
            traceback.print_exc()
            table.check(name, f"{type(error).__name__}: {error}", "can be checked", False)
    table.show()
    return table.wrong > 0


sys.exit(main())
