"""MPS, where it may be tried: a control daemon of its own, under the compute mode that leaves no way around it."""
import os
import shutil

from cuda import OUT_OF_MEMORY
from machine import GIB
from table import near

CONTROL = "nvidia-cuda-mps-control"


def mps(machine, table):
    if not machine.may_change_mode:
        table.note("MPS", "not tried (say --mps)")
    elif shutil.which(CONTROL) is None:
        table.note("MPS", f"not tried: there is no {CONTROL}")
    elif os.geteuid() != 0:
        table.note("MPS", "not tried: only root sets the compute mode")
    else:
        Control(machine).check(table)


class Control:
    def __init__(self, machine):
        self.machine = machine
        self.place = os.path.join(machine.work, "mps")
        os.mkdir(self.place, 0o700)
        # Of the daemon and of its clients: the one GPU, and directories that nobody else knows.
        self.environment = {
            **machine.bare, "CUDA_MPS_PIPE_DIRECTORY": os.path.join(self.place, "pipe"),
            "CUDA_MPS_LOG_DIRECTORY": os.path.join(self.place, "log"),
        }

    def check(self, table):
        before = self.machine.gpu["compute_mode"]
        full = self.client({}).get("processors")
        changed = self.mode("Exclusive_Process")
        table.check("MPS: exclusive mode set", changed.problem if changed.status else "ok", "ok")
        try:
            if not changed.status:
                self.under(table, full)
        finally:
            restored = self.mode(before)
        table.check("MPS: compute mode is what it was", restored.problem if restored.status else before, before)

    def under(self, table, full):
        for variable in ("CUDA_MPS_PIPE_DIRECTORY", "CUDA_MPS_LOG_DIRECTORY"):
            os.mkdir(self.environment[variable])
        # What goes on in the background keeps what it writes to: no pipe, of which somebody awaits the end.
        script = '"$0" -d >"$1" 2>&1 </dev/null || { status=$?; cat "$1"; exit $status; }'
        begun = self.machine.run(
            ["sh", "-c", script, CONTROL, os.path.join(self.place, "started")], environment=self.environment)
        table.check("MPS: the daemon starts", begun.problem if begun.status else "ok", "ok")
        if begun.status:
            return
        try:
            self.clients(table, full)
        finally:
            ended = self.say("quit -t 10")
        table.check("MPS: drained and ended", ended.problem if ended.status else "ok", "ok")

    def clients(self, table, full):
        limit = self.machine.limit
        half = self.client({**self.environment, "CUDA_MPS_ACTIVE_THREAD_PERCENTAGE": "50"})
        seen = half.get("processors")
        # Rounded down, and on some GPUs to what belongs together.
        table.check(
            "MPS, 50 %: multiprocessors of a client", seen or half["problem"], f"half of {full}",
            full and near(seen, full / 2, 2))
        pinned = self.client({**self.environment, "CUDA_MPS_PINNED_DEVICE_MEM_LIMIT": f"0={limit // GIB}G"})
        table.check(
            f"MPS, {limit // GIB}G pinned: beyond it", pinned.get("beyond", pinned.get("problem")), OUT_OF_MEMORY)
        around = self.client({"CUDA_MPS_PIPE_DIRECTORY": os.path.join(self.place, "none")})
        table.check(
            "MPS: a client that goes around it", around.get("problem", "has a context"), "no context",
            "problem" in around)
        servers = self.say("get_server_list")
        table.check("MPS: servers", len(servers.output.split()), 1)

    def client(self, environment):
        """What a program sees and is refused; a problem where it cannot run."""
        command = self.machine.program("program_memory.py", "brief", self.machine.limit)
        result = self.machine.run(command, environment={**self.machine.bare, **environment})
        return result.answer or {"problem": result.problem}

    def mode(self, name):
        return self.machine.run(["nvidia-smi", "-i", self.machine.gpu["uuid"], "-c", name.upper()])

    def say(self, command):
        return self.machine.run([CONTROL], environment=self.environment, stdin=command + "\n")
