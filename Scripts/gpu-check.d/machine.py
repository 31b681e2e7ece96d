"""The machine that is checked: its GPUs as nvidia-smi tells of them, and programs that run with a lease or without."""
import csv
import json
import os
import signal
import subprocess
import sys

MIB = 1 << 20
GIB = 1 << 30
HERE = os.path.dirname(os.path.abspath(__file__))
FIELDS = (
    "uuid,index,name,memory.total,memory.reserved,pci.bus_id,compute_cap,driver_version,power.limit,"
    "mig.mode.current,compute_mode"
).split(",")


class Result:
    """How a program ended; a status of 124 says that it was killed because it took too long."""

    def __init__(self, status, output, errors):
        self.status, self.output, self.errors = status, output, errors

    @property
    def problem(self):
        """In a few words, what went wrong."""
        lines = self.errors.strip().splitlines() or self.output.strip().splitlines() or ["nothing said"]
        return f"exit code {self.status}: {lines[-1][:100]}"

    @property
    def answer(self):
        """The JSON in the last line that it printed; nil where there is none."""
        try:
            return json.loads(self.output.strip().splitlines()[-1])
        except (ValueError, IndexError):
            return None


class Machine:
    def __init__(self, divvy, work, quick, may_change_mode):
        self.divvy, self.work, self.quick, self.may_change_mode = divvy, work, quick, may_change_mode
        listed = self.run(["nvidia-smi", f"--query-gpu={','.join(FIELDS)}", "--format=csv,noheader,nounits"])
        if listed.status:
            raise RuntimeError(f"nvidia-smi: {listed.problem}")
        self.gpus = [
            dict(zip(FIELDS, (cell.strip() for cell in row))) for row in csv.reader(listed.output.splitlines())]
        used = self.run(["nvidia-smi", "--query-compute-apps=gpu_uuid", "--format=csv,noheader"]).output.split()
        # Programs are run on one that is in one piece, and that nobody else computes on if there is such a one.
        whole = [gpu for gpu in self.gpus if gpu["mig.mode.current"] != "Enabled"]
        if not whole:
            raise RuntimeError("there is no GPU that is not cut into slices")
        self.gpu = next((gpu for gpu in whole if gpu["uuid"] not in used), whole[0])
        self.is_shared = self.gpu["uuid"] in used

    def run(self, command, seconds=120, environment=None, stdin=None):
        """Runs a program to its end."""
        program = self.start(command, environment)
        try:
            output, errors = program.communicate(stdin, timeout=seconds)
        except subprocess.TimeoutExpired:
            self.end(program)
            output, errors = program.communicate()
            return Result(124, output, f"{errors}\nended after {seconds} s")
        finally:
            if program.poll() is None:
                self.end(program)
        return Result(program.returncode, output, errors)

    def start(self, command, environment=None):
        """Starts a program in a process group of its own, with pipes."""
        return subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={**os.environ, **(environment or {})}, start_new_session=True)

    @staticmethod
    def end(program):
        """Ends a program that was started here, with what it started."""
        try:
            os.killpg(program.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass

    def leased(self, share, command, memory=None, burst=None):
        """The words that run a command with a part of the GPU that is checked."""
        # What ran before may not be known to have ended.
        words = [self.divvy, "run", "--gpus", f"{share},device={self.gpu['uuid']}", "--wait", "30s"]
        if memory is not None:
            words += ["--gpu-memory", f"{memory // MIB}MiB"]
        if burst is not None:
            words += ["--burst", burst]
        return words + ["--"] + command

    @staticmethod
    def program(name, *words):
        """The words that run a Python program of this directory; it leaves no compiled files there."""
        return [sys.executable, "-B", os.path.join(HERE, name)] + [str(word) for word in words]

    def ask(self, *words):
        """What a command of divvy says as JSON."""
        result = self.run([self.divvy, *words, "-o", "json"])
        if result.status:
            raise RuntimeError(f"divvy {' '.join(words)}: {result.problem}")
        return json.loads(result.output)

    @property
    def bare(self):
        """The environment of a program that uses the GPU that is checked without a lease."""
        return {"CUDA_VISIBLE_DEVICES": self.gpu["uuid"]}

    @property
    def limit(self):
        """The memory limit that programs are given, bytes: so much that what lies beyond it is there as well."""
        total = self.gpu["memory.total"]
        return 4 * GIB if total.isdigit() and int(total) * MIB >= 10 * GIB else GIB
