"""The tensors that every engine steps: their first values, and how far the weights of two engines
are apart."""
import math
import os

import numpy as np

from peers.spec import STATE

# The state is read and bias corrections are near 1, as in most steps of a training run.
FIRST_STEP = 1000
ALIGNMENT = 64  # bytes; what tensor allocators give
# A prime: no row length of a network divides it, so that the groups of a tensor differ.
PERIOD = 1021
CHUNK = PERIOD << 10  # elements that are compared at once, so that they stay in a cache


def first_patterns():
    """Values of a trainer's size, far from subnormals. The mean of g is not 0, so that centring
    shows, and its groups' means differ."""
    random = np.random.default_rng(20040146)
    uniform = random.uniform(-1, 1, (4, PERIOD))
    patterns = {"w": 0.05 * uniform[0], "g": 0.003 + 0.01 * uniform[1], "m": 0.01 * uniform[2],
                "v": 1e-4 * (0.5 + 0.25 * uniform[3])}
    return {name: values.astype(np.float32) for name, values in patterns.items()}


PATTERNS = first_patterns()


def fill(array, name):
    """Gives an array its first values; `name` is w, g, m or v."""
    flat, pattern = array.reshape(-1), PATTERNS[name]
    whole = flat.size // PERIOD * PERIOD
    flat[:whole].reshape(-1, PERIOD)[:] = pattern
    flat[whole:] = pattern[:flat.size - whole]


class BufferSet:
    """w, g and state of all tensors as numpy arrays in one block, those of a tensor side by side.
    Engines that can work on memory of others share it."""

    def __init__(self, shapes, rule):
        names = ("w", "g", *STATE[rule])
        padded = [-(-4 * s.elements // ALIGNMENT) * ALIGNMENT for s in shapes]
        block = np.empty(len(names) * sum(padded) + ALIGNMENT, np.uint8)
        at = -block.ctypes.data % ALIGNMENT
        self.tensors = []
        for shape, size in zip(shapes, padded):
            arrays = {}
            for name in names:
                part = block[at:at + 4 * shape.elements].view(np.float32)
                arrays[name] = part.reshape(shape.dims)
                at += size
            self.tensors.append(arrays)
        self.restore()

    def restore(self):
        self.t = FIRST_STEP
        for arrays in self.tensors:
            for name, array in arrays.items():
                fill(array, name)

    def bytes(self):
        return sum(array.nbytes for arrays in self.tensors for array in arrays.values())


def record(path, weights):
    with open(path, "wb") as file:
        for w in weights:
            file.write(np.ascontiguousarray(w).data)


def largest(differences):
    """Of the magnitudes; NaN where there is one."""
    return float(np.abs(differences).max())


def deviation_of_one(file, w):
    """Of one tensor from the next record in the file."""
    start = np.resize(PATTERNS["w"], CHUNK)
    off, change = [], []
    for at in range(0, w.size, CHUNK):
        part = w[at:at + CHUNK]
        recorded = np.fromfile(file, np.float32, part.size)
        off.append(largest(part - recorded))
        change.append(largest(recorded - start[:part.size]))
    if any(math.isnan(x) for x in off + change):
        return math.inf
    if max(change) == 0:
        return 0.0 if max(off) == 0 else math.inf
    return max(off) / max(change)


def deviation(path, shapes, weights):
    """The largest difference from recorded weights, in units of the largest change of the tensor
    since the start; infinite where something is no number."""
    with open(path, "rb") as file:
        size = sum(4 * s.elements for s in shapes)
        if os.fstat(file.fileno()).st_size != size:
            raise ValueError(f"these are {size} bytes of weights, and not as many as gcstep's")
        return max(deviation_of_one(file, w.reshape(-1)) for w in weights)
