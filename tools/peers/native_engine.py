"""gcstep through ctypes, and the loops of plain_loops.c as the C compiler makes them."""
import ctypes
import math
import os
import shutil
import subprocess
import tempfile
from ctypes import POINTER, Structure, byref, c_float, c_int, c_size_t, c_void_p
from pathlib import Path

from gcstep import Library, Plan
from peers.workload import BufferSet

HERE = Path(__file__).resolve().parent
HEADER = HERE.parent.parent / "include/gcstep/gcstep.h"
# What trainers written from scratch are compiled with. The second may reorder sums, so that they
# use vectors.
OPTIMIZATIONS = ("-O3", "-Ofast")


class PlainTensor(Structure):
    """struct plain_tensor"""
    _fields_ = [*((name, c_void_p) for name in "wgmv"), ("count", c_size_t), ("rows", c_size_t),
                ("cols", c_size_t), ("columns", c_int)]


class PlainHyper(Structure):
    """struct plain_hyper"""
    _fields_ = [(name, c_float) for name in ("lr", "momentum", "beta1", "beta2", "eps",
                                             "weight_decay", "correction1", "correction2")]
    _fields_ += [("adam", c_int)]


class Native:
    """A peer on the shared sets."""

    def __init__(self, name, version, centred, sets):
        self.name, self.version, self.centred, self.sets = name, version, centred, sets

    def weights(self, k):
        return [arrays["w"] for arrays in self.sets[k].tensors]

    def state_bytes(self, k):
        return self.sets[k].bytes()

    def restore(self, k):
        self.sets[k].restore()


class Gcstep(Native):
    def __init__(self, library, setup, centred, sets):
        version = library.c.gcs_version().decode()
        super().__init__("gcstep", version, centred, sets)
        spec = library.spec(setup.rule.upper(), "GRADIENT" if centred else "NONE")
        tensors = [self.tensor(library.c, s) for s in setup.shapes]
        self.plan = Plan(library, spec, tensors, setup.threads, table=None)
        self.hyper = library.hyper(**setup.hyper)
        self.addresses = [self.plan.addresses(s.tensors) for s in sets]

    @staticmethod
    def tensor(c, shape):
        if shape.layout == "rows":
            return c.gcs_rows(shape.dims[0], math.prod(shape.dims[1:]))
        if shape.layout == "cols":
            return c.gcs_cols(math.prod(shape.dims[:-1]), shape.dims[-1])
        return c.gcs_flat(shape.elements)

    def step(self, k):
        self.hyper.t = self.sets[k].t
        self.plan.step_at(self.hyper, self.addresses[k])
        self.sets[k].t += 1


def plain_tensor(shape, arrays):
    columns = shape.layout == "cols"
    groups = shape.dims[-1] if columns else shape.dims[0]
    length = shape.elements // groups
    rows, cols = (length, groups) if columns else (groups, length)
    if shape.layout == "flat":
        rows = 0
    addresses = {name: array.ctypes.data for name, array in arrays.items()}
    return PlainTensor(**addresses, count=shape.elements, rows=rows, cols=cols, columns=columns)


class PlainLoops(Native):
    def __init__(self, function, name, version, setup, centred, sets):
        super().__init__(name, version, centred, sets)
        self.function = function
        self.count, self.given = len(setup.shapes), setup.hyper
        self.hyper = PlainHyper(adam=setup.rule != "sgdm", **setup.hyper)
        self.tensors = [(PlainTensor * self.count)(*map(plain_tensor, setup.shapes, s.tensors))
                        for s in sets]

    def step(self, k):
        if self.hyper.adam:
            for name in ("1", "2"):
                beta = self.given["beta" + name]
                setattr(self.hyper, "correction" + name, 1 - beta**self.sets[k].t)
        self.function(self.tensors[k], self.count, byref(self.hyper), self.centred)
        self.sets[k].t += 1


def compile_loops(compiler, flags):
    """plain_step of plain_loops.c."""
    with tempfile.TemporaryDirectory() as folder:
        loops, library = f"{folder}/loops.o", f"{folder}/loops.so"
        # Linked without the flags: with -Ofast the linker would add code that makes the whole
        # process flush subnormals to zero.
        openmp = [f for f in flags if f == "-fopenmp"]
        subprocess.run([compiler, *flags, "-fPIC", "-c", HERE / "plain_loops.c", "-o", loops],
                       check=True, capture_output=True, text=True)
        subprocess.run([compiler, *openmp, "-shared", loops, "-o", library, "-lm"],
                       check=True, capture_output=True, text=True)
        function = ctypes.CDLL(library).plain_step
    function.restype = None
    function.argtypes = [POINTER(PlainTensor), c_size_t, POINTER(PlainHyper), c_int]
    return function


def offer_loops(setup, sets):
    compiler = os.environ.get("CC", "cc")
    if not shutil.which(compiler):
        return [], [("plain C", f"there is no C compiler '{compiler}'")]
    version = subprocess.run([compiler, "-dumpfullversion", "-dumpversion"], check=True,
                             capture_output=True, text=True).stdout.strip()
    peers, absent = [], []
    for optimization in OPTIMIZATIONS:
        name = f"plain C {optimization}"
        flags = [optimization, "-march=native"] + ["-fopenmp"] * (setup.threads > 1)
        try:
            function = compile_loops(compiler, flags)
        except subprocess.CalledProcessError as error:
            absent.append((name, error.stderr.strip().splitlines()[-1]))
            continue
        peers += [PlainLoops(function, name, f"{compiler} {version} {' '.join(flags)}", setup,
                             centred, sets) for centred in (True, False)]
    return peers, absent


def offer(setup):
    sets = [BufferSet(setup.shapes, setup.rule) for _ in range(setup.sets)]
    library = Library(str(next(Path(setup.build).rglob("libgcstep.so"))), HEADER)
    loops, absent = offer_loops(setup, sets)
    return [Gcstep(library, setup, centred, sets) for centred in (True, False)] + loops, absent
