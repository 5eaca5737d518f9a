"""The workers of one trial: processes that take one step at a time when they are told to."""
import contextlib
import json
import os
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

TOOLS = Path(__file__).resolve().parent.parent
ENGINES = ("native", "torch", "jax")
LEAST_COLD_BYTES = 64 << 20  # where the system tells no cache size
CACHE_MULTIPLE = 4  # as the benches: with twice the cache a part of a set would stay in it


class WorkerFailed(Exception):
    """What an engine said, or how it ended."""


class Worker:
    def __init__(self, engine, python, threads):
        self.engine = engine
        self.errors = tempfile.TemporaryFile("w+", errors="replace")
        environment = dict(
            os.environ, PYTHONPATH=str(TOOLS), PYTHONDONTWRITEBYTECODE="1",
            OMP_NUM_THREADS=str(threads), MKL_NUM_THREADS=str(threads), OPENBLAS_NUM_THREADS="1",
            JAX_PLATFORMS="cpu", CUDA_VISIBLE_DEVICES="",
            # Pages as malloc gives them: numpy's huge ones would be an advantage over JAX's.
            NUMPY_MADVISE_HUGEPAGE="0")
        self.process = subprocess.Popen(
            [python, "-m", "peers.worker", engine], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=self.errors, text=True, env=environment, cwd=TOOLS)

    def ask(self, action, **command):
        self.send(action, **command)
        return self.receive()

    def send(self, action, **command):
        """Where the process has ended, receive() will say it."""
        with contextlib.suppress(BrokenPipeError):
            print(json.dumps({"do": action, **command}), file=self.process.stdin, flush=True)

    def receive(self):
        line = self.process.stdout.readline()
        if not line:
            raise WorkerFailed(self.epitaph())
        answer = json.loads(line)
        if "error" in answer:
            raise WorkerFailed(answer["error"])
        return answer

    def epitaph(self):
        """How the process ended, and the last that it said."""
        status = self.process.wait()
        self.errors.seek(0)
        said = self.errors.read().strip().splitlines()[-1:]
        return ": ".join([f"its process ended with status {status}", *said])

    def close(self):
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()
        self.errors.close()


@dataclass
class Peer:
    """One of the table's rows, as the program knows it."""
    name: str
    version: str
    centred: bool
    state_bytes: int
    worker: Worker
    number: int  # in its worker

    def ask(self, action, **command):
        try:
            return self.worker.ask(action, peer=self.number, **command)
        except WorkerFailed as failure:
            raise WorkerFailed(f"{self.name}: {failure}") from None

    def step(self):
        """Nanoseconds."""
        return self.ask("step")["ns"]


class Session:
    """All engines that could be set up. A context manager; the workers end with it."""

    def __init__(self, python, processors, setup_of):
        """`setup_of(engine)` is the set-up that an engine is told."""
        self.workers = [Worker(engine, python, len(processors)) for engine in ENGINES]
        self.processors, self.setup_of = processors, setup_of
        self.peers, self.absent = [], []

    def __enter__(self):
        # All at once: loading torch and JAX takes seconds.
        for worker in self.workers:
            worker.send("set up", setup=self.setup_of(worker.engine), processors=self.processors)
        for worker in self.workers:
            try:
                offered = worker.receive()
            except WorkerFailed as failure:
                self.absent.append((worker.engine, str(failure)))
                continue
            self.absent += map(tuple, offered["absent"])
            self.peers += [Peer(worker=worker, number=i, **p)
                           for i, p in enumerate(offered["peers"])]
        return self

    def __exit__(self, *_):
        for worker in self.workers:
            worker.close()


def processors_for(threads):
    """The last `threads` of the processors that this process may use: the first ones have the most
    interrupts to serve."""
    return sorted(os.sched_getaffinity(0))[-threads:]


def cold_bytes():
    """So many bytes of buffers that a step finds none of its own in a cache."""
    caches = {}
    for index in Path("/sys/devices/system/cpu").glob("cpu[0-9]*/cache/index*"):
        try:
            level, size, shared = ((index / name).read_text().strip()
                                   for name in ("level", "size", "shared_cpu_list"))
        except OSError:
            continue
        caches[int(level), shared] = int(size.removesuffix("K")) << 10
    last = max((level for level, _ in caches), default=0)
    total = sum(size for (level, _), size in caches.items() if level == last)
    return max(CACHE_MULTIPLE * total, LEAST_COLD_BYTES)
