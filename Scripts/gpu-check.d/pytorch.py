"""PyTorch, where python3 has it: the limit by way of the CUDA runtime and an allocator of its own."""
import sys

from shares import compare

NEEDED = "import torch, sys; sys.exit(None if torch.cuda.is_available() else 'its CUDA does not see the GPU')"


def pytorch(machine, table):
    there = machine.run([sys.executable, "-c", NEEDED], seconds=300, environment=machine.bare)
    if there.status:
        table.note("PyTorch", f"not tried: {there.problem}")
        return
    limit = machine.limit
    command = machine.leased(0.5, machine.program("program_torch.py", "memory", limit), limit)
    for name, environment in (
        ("PyTorch", {}), ("PyTorch, expandable segments", {"PYTORCH_CUDA_ALLOC_CONF": "expandable_segments:True"}),
    ):
        result = machine.run(command, seconds=300, environment=environment)
        answer = result.answer
        if answer is None:
            table.check(f"{name}: a program runs", result.problem, "exit code 0", False)
            continue
        table.check(f"{name}: mem_get_info, all", answer["total"], limit)
        table.check(f"{name}: total_memory", answer["size"], limit)
        table.check(f"{name}: beyond the limit", answer["beyond"], "OutOfMemoryError")
        least = limit - limit // 4
        table.check(
            f"{name}: everything that it gets", answer["all"], f"{least} to {limit}", least <= answer["all"] <= limit)
        table.check(f"{name}: a product is right", answer["computes"], True)
    compare(machine, table, "PyTorch: 30/70, products", machine.program("program_torch.py", "run"))
