"""PyTorch in a lease: what it is told, what it is refused, and that it computes. Prints JSON.

usage: program_torch.py memory LIMIT
       program_torch.py run            as of program_spin.py, with products of matrices
"""
import json
import sys

import torch

from program_spin import keep_busy

PRODUCTS = 4  # Between two events.


def given(size):
    """A tensor of so many bytes; None where it is refused as it has to be."""
    try:
        return torch.empty(size, dtype=torch.uint8, device="cuda")
    except torch.cuda.OutOfMemoryError:
        return None


def memory(limit):
    answer = {
        "total": torch.cuda.mem_get_info()[1], "size": torch.cuda.get_device_properties(0).total_memory,
        "beyond": "OutOfMemoryError" if given(limit + limit // 16) is None else "given"}
    pieces = []
    while len(pieces) < 64:
        piece = given(limit // 16)
        if piece is None:
            break
        pieces.append(piece)
    answer["all"] = len(pieces) * (limit // 16)
    pieces.clear()
    torch.cuda.empty_cache()
    left = torch.arange(512 * 512, dtype=torch.float64).reshape(512, 512) % 7
    answer["computes"] = bool(torch.equal((left.cuda() @ left.cuda()).cpu(), left @ left))
    return answer


def run():
    left, result = torch.rand(2048, 2048, device="cuda"), torch.empty(2048, 2048, device="cuda")

    def put():
        for _ in range(PRODUCTS):
            torch.mm(left, left, out=result)

    put()
    torch.cuda.synchronize()
    return keep_busy(
        put, torch.cuda.Event, lambda event: event.record(), lambda event: event.synchronize(), PRODUCTS)


if __name__ == "__main__":
    print(json.dumps(memory(int(sys.argv[2])) if sys.argv[1] == "memory" else run()))
