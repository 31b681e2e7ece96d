"""Keeps a GPU busy with kernels of one length.

usage: program_spin.py calibrate LENGTH
       program_spin.py run LENGTH ROUNDS plain|graph

`calibrate` prints how many rounds of the kernel's loop take that long on this GPU. `run` says "ready", reads on its
standard input when to begin, from when to count and when to end, nanoseconds of the monotonic clock, and prints the
kernels that were done in the time that counts.
"""
import json
import sys
import time

from cuda import LENGTHS, Driver, Spin

BATCH = 3000  # Microseconds of work between two events.
IN_FLIGHT = 4


def calibrate(length):
    wanted = LENGTHS[length]
    rounds = 20_000
    spin = Spin(Driver(), length, rounds)
    end = time.monotonic() + 0.5
    # The clocks of an idle GPU take a while to rise.
    while time.monotonic() < end:
        spin.milliseconds(20)
    for _ in range(4):
        taken = min(spin.milliseconds(20) for _ in range(5)) * 1000 / 20
        rounds = max(1, min(2_000_000_000, round(rounds * wanted / taken)))
        spin.rounds.value = rounds
    return {"rounds": rounds, "microseconds": min(spin.milliseconds(20) for _ in range(5)) * 1000 / 20}


def keep_busy(put, event, record, wait, batch):
    """Puts batches of kernels for as long as it is told; the kernels that were done in the time that counts."""
    events = [event() for _ in range(IN_FLIGHT)]
    print("ready", flush=True)
    begin, count, end = (int(word) for word in sys.stdin.readline().split())
    while time.monotonic_ns() < begin:
        time.sleep(0.0001)
    number = done = 0
    while True:
        each = events[number % IN_FLIGHT]
        if number >= IN_FLIGHT:
            wait(each)
            now = time.monotonic_ns()
            if now > end:
                return {"kernels": done}
            if now > count:
                done += batch
        put()
        record(each)
        number += 1


def run(length, rounds, form):
    spin = Spin(Driver(), length, rounds)
    batch = max(1, BATCH // LENGTHS[length])
    graph = spin.graph(batch) if form == "graph" else None

    def put():
        if graph:
            spin.launch_graph(graph)
            return
        for _ in range(batch):
            spin.launch()

    return keep_busy(put, spin.driver.event, spin.record, spin.driver.wait, batch)


if __name__ == "__main__":
    if sys.argv[1] == "calibrate":
        print(json.dumps(calibrate(sys.argv[2])))
    else:
        print(json.dumps(run(sys.argv[2], int(sys.argv[3]), sys.argv[4])))
